import { expectTypeOf, test } from 'vitest'
import type {
  MigrationInfo,
  QmpClient,
  QmpEvent,
  QmpInteger,
  QmpObject,
  QmpValue,
  StatusInfo,
} from '../src/index.ts'

declare const client: QmpClient
const never = (): boolean => false

test('commands, replies and events are typed', () => {
  // Only the compiler reads this: nothing here may run.
  if (!never()) return
  const { signal } = new AbortController()
  expectTypeOf(client.execute('query-status')).resolves.toEqualTypeOf<StatusInfo>()
  expectTypeOf(client.execute('query-migrate', {}, { signal })).resolves.toEqualTypeOf<MigrationInfo>()
  expectTypeOf(client.raw('anything', { a: [1, 2n, null] })).resolves.toEqualTypeOf<QmpValue>()
  void client.execute('migrate', { uri: 'unix:/x' }, { signal, timeout: 5 })
  void client.execute('query-named-block-nodes')
  void client.execute('query-named-block-nodes', { flat: true })
  void client.execute('migrate-set-parameters', {
    'max-bandwidth': 2n ** 63n,
    'a-parameter-of-the-future': 1,
  })
  // @ts-expect-error -- the path is required
  void client.execute('qom-list')
  // @ts-expect-error -- there is no such argument
  void client.execute('cont', { force: true })
  // @ts-expect-error -- an unknown command goes through raw()
  void client.execute('no-such-command')

  client.on('MIGRATION_PASS', (event) => expectTypeOf(event.data.pass).toEqualTypeOf<number>())
  client.on('*', (event) => expectTypeOf(event).toEqualTypeOf<QmpEvent>())
  client.on('EVENT_OF_THE_FUTURE', (event) => expectTypeOf(event.data).toEqualTypeOf<QmpObject>())
  expectTypeOf(client.waitFor('STOP')).resolves.toExtend<QmpEvent<'STOP'>>()
  expectTypeOf<bigint>().toExtend<QmpInteger>()
})
