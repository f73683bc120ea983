import type { ChosenRequest, Clock, EffectOptions, HostChannel } from '@vmferry/core/driver'
import type { Fence, Step } from '@vmferry/fence'
import { expect, test } from 'vitest'
import { guestFolder } from '../src/guest/run-directory.ts'
import type { QemuHost } from '../src/qemu-host.ts'
import { openTunnel, tunnelAhead, waysTo } from '../src/transport/tunnel.ts'

const HERE = guestFolder('/run/vmferry/qemu', 'm-1')
const THERE = guestFolder('/run/user/0/vmferry/qemu', 'm-2')
const TO = { user: 'root', host: 'beta', port: null }

const call: EffectOptions = {
  signal: new AbortController().signal,
  migration: 'm-2',
  epoch: 1,
  permit: async () => {},
}

/** A request by ssh to a target that has told where it listens. */
function request(more: Partial<ChosenRequest> = {}): ChosenRequest {
  const uri = { host: 'beta', user: 'root', port: null }
  const cookie = { runDirectory: '/run/user/0/vmferry/qemu' }
  return { target: { uri }, uri: null, copyStorage: false, transport: 'ssh', cookie, ...more } as never
}

/** A host that notes which tunnels are started, and a fence which notes what ends. */
function sender(up: Promise<unknown> = Promise.resolve()) {
  const seen: string[] = []
  const time = { now: 0 }
  const host = {
    name: 'alpha',
    detach: async (argv: readonly string[]) => {
      seen.push(argv.filter((_, at) => argv[at - 1] === '-L').join(' '))
      await up
      return { pid: 1, startTime: '1', bootId: 'b' }
    },
    readFile: async () => new TextEncoder().encode('Permission denied (publickey).'),
  } as unknown as HostChannel
  const fence = {
    launch: (_file: string, argv: readonly string[]) => argv,
    act: async (steps: readonly Step[]) => {
      seen.push(steps.map(({ words }) => words.slice(0, 2).join(' ')).join(', '))
      return []
    },
  } as unknown as Fence
  const clock = { monotonic: () => time.now } as unknown as Clock
  const at = { host, clock } as unknown as QemuHost
  return {
    at,
    fence,
    seen,
    time,
    ahead: (asked = request()) => tunnelAhead({ at, fence, folder: HERE }, asked, call),
  }
}

const MEMORY = `${HERE.tunnelSocket}:${THERE.migrationSocket}`
const DISKS = `${HERE.disksSocket}:${THERE.storageSocket}`
const ENDED = expect.stringMatching(/^end tunnel, drop /)

test('a tunnel that was started ahead is the one that is taken', async () => {
  const { at, fence, seen, ahead } = sender()
  const started = ahead()
  expect(seen).toEqual([MEMORY])
  const ways = waysTo(HERE, THERE.migrationSocket, undefined)
  await openTunnel({ at, fence, folder: HERE, ahead: started }, TO, ways, call)
  expect(seen).toEqual([MEMORY])
})

test('one with a way for disks does for a guest of which none is copied', async () => {
  const { at, fence, seen, ahead } = sender()
  const started = ahead(request({ copyStorage: true }))
  const ways = waysTo(HERE, THERE.migrationSocket, undefined)
  await openTunnel({ at, fence, folder: HERE, ahead: started }, TO, ways, call)
  expect(seen).toEqual([`${MEMORY} ${DISKS}`])
})

test('one that leads elsewhere, or has waited for too long, is ended before another is started', async () => {
  for (const [socket, waited] of [
    ['/elsewhere.sock', 0],
    [THERE.migrationSocket, 15_000],
  ] as const) {
    const { at, fence, seen, time, ahead } = sender()
    const started = ahead()
    time.now = waited
    await openTunnel({ at, fence, folder: HERE, ahead: started }, TO, waysTo(HERE, socket, undefined), call)
    expect(seen).toEqual([MEMORY, ENDED, `${HERE.tunnelSocket}:${socket}`])
  }
})

test('nothing is started ahead by another transport, or to a target that has not told in plain words where it listens', () => {
  const { seen, ahead } = sender()
  const { cookie: _, ...silent } = request()
  const odd = request({ cookie: { runDirectory: '/run/a:b' } })
  expect([ahead(request({ transport: 'relay' })), ahead(silent), ahead(odd)]).toEqual([null, null, null])
  expect(seen).toEqual([])
})

test('why it could not be set up is told to whoever wants it, and to nobody before', async () => {
  const { at, fence, ahead } = sender(Promise.reject(new Error('it ended')))
  const started = ahead()
  const ways = waysTo(HERE, THERE.migrationSocket, undefined)
  await expect(openTunnel({ at, fence, folder: HERE, ahead: started }, TO, ways, call)).rejects.toMatchObject(
    {
      code: 'VM_PHASE_FAILED',
      message: 'ssh from alpha to beta could not be set up',
      causes: [{ host: 'alpha', words: 'Permission denied (publickey).' }],
    },
  )
})
