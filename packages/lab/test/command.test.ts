import { expect, test } from 'vitest'
import { runCommand } from '../src/command.ts'

test('a command that takes too long is ended, and its last words are told', async () => {
  const talking = runCommand(['sh', '-c', 'echo half; exec sleep 60'], { timeout: 500 })
  await expect(talking).rejects.toThrow(
    /did not end within 500 ms, its effect is unknown; its last words: half$/,
  )
  const silent = runCommand(['sleep', '60'], { timeout: 50 })
  await expect(silent).rejects.toThrow(/did not end within 50 ms, its effect is unknown; it said nothing$/)
})
