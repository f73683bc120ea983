import type {
  Driver,
  DriverConnection,
  EffectOptions,
  MigrationSource,
  MigrationTarget,
} from '@vmferry/core/driver'
import { vmError } from '@vmferry/core/driver'

/** A step of either half. */
export type HaltAt = 'perform' | 'ready' | 'handOver' | 'finish' | 'confirm'

/** A driver whose controller stands still at one step, as a machine that sleeps would. */
export interface HaltingDriver {
  readonly driver: Driver
  /** Resolves when it stands still. */
  readonly reached: Promise<void>
  /** Wakes it: what it waits for was cut off. */
  wake(): void
}

export function haltingDriver(driver: Driver, at: HaltAt, when: 'before' | 'after'): HaltingDriver {
  let arrive = (): void => {}
  let wake = (): void => {}
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const gate = new Promise<void>((_resolve, reject) => {
    wake = () => reject(vmError('VM_CONNECTION', 'it was asleep'))
  })
  gate.catch(() => {})
  const half = <T extends object>(whole: T): T =>
    new Proxy(whole, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (name !== at || typeof member !== 'function') return member
        return async (...words: unknown[]): Promise<unknown> => {
          arriveIf('before')
          if (when === 'before') await gate
          const answer: unknown = await member.apply(target, words)
          arriveIf('after')
          if (when === 'after') await gate
          return answer
        }
      },
    })
  const arriveIf = (now: typeof when): void => {
    if (now === when) arrive()
  }
  const wrapped = (connection: DriverConnection): DriverConnection => {
    const { source, target } = connection as DriverConnection & {
      source: MigrationSource
      target: MigrationTarget
    }
    return {
      ...connection,
      source: {
        ...source,
        begin: async (offer, request, call: EffectOptions) => half(await source.begin(offer, request, call)),
      },
      target: {
        ...target,
        prepare: async (offer, request, call) => half(await target.prepare(offer, request, call)),
      },
    }
  }
  return {
    driver: {
      ...driver,
      connect: async (uri, context, call) => wrapped(await driver.connect(uri, context, call)),
    },
    reached,
    wake: () => wake(),
  }
}
