import type {
  DirectMigration,
  Driver,
  DriverConnection,
  Incoming,
  MigrationSource,
  MigrationTarget,
  Outgoing,
  RecalledSource,
  RecalledTarget,
  Side,
} from '@vmferry/core/driver'
import type { World, WorldHost } from '@vmferry/driver-test'

/** Every call of the contract that can be tampered with. */
interface Spots {
  readonly connect: Driver['connect']
  readonly domains: DriverConnection['domains']
  readonly domain: DriverConnection['domain']
  readonly claim: DriverConnection['claim']
  readonly migrations: DriverConnection['migrations']
  readonly close: DriverConnection['close']
  readonly 'source.check': MigrationSource['check']
  readonly 'source.measure': NonNullable<MigrationSource['measure']>
  readonly 'source.begin': MigrationSource['begin']
  readonly 'source.recall': MigrationSource['recall']
  readonly 'target.check': MigrationTarget['check']
  readonly 'target.prepare': MigrationTarget['prepare']
  readonly 'target.recall': MigrationTarget['recall']
  readonly perform: Outgoing['perform']
  readonly tune: NonNullable<Outgoing['tune']>
  readonly ready: NonNullable<Incoming['ready']>
  readonly 'hand-over': NonNullable<Outgoing['handOver']>
  readonly finish: Incoming['finish']
  readonly drain: NonNullable<Outgoing['drain']>
  readonly confirm: Outgoing['confirm']
  readonly 'source.abort': Outgoing['abort']
  readonly 'target.abort': Incoming['abort']
  readonly 'source.inspect': Outgoing['inspect']
  readonly 'target.inspect': Incoming['inspect']
  readonly 'direct.check': DirectMigration['check']
  readonly 'direct.migrate': DirectMigration['migrate']
  readonly 'direct.inspect': DirectMigration['inspect']
  readonly 'direct.cancel': NonNullable<DirectMigration['cancel']>
}

/** Where a call is made. */
export interface Place {
  readonly side: Side
  readonly host: WorldHost
  /** Over a half that was recalled, not the one that began or prepared. */
  readonly recalled: boolean
  /** The first connection to that host has the number 1. */
  readonly connection: number
}

/** What is made of the calls: each function gets the true one. */
export type Tamper = { readonly [S in keyof Spots]?: (next: Spots[S], place: Place) => Spots[S] }

/** What a broken driver can do beyond its calls. */
export interface Scene {
  readonly world: World
  /** Takes something back at the next call, so that only who looks at once can see it. */
  untilNextCall(takeBack: () => void): void
}

/** The driver with some of its calls tampered with. */
export function tampered(driver: Driver, world: World, plan: (scene: Scene) => Tamper): Driver {
  const takeBacks: (() => void)[] = []
  const tamper = plan({
    world,
    untilNextCall(takeBack) {
      takeBacks.push(takeBack)
    },
  })
  const connections = new Map<string, number>()

  function at<S extends keyof Spots>(spot: S, next: Spots[S], place: Place): Spots[S] {
    const change: ((next: Spots[S], place: Place) => Spots[S]) | undefined = tamper[spot]
    const changed = (change ? change(next, place) : next) as (...words: unknown[]) => unknown
    const called = (...words: unknown[]): unknown => {
      for (const takeBack of takeBacks.splice(0)) takeBack()
      return changed(...words)
    }
    return called as unknown as Spots[S]
  }

  const sourceHalf = <H extends Outgoing | RecalledSource>(half: H, place: Place): H => ({
    ...half,
    ...('perform' in half && { perform: at('perform', half.perform, place) }),
    ...('tune' in half && half.tune && { tune: at('tune', half.tune, place) }),
    ...(half.handOver && { handOver: at('hand-over', half.handOver, place) }),
    ...(half.drain && { drain: at('drain', half.drain, place) }),
    confirm: at('confirm', half.confirm, place),
    abort: at('source.abort', half.abort, place),
    inspect: at('source.inspect', half.inspect, place),
  })
  const targetHalf = <H extends Incoming | RecalledTarget>(half: H, place: Place): H => ({
    ...half,
    ...(half.ready && { ready: at('ready', half.ready, place) }),
    finish: at('finish', half.finish, place),
    abort: at('target.abort', half.abort, place),
    inspect: at('target.inspect', half.inspect, place),
  })
  const sender = ({ check, measure, begin, recall }: MigrationSource, place: Place): MigrationSource => ({
    check: at('source.check', check, place),
    ...(measure && { measure: at('source.measure', measure, place) }),
    begin: at('source.begin', async (...words) => sourceHalf(await begin(...words), place), place),
    recall: at(
      'source.recall',
      async (...words) => sourceHalf(await recall(...words), { ...place, recalled: true }),
      place,
    ),
  })
  const receiver = ({ check, prepare, recall }: MigrationTarget, place: Place): MigrationTarget => ({
    check: at('target.check', check, place),
    prepare: at('target.prepare', async (...words) => targetHalf(await prepare(...words), place), place),
    recall: at(
      'target.recall',
      async (...words) => targetHalf(await recall(...words), { ...place, recalled: true }),
      place,
    ),
  })
  const directly = (direct: DirectMigration, place: Place): DirectMigration => ({
    check: at('direct.check', direct.check, place),
    migrate: at('direct.migrate', direct.migrate, place),
    inspect: at('direct.inspect', direct.inspect, place),
    ...(direct.cancel && { cancel: at('direct.cancel', direct.cancel, place) }),
  })

  const connect: Driver['connect'] = async (uri, context, call) => {
    const connection = await driver.connect(uri, context, call)
    const number = (connections.get(uri.path) ?? 0) + 1
    connections.set(uri.path, number)
    const { source, target, direct } = connection
    const side = uri.path === '/alpha' ? 'source' : 'target'
    const place: Place = { side, host: world.host(uri.path.slice(1)), recalled: false, connection: number }
    const close = at('close', connection.close, place)
    return {
      ...connection,
      domains: at('domains', connection.domains, place),
      domain: at('domain', connection.domain, place),
      claim: at('claim', connection.claim, place),
      migrations: at('migrations', connection.migrations, place),
      ...(source && { source: sender(source, place) }),
      ...(target && { target: receiver(target, place) }),
      ...(direct && { direct: directly(direct, place) }),
      close,
      [Symbol.asyncDispose]: close,
    }
  }
  const anywhere: Place = { side: 'source', host: world.host('alpha'), recalled: false, connection: 0 }
  return { ...driver, connect: at('connect', connect, anywhere) }
}
