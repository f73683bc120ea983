import type {
  Clock,
  ConnectionUri,
  ExecResult,
  HostChannel,
  MigrationRequest,
  MigrationUri,
} from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { sourceTransports, targetTransports } from '../src/transport/choose.ts'
import { sshArguments, sshDestination } from '../src/transport/ssh.ts'
import { trials } from '../src/transport/trial.ts'

const call = { signal: new AbortController().signal }

function uri(host: string | null): ConnectionUri {
  const text = host ? `qemu+ssh://root@${host}/system` : 'qemu:///system'
  return {
    text,
    driver: 'qemu',
    transport: host ? 'ssh' : null,
    user: host ? 'root' : null,
    host,
    port: null,
    path: '/system',
    query: {},
  }
}

function request(
  target: string | null,
  migration: Partial<MigrationUri> | null = null,
  hostIds = ['a', 'b'],
): MigrationRequest {
  return {
    source: { uri: uri('alpha'), hostId: hostIds[0] ?? null },
    target: { uri: uri(target), hostId: hostIds[1] ?? null },
    live: true,
    bandwidth: 0,
    rename: null,
    uri: migration && {
      text: '',
      transport: null,
      user: null,
      host: null,
      port: null,
      path: '',
      ...migration,
    },
    paused: false,
    maxDowntime: null,
    autoConverge: false,
    postCopy: false,
    copyStorage: false,
    abortOnError: false,
    connections: 1,
  }
}

/** A host that answers every command alike, and remembers them. */
function hostThatSays(result: Partial<ExecResult>): HostChannel & { readonly asked: string[][] } {
  const asked: string[][] = []
  const exec = async (argv: readonly string[]): Promise<ExecResult> => {
    asked.push([...argv])
    return { code: 0, signal: null, stdout: '', stderr: '', ...result }
  }
  return { name: 'alpha', exec, asked } as unknown as HostChannel & { readonly asked: string[][] }
}

/** What is asked of it as of a source, whose time is `elapsed`. */
function from(host: HostChannel, elapsed = () => 0) {
  const clock: Clock = { now: elapsed, monotonic: elapsed, schedule: () => () => {} }
  return { host, trials: trials(host, clock) }
}

test('on one host a UNIX socket is the way, and nobody is asked', async () => {
  const host = hostThatSays({})
  const { transports } = await sourceTransports(from(host), request(null, null, ['same', 'same']), call)
  expect(transports.map(({ name }) => name)).toEqual(['unix'])
  expect(host.asked).toEqual([])
})

test('between hosts the source’s own ssh is tried, without a question and with known keys only', async () => {
  const host = hostThatSays({})
  const { transports } = await sourceTransports(from(host), request('beta'), call)
  expect(transports).toMatchObject([
    { name: 'ssh', why: 'encrypted, and no port is opened' },
    { name: 'relay' },
  ])
  expect(host.asked[0]).toEqual(
    expect.arrayContaining(['BatchMode=yes', 'StrictHostKeyChecking=yes', '--', 'beta', 'true']),
  )
})

test.each([
  ['Host key verification failed.', 'VM_REFUSED', /host key is not known/],
  [
    '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.',
    'VM_REFUSED',
    /CHANGED/,
  ],
  ['root@beta: Permission denied (publickey).', 'VM_REFUSED', /refuses the key/],
  ['ssh: connect to host beta port 22: No route to host', 'VM_CONNECTION', /cannot reach beta/],
])('ssh’s own words %j become %s, and are kept', async (stderr, error, message) => {
  const silent = hostThatSays({ code: 255, stderr })
  const asked = request('beta', { transport: 'ssh', host: 'beta' })
  const { findings } = await sourceTransports(from(silent), asked, call)
  expect(findings).toMatchObject([{ severity: 'blocker', code: 'ssh-unreachable', error, words: stderr }])
  expect(findings[0]?.message).toMatch(message)
  // where no way was asked for there is another one
  const best = await sourceTransports(from(silent), request('beta'), call)
  expect(best.findings).toMatchObject([{ severity: 'warning', code: 'ssh-unreachable', words: stderr }])
  expect(best.transports.map(({ name }) => name)).toEqual(['relay'])
})

test.each([
  [
    'Unable to negotiate with 10.0.0.2 port 22: no matching key exchange method found. Their offer: sntrup761x25519-sha512',
    2,
  ],
  ["command-line line 0: Bad SSH2 KexAlgorithms '^ecdh-sha2-nistp256'.", 2],
  ['kex_exchange_identification: Connection closed by remote host', 1],
])(
  'an ssh that is tried with the quick key exchange and says %j is tried %i times',
  async (stderr, times) => {
    const silent = hostThatSays({ code: 255, stderr })
    await sourceTransports(from(silent), request('beta', { transport: 'ssh', host: 'beta' }), call)
    expect(silent.asked.map((argv) => argv.some((word) => word.startsWith('KexAlgorithms')))).toEqual(
      [true, false].slice(0, times),
    )
  },
)

test('a host that was reached is not tried again for a minute, unless it was not there when it mattered', async () => {
  const host = hostThatSays({})
  let now = 0
  const source = from(host, () => now)
  const look = () => sourceTransports(source, request('beta'), call)
  const beta = { user: 'root', host: 'beta', port: null }
  await look()
  now = 59_000
  expect((await look()).transports).toMatchObject([{ name: 'ssh' }, { name: 'relay' }])
  expect(host.asked).toHaveLength(1)
  await sourceTransports(source, request('gamma'), call)
  expect(host.asked).toHaveLength(2)
  now = 61_000
  await look()
  expect(host.asked).toHaveLength(3)
  source.trials.forget(beta)
  await look()
  expect(host.asked).toHaveLength(4)
})

test('a host that was not reached is tried each time', async () => {
  const host = hostThatSays({ code: 255, stderr: 'No route to host' })
  const source = from(host)
  for (let times = 1; times <= 2; times += 1) {
    await sourceTransports(source, request('beta'), call)
    expect(host.asked).toHaveLength(times)
  }
})

test('a target on the controller’s own machine has no name that the source could use: only the controller leads there', async () => {
  const host = hostThatSays({})
  const { transports, findings } = await sourceTransports(from(host), request(null), call)
  expect([transports.map(({ name }) => name), findings]).toEqual([['relay'], []])
  const asked = await sourceTransports(from(host), request(null, { transport: 'ssh', host: null }), call)
  expect(asked.findings).toMatchObject([{ code: 'no-route', severity: 'blocker' }])
})

test('the way through the controller takes no host', async () => {
  const host = hostThatSays({})
  const named = await sourceTransports(
    from(host),
    request('beta', { transport: 'relay', host: 'beta' }),
    call,
  )
  expect(named.findings).toMatchObject([{ code: 'relay-has-no-host', severity: 'blocker' }])
  const plain = await sourceTransports(from(host), request('beta', { transport: 'relay', host: null }), call)
  expect(plain.transports.map(({ name }) => name)).toEqual(['relay'])
  const wish = { ...request('beta', { transport: 'relay', host: null }), postCopy: true }
  expect((await sourceTransports(from(host), wish, call)).findings).toMatchObject([
    { code: 'relay-ends-with-controller', severity: 'blocker' },
  ])
})

test('tcp is offered only when it is asked for, with a warning, and its name is resolved by the source', async () => {
  const host = hostThatSays({ stdout: '10.77.0.2      STREAM beta\n10.77.0.2      DGRAM\n' })
  const asked = request('beta', { transport: 'tcp', host: 'beta' })
  const { transports, findings, address } = await sourceTransports(from(host), asked, call)
  expect([transports.map(({ name }) => name), address]).toEqual([['tcp'], '10.77.0.2'])
  expect(findings).toMatchObject([{ severity: 'warning', code: 'plaintext' }])
  expect(targetTransports(asked, '/run/vmferry/qemu').map(({ name }) => name)).toEqual(['tcp'])
  expect(targetTransports(request('beta'), '/run/vmferry/qemu').map(({ name }) => name)).toEqual([
    'ssh',
    'relay',
  ])
})

test('tls goes the way of tcp, without its warning', async () => {
  const host = hostThatSays({ stdout: '10.77.0.2      STREAM beta\n' })
  const asked = request('beta', { transport: 'tls', host: 'beta' })
  const { transports, findings, address } = await sourceTransports(from(host), asked, call)
  expect([transports.map(({ name }) => name), findings, address]).toEqual([['tls'], [], '10.77.0.2'])
  expect(targetTransports(asked, '/run/vmferry/qemu').map(({ name }) => name)).toEqual(['tls'])
  const nowhere = await sourceTransports(from(host), request('beta', { transport: 'tls', host: null }), call)
  expect(nowhere.findings).toMatchObject([{ code: 'no-host', remedy: expect.stringContaining('tls://host') }])
})

test('a tcp name that means the source itself, or nothing, is a blocker', async () => {
  const asked = request('beta', { transport: 'tcp', host: 'beta' })
  const self = await sourceTransports(from(hostThatSays({ stdout: '127.0.1.1 STREAM beta\n' })), asked, call)
  expect(self.findings).toMatchObject([{ code: 'name-is-loopback' }])
  const nobody = await sourceTransports(from(hostThatSays({ code: 2 })), asked, call)
  expect(nobody.findings).toMatchObject([{ code: 'name-unknown' }])
})

test('the migration URI says where ssh goes; without it the target’s connection does', () => {
  expect(sshDestination(request('beta'))).toEqual({ user: 'root', host: 'beta', port: null })
  expect(
    sshDestination(request('beta', { transport: 'ssh', host: 'beta-data', user: 'vm', port: 2222 })),
  ).toEqual({
    user: 'vm',
    host: 'beta-data',
    port: 2222,
  })
  const argv = sshArguments({ user: 'vm', host: '-oProxyCommand=x', port: 2222 }, [])
  expect(argv.slice(-6)).toEqual(['-l', 'vm', '-p', '2222', '--', '-oProxyCommand=x'])
})
