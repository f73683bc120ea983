import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CONNECT, LISTEN } from '../src/stream/socket.ts'

const problem = spawnSync('python3', ['-c', '']).status === 0 ? '' : ' (not here: there is no python3)'

describe.skipIf(problem !== '')(`a connection over TCP${problem}`, () => {
  let folder: string
  let listener: ChildProcess
  let port: string
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vmferry-socket-'))
    writeFileSync(join(folder, 'pass'), 'open sesame')
    const script = 'cd "$1"; head -c 6 >heard; echo whole'
    listener = spawn('python3', ['-I', '-c', LISTEN, folder, '0', script])
    port = await vi.waitFor(() => readFileSync(join(folder, 'port'), 'utf8'), { timeout: 10_000 })
  })
  afterEach(() => {
    listener.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  const carried = (words: string): string => {
    const argv = ['-I', '-c', CONNECT, 'localhost', port, join(folder, 'pass')]
    return spawnSync('python3', argv, { input: words, encoding: 'utf8', timeout: 10_000 }).stdout
  }

  test('carries the stream there and the word back', () => {
    expect(carried('stream and more')).toBe('whole\n')
    expect(readFileSync(join(folder, 'heard'), 'utf8')).toBe('stream')
  })

  test.each(['', 'open', 'close sesame and more'])('sends away whoever says %j', async (words) => {
    const stranger = connect(Number(port), 'localhost')
    stranger.on('error', () => {})
    stranger.end(words)
    await new Promise((resolve) => stranger.resume().once('close', resolve))
    expect(carried('stream')).toBe('whole\n')
    expect(readFileSync(join(folder, 'heard'), 'utf8')).toBe('stream')
  })
})
