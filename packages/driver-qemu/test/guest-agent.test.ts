import { expect, test } from 'vitest'
import { agentPort, guestAgent } from '../src/guest/agent.ts'
import { setGuestClock } from '../src/migration/guest-clock.ts'
import type { QemuHost } from '../src/qemu-host.ts'
import { type FakeGuestAgent, fakeGuestAgent } from './fake-guest-agent.ts'

const PORT = 'virtserialport,chardev=ga,name=org.qemu.guest_agent.0'
const SOCKET = 'socket,id=ga,path=/run/web1.agent,server=on,wait=off'
const ARGV = ['qemu-system-x86_64', '-chardev', SOCKET, '-device', 'virtio-serial-pci', '-device', PORT]

test('the port of the agent is found by its name', () => {
  const port = { chardev: 'ga', path: '/run/web1.agent' }
  expect(agentPort(ARGV)).toEqual(port)
  const device = '{"driver":"virtserialport","chardev":"ga","name":"org.qemu.guest_agent.0"}'
  expect(agentPort(['qemu', '-device', device, '-chardev', SOCKET])).toEqual(port)
})

test.each([
  ['socket,id=other,path=/run/web1.agent,server=on', PORT],
  ['socket,id=ga,path=/run/web1.agent', PORT],
  ['socket,id=ga,host=localhost,port=5000,server=on', PORT],
  ['pty,id=ga', PORT],
  [SOCKET, 'virtserialport,chardev=ga,name=com.redhat.spice.0'],
])(
  'a guest whose port is not at a socket of its QEMU has none: -chardev %s -device %s',
  (chardev, device) => {
    expect(agentPort(['qemu', '-chardev', chardev, '-device', device])).toBeNull()
  },
)

const by = (signal = new AbortController().signal) => ({ id: 7, host: 'beta', signal })

test('what the agent says to somebody before is passed over', async () => {
  const { stream } = fakeGuestAgent({ before: '{"return": 1}\n{"ret\xff{"return": 6}\n' })
  const agent = await guestAgent(stream, by())
  await expect(agent.execute('nonsense')).rejects.toMatchObject({
    code: 'VM_PHASE_FAILED',
    causes: [{ host: 'beta', words: 'The command nonsense has not been found' }],
  })
})

test('an agent that is silent is left when the time is over, one that goes away at once', async () => {
  const { stream } = fakeGuestAgent({ silent: true })
  await expect(guestAgent(stream, by(AbortSignal.timeout(20)))).rejects.toMatchObject({ code: 'VM_ABORTED' })
  expect(stream.destroyed).toBe(true)
  const other = fakeGuestAgent({ silent: true })
  const met = guestAgent(other.stream, by())
  other.stream.push(null)
  await expect(met).rejects.toMatchObject({ code: 'VM_CONNECTION' })
})

/** Has the clock of a guest set by that agent; `open` looks pass before the guest has opened its port. Resolves to the warnings. */
async function clockSet(agent: FakeGuestAgent, open = 1): Promise<readonly string[]> {
  const warnings: string[] = []
  let looks = 0
  const at = {
    host: {
      name: 'beta',
      dial: async () => agent.stream,
      exec: async () => ({ stdout: `${Date.now()}000000\n` }),
    },
    log: { warn: (message: string) => warnings.push(message) },
    clock: { schedule: (_: number, wake: () => void) => queueMicrotask(wake) },
    newId: () => '0000002a',
  } as unknown as QemuHost
  const ask = async () => [[{ label: 'ga', filename: '', 'frontend-open': (looks += 1) >= open }]]
  await setGuestClock(at, { ask } as never, { name: 'web1', uuid: '', argv: ARGV })
  return warnings
}

const commands = ({ heard }: FakeGuestAgent) =>
  heard.map((line) => line.replace(/"time":\d{19}\b/, '"time":NOW').replace(/^\{"execute":"|"(?=,)|\}$/g, ''))

const SYNC = 'guest-sync-delimited,"arguments":{"id":42}'
const FROM_CLOCK = 'guest-set-time,"arguments":{}'

test('the clock is set from the real-time clock of the guest, once its port is open', async () => {
  const agent = fakeGuestAgent()
  expect(await clockSet(agent, 3)).toEqual([])
  expect(commands(agent)).toEqual([SYNC, FROM_CLOCK])
  expect(agent.stream.destroyed).toBe(true)
})

test('a guest whose port nobody has opened is left alone', async () => {
  const agent = fakeGuestAgent()
  expect(await clockSet(agent, 100)).toEqual([])
  expect(agent.heard).toEqual([])
})

test('without a real-time clock the time is that of the host', async () => {
  const agent = fakeGuestAgent({ noClock: true })
  expect(await clockSet(agent)).toEqual([])
  const given = 'guest-set-time,"arguments":{"time":NOW}'
  expect(commands(agent)).toEqual([SYNC, FROM_CLOCK, given, 'guest-get-time,"arguments":{}'])
})

test('an agent that does not set it is warned about in its own words', async () => {
  expect(await clockSet(fakeGuestAgent({ noClock: true, offMs: -60_000 }))).toEqual([
    expect.stringMatching(
      /^the agent of 'web1' on beta did not set the guest's clock: .*hwclock failed to set/,
    ),
  ])
})
