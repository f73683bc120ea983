import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { BRIDGE } from '../src/adoption/bridge-program.ts'
import { type FakeMonitorSocket, fakeMonitorSocket } from './fake-monitor-socket.ts'

const problem = spawnSync('python3', ['--version']).error ? ' (python3 is not installed)' : ''

interface Bridged {
  readonly folder: string
  readonly monitor: FakeMonitorSocket
  readonly bridge: ChildProcess
}

async function bridged(patience = 60): Promise<Bridged> {
  const room = mkdtempSync(join(tmpdir(), 'vmferry-bridge-'))
  const folder = join(room, 'guest')
  mkdirSync(folder)
  const monitor = await fakeMonitorSocket(join(room, 'qmp'))
  const answers = join(folder, 'answers')
  const argv = ['-c', BRIDGE, join(room, 'qmp'), folder, answers, `${patience}`]
  const bridge = spawn('python3', argv, { stdio: 'inherit' })
  onTestFinished(() => {
    bridge.kill('SIGKILL')
    monitor.close()
    rmSync(room, { recursive: true })
  })
  while (!existsSync(answers)) await sleep(5)
  return { folder, monitor, bridge }
}

/** A client of one of the bridge's sockets, and the lines that it was told. */
async function client(
  path: string,
): Promise<{ socket: Socket; lines: string[]; until(part: string): Promise<string> }> {
  const socket = connect(path)
  socket.on('error', () => {})
  const lines: string[] = []
  createInterface({ input: socket }).on('line', (line) => lines.push(line))
  const until = async (part: string): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => line.includes(part))
      if (found !== undefined) return found
      await sleep(2)
    }
  }
  return { socket, lines, until }
}

async function negotiated(path: string) {
  const one = await client(path)
  await one.until('"QMP"')
  one.socket.write('{"execute":"qmp_capabilities","id":0}\n')
  await one.until('"id": 0')
  return one
}

test.skipIf(problem !== '')(
  `each client gets its own answers under its own ids, and everybody the events${problem}`,
  async () => {
    const { folder, monitor } = await bridged()
    const [one, other] = await Promise.all(
      ['qmp', 'spare'].map((name) => negotiated(join(folder, `${name}.sock`))),
    )
    if (!one || !other) throw new Error('there are two')
    expect(one.lines[0]).toContain('"capabilities": []')
    one.socket.write('{"execute":"a","id":"same","arguments":{"n":5}}\n{"execute":"b"}\n')
    other.socket.write('{"execute":"c","id":"same"}\n')
    expect(await one.until('"same"')).toBe('{"return": {"n": 5}, "id": "same"}')
    expect(await one.until('{"return": {}}')).toBe('{"return": {}}')
    expect(await other.until('"same"')).toBe('{"return": {}, "id": "same"}')
    monitor.event('STOP')
    for (const { until } of [one, other]) await until('"event": "STOP"')
    expect(new Set(monitor.heard.map(({ id }) => id)).size).toBe(3)
  },
)

test.skipIf(problem !== '')(
  `a client that has not negotiated is refused, and one that says no JSON is told so${problem}`,
  async () => {
    const { folder, monitor } = await bridged()
    const { socket, until } = await client(join(folder, 'qmp.sock'))
    socket.write('{"execute":"stop","id":1}\n')
    expect(await until('"id": 1')).toContain('CommandNotFound')
    socket.write('stop\n')
    expect(await until('Not a command')).toContain('"error": {')
    expect(monitor.heard).toEqual([])
  },
)

test.skipIf(problem !== '')(
  `a socket serves one client at a time, and the next when it has gone${problem}`,
  async () => {
    const { folder } = await bridged()
    const first = await negotiated(join(folder, 'qmp.sock'))
    const second = await client(join(folder, 'qmp.sock'))
    await sleep(100)
    expect(second.lines).toEqual([])
    first.socket.destroy()
    await second.until('"QMP"')
  },
)

test.skipIf(problem !== '')(
  `what nobody reads from the FIFO is dropped, and answers come there whole all the same${problem}`,
  async () => {
    const { folder, monitor } = await bridged()
    const one = await negotiated(join(folder, 'qmp.sock'))
    // more than a pipe takes
    for (let count = 0; count < 2000; count += 1) monitor.event('NEWS', { words: 'x'.repeat(100) })
    monitor.event('LAST')
    await one.until('LAST')
    const skimmed = openSync(join(folder, 'fence.out'), constants.O_RDONLY | constants.O_NONBLOCK)
    onTestFinished(() => closeSync(skimmed))
    const read = (): string => {
      const piece = Buffer.alloc(65_536)
      try {
        return piece.toString('utf8', 0, readSync(skimmed, piece))
      } catch {
        return ''
      }
    }
    while (read() !== '') {}
    const long = 'y'.repeat(200_000)
    writeFileSync(
      join(folder, 'fence.in'),
      `{"execute":"qmp_capabilities"}\n{"execute":"a","id":"f1","arguments":{"long":"${long}"}}\n`,
    )
    let text = ''
    while (!text.includes('"id": "f1"')) {
      text += read()
      await sleep(1)
    }
    expect(text).toBe(`{"return": {}}\r\n{"return": {"long": "${long}"}, "id": "f1"}\r\n`)
  },
)

test.skipIf(problem !== '')(
  `it files the process at the other end and itself, and ends with it${problem}`,
  async () => {
    const { folder, monitor, bridge } = await bridged()
    const pidIn = (name: string): number => Number(readFileSync(join(folder, name), 'utf8').split(' ')[0])
    expect([pidIn('process'), pidIn('bridge')]).toEqual([process.pid, bridge.pid])
    const one = await negotiated(join(folder, 'spare.sock'))
    const ends = [once(bridge, 'exit'), once(one.socket, 'close')]
    monitor.close()
    expect((await Promise.all(ends))[0]).toEqual([0, null])
  },
)

test.skipIf(problem !== '')(
  `one whose guest is never filed ends by itself and takes its folder with it${problem}`,
  async () => {
    const { folder, bridge } = await bridged(0.2)
    expect(await once(bridge, 'exit')).toEqual([0, null])
    expect(existsSync(folder)).toBe(false)
  },
)

test.skipIf(problem !== '')(`one whose guest is filed stays${problem}`, async () => {
  const { folder, bridge } = await bridged(0.2)
  writeFileSync(join(folder, 'definition.json'), '{}')
  await sleep(1_500)
  expect(bridge.exitCode).toBe(null)
})
