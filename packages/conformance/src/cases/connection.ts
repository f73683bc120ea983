import type { CallOptions, DriverConnection } from '@vmferry/core/driver'
import type { Bench } from '../bench.ts'
import { type Case, check } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST, NOBODY } from '../guest.ts'
import { effects } from '../way.ts'

export const connectionCases: readonly Case[] = [
  check('connection.close-twice', [], 'closing twice is no error', async (bench) => {
    const connection = await bench.connect('source')
    await connection.close()
    await connection.close()
  }),

  check('connection.disposes', [], 'disposing of a connection closes it', async (bench) => {
    const connection = await bench.connect('source')
    await connection[Symbol.asyncDispose]()
    await refusal(connection.domains(bench.call()), 'domains() after disposal', 'VM_CONNECTION')
  }),

  check(
    'connection.closed',
    [],
    'every call on a closed connection rejects with VM_CONNECTION',
    async (bench) => {
      const connection = await bench.connect('source')
      await connection.close()
      for (const [what, ask] of allCalls(bench, connection))
        await refusal(ask(bench.call()), `${what} on a closed connection`, 'VM_CONNECTION')
    },
  ),

  check('connection.host-id', [], 'two connections to one host have the same host id', async (bench) => {
    const { hostId } = await bench.connect('source')
    const first = bench.source.hostId
    ensure(hostId === first, `the host id is ${first}, then ${hostId}: keep it on the host`)
    ensure(hostId === null || hostId.length > 0, 'the host id is empty; where a host has none it is null')
  }),

  check(
    'connection.uri',
    [],
    'a URI parameter that the driver does not know is VM_INVALID',
    async (bench) => {
      const { source } = bench.stage
      const uri = `${source}${source.includes('?') ? '&' : '?'}conformance=1`
      await refusal(bench.connectTo(uri), `connecting to ${uri}`, 'VM_INVALID')
    },
  ),

  check(
    'connection.timers',
    [],
    'nothing is left on the clock when the connections are closed',
    async (bench) => {
      await bench.source.domains(bench.call())
      for (const connection of [bench.source, bench.target]) await connection.close()
      ensure(bench.clock.pending === 0, `${bench.clock.pending} timers are left`)
    },
  ),
]

type Asks = readonly (readonly [what: string, ask: (call: CallOptions) => Promise<unknown>])[]

/** The calls that only ask. */
function questions(connection: DriverConnection): Asks {
  return [
    ['domains()', (call) => connection.domains(call)],
    ['domain()', (call) => connection.domain(GUEST, call)],
    ['migrations()', (call) => connection.migrations(call)],
  ]
}

/** All calls that a fresh connection has. */
function allCalls(bench: Bench, connection: DriverConnection): Asks {
  const { id, effect } = effects(bench)
  const { source, target, direct, lifecycle } = connection
  const request = bench.request()
  const choice = { ...request, transport: 'none' }
  return [
    ...questions(connection),
    ['claim()', (call) => connection.claim(GUEST, 1, call)],
    ...(source
      ? ([
          ['source.check()', (call) => source.check(GUEST, request, call)],
          ['source.begin()', (call) => source.begin(NOBODY, choice, effect(call))],
          ['source.recall()', (call) => source.recall(id, effect(call))],
        ] satisfies Asks)
      : []),
    ...(target
      ? ([
          ['target.check()', (call) => target.check(NOBODY, request, call)],
          ['target.prepare()', (call) => target.prepare(NOBODY, choice, effect(call))],
          ['target.recall()', (call) => target.recall(id, effect(call))],
        ] satisfies Asks)
      : []),
    ...(direct
      ? ([
          ['direct.check()', (call) => direct.check(GUEST, request, call)],
          ['direct.migrate()', (call) => direct.migrate(GUEST, choice, effect(call))],
          ['direct.inspect()', (call) => direct.inspect(id, call)],
        ] satisfies Asks)
      : []),
    ...(lifecycle
      ? ([
          ['lifecycle.start()', (call) => lifecycle.start(GUEST, [], call)],
          ['lifecycle.stop()', (call) => lifecycle.stop(GUEST, { force: true }, call)],
        ] satisfies Asks)
      : []),
  ]
}
