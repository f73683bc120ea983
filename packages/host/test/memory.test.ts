import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { type MemoryProgram, memoryHost } from '../src/memory.ts'
import { describeHostChannel } from './host-channel-suite.ts'
import { sshUri } from './real-sshd.ts'

const waiting: MemoryProgram = (process) =>
  new Promise((resolve) => process.killed.addEventListener('abort', () => resolve(0)))

const programs: Record<string, MemoryProgram> = {
  wait: waiting,
  async cat({ stdin, stdout }) {
    await pipeline(stdin, stdout, { end: false })
    return 0
  },
  exit: ({ argv }) => Number(argv[1]),
  say({ argv, stdout }) {
    stdout.write(
      argv
        .slice(1)
        .map((word) => `${word}\n`)
        .join(''),
    )
    return 0
  },
  flood({ argv, stdout }) {
    stdout.write(Buffer.alloc(Number(argv[1])))
    return 0
  },
  make(process) {
    process.files.set(process.argv[1] ?? '', new Uint8Array())
    return waiting(process)
  },
  complain({ argv }) {
    throw new Error(argv[1])
  },
}

const uri = sshUri('alpha', null)
const signal = new AbortController().signal
const host = memoryHost({ programs })
let names = 0

describeHostChannel('memoryHost()', () => ({
  open: () => host.open(uri, { signal }),
  path: () => `/run/${++names}`,
  commands: {
    cat: ['cat'],
    wait: ['wait'],
    exit: (code) => ['exit', `${code}`],
    say: (...words) => ['say', ...words],
    flood: (bytes) => ['flood', `${bytes}`],
    make: (path) => ['make', path],
    complain: (words) => ['complain', words],
  },
}))

describe('faults of a host in memory', () => {
  test('a cut rejects what is under way and lets new channels in', async () => {
    const world = memoryHost({ programs })
    const channel = await world.open(uri, { signal })
    const running = channel.exec(['wait'], { signal })
    world.cut()
    await expect(running).rejects.toMatchObject({ code: 'VM_CONNECTION' })
    await expect(channel.exec(['exit', '0'], { signal })).rejects.toMatchObject({ code: 'VM_CONNECTION' })
    const next = await world.open(uri, { signal })
    expect((await next.exec(['exit', '0'], { signal })).code).toBe(0)
  })

  test('after a restart every process is gone and every file is there', async () => {
    const world = memoryHost({ programs })
    const channel = await world.open(uri, { signal })
    const process = await channel.detach(['wait'], { signal, log: '/log' })
    world.restart()
    const next = await world.open(uri, { signal })
    expect(await next.probe(process, { signal })).toBe('gone')
    expect(await next.readFile('/log', { signal })).toHaveLength(0)
  })

  test('hosts are told apart by their names', async () => {
    const ids = await Promise.all(
      ['a', 'b', 'a'].map(async (name) => (await memoryHost({ name }).open(uri, { signal })).id),
    )
    expect(new Set(ids).size).toBe(2)
    expect(ids[0]).toBe(ids[2])
  })
})
