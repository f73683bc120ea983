import {
  type Capabilities,
  type Driver,
  defineCapabilities,
  isVmError,
  type VmErrorCode,
  vmError,
} from '@vmferry/core/driver'
import { type Guest, test, type World, type WorldHost } from '@vmferry/driver-test'
import { type Scene, type Tamper, tampered } from './tampered.ts'

/** A driver with one fault. */
export interface BrokenDriver {
  /** What it does wrong, as the end of `a driver that …`. */
  readonly fault: string
  /** The case that is made for the fault first, then those that cannot but see it too. */
  readonly caughtBy: readonly string[]
  /** Over hosts and guests of that world. */
  make(world: World): Driver
}

/** The sound driver that is broken, where it is not the test driver as it is. */
export type Base = (world: World) => Driver

const SOUND: Base = (world) => test({ world })

/** A driver whose calls are tampered with. */
export function broken(
  caughtBy: string | readonly string[],
  fault: string,
  plan: (scene: Scene) => Tamper,
  base: Base = SOUND,
): BrokenDriver {
  return {
    fault,
    caughtBy: [caughtBy].flat(),
    make: (world) => tampered(base(world), world, plan),
  }
}

/** A driver that is wrong before anything is called. */
export function misdeclared(
  caughtBy: string | readonly string[],
  fault: string,
  change: (driver: Driver) => Driver,
  base: Base = SOUND,
): BrokenDriver {
  return { fault, caughtBy: [caughtBy].flat(), make: (world) => change(base(world)) }
}

/** The test driver that declares something else than it is. */
export function declaring(changes: Partial<Capabilities>): Base {
  return (world) => {
    const driver = SOUND(world)
    return {
      ...driver,
      capabilities: defineCapabilities({ ...driver.capabilities, ...changes }),
      async connect(...words) {
        const connection = await driver.connect(...words)
        return { ...connection, capabilities: defineCapabilities({ ...connection.capabilities, ...changes }) }
      },
    }
  }
}

/** The guest that the kit moves, on that host. */
export function guestOn(host: WorldHost, name = 'web1'): Guest | undefined {
  return host.guests.get(name)
}

/** Puts the guest's copy on a host into another state, until the next call. */
export function briefly({ world, untilNextCall }: Scene, host: string, state: Guest['state']): void {
  const guest = guestOn(world.host(host))
  if (!guest) return
  const before = guest.state
  world.change(guest, state)
  untilNextCall(() => {
    if (guest.state === state) world.change(guest, before)
  })
}

/** The call, which rejects with another code where it rejects with that one. */
export function recoded<A extends unknown[], T>(
  call: (...words: A) => Promise<T>,
  from: VmErrorCode,
  to: VmErrorCode,
): (...words: A) => Promise<T> {
  return (...words) =>
    call(...words).catch((error: unknown) => {
      throw isVmError(error, from) ? vmError(to, error.message) : error
    })
}
