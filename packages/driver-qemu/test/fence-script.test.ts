import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ENDED, FENCE } from '../src/fence-script.ts'
import { fakeFenceMonitor } from './fake-fence-monitor.ts'

const LOCKED = { error: { class: 'GenericError', desc: 'Failed to get "write" lock' } }

/** Tells a guest to run, as `finish` does, and says how that ended. */
async function finished(answers: Readonly<Record<string, object>>, marked: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'vmferry-fence-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const monitor = fakeFenceMonitor(folder, answers)
  onTestFinished(() => monitor.close())
  const mark = join(folder, 'may-have-run')
  if (marked) writeFileSync(mark, '')
  const steps = ['mark', '', '', 'tell', 'a', '{"execute":"cont","id":"a"}']
  const script = spawn('sh', ['-c', FENCE, 'sh', join(folder, '.claims'), 'web1', folder, ...steps])
  script.stdin.end('1\n')
  const [code] = (await once(script, 'close')) as [number]
  return { code, marked: existsSync(mark) }
}

const problem = spawnSync('flock', ['--version']).error ? ' (flock is not installed)' : ''

test.skipIf(problem !== '')(
  `a copy that is told to run is marked first, and stays so${problem}`,
  async () => {
    expect(await finished({}, false)).toEqual({ code: 0, marked: true })
  },
)

test.skipIf(problem !== '')(`one that QEMU refuses to run has not run${problem}`, async () => {
  expect(await finished({ cont: LOCKED }, false)).toEqual({ code: ENDED.refused, marked: false })
})

test.skipIf(problem !== '')(`unless it was told before: then it may have${problem}`, async () => {
  expect(await finished({ cont: LOCKED }, true)).toEqual({ code: ENDED.refused, marked: true })
})

test.skipIf(problem !== '')(
  `a guest whose folder has been removed is gone, one without its fence is not${problem}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmferry-fence-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const ask = (guest: string): number | null => {
      const argv = ['-c', FENCE, 'sh', join(folder, '.claims'), 'web1', guest, 'tell', 'a', '{}']
      return spawnSync('sh', argv, { input: '-\n' }).status
    }
    expect(ask(join(folder, 'moved-away'))).toBe(ENDED.gone)
    expect(ask(folder)).toBe(ENDED.unfenced)
  },
)
