import type { Controller, Moment } from './controller.ts'
import { isAlive } from './copies.ts'
import { type Deployment, LINK_BYTES_PER_SECOND } from './deployment.ts'
import type { Fault } from './fault.ts'
import { noSpaceOn } from './network.ts'
import type { Operator } from './operator.ts'
import type { Oracle } from './oracle.ts'

/** What a fault can lay its hands on. */
export interface Reach {
  readonly deployment: Deployment
  readonly operator: Operator
  readonly oracle: Oracle
}

/** Lets a fault strike. False if there is nothing that it could strike here: then it waits for another moment. */
export function strike(fault: Fault, moment: Moment, reach: Reach): boolean {
  return STRIKES[fault.row]?.(fault, moment, reach) ?? false
}

type Strike = (fault: Fault, moment: Moment, reach: Reach) => boolean

const STRIKES: Readonly<Record<number, Strike>> = {
  1: ({ variant }, { controller }, { operator }) => {
    operator.crash(controller, variant === 'is replaced')
    return true
  },
  2: ({ ms }, { controller }, { operator }) => {
    operator.freeze(controller, ms)
    return true
  },
  3: (_fault, _moment, reach) => killGuest('alpha', reach),
  4: (_fault, _moment, reach) => killGuest('beta', reach),
  5: ({ ms }, _moment, reach) => powerCut('alpha', ms, reach),
  6: ({ ms }, _moment, reach) => powerCut('beta', ms, reach),
  7: ({ variant, ms }, { controller }, { deployment }) => {
    const route = controller.machine.route(variant === 'from the source' ? 'alpha' : 'beta')
    if (!route.up) return false
    return forAWhile(deployment, ms, () => {
      route.up = false
      return () => {
        route.up = true
      }
    })
  },
  8: ({ variant, ms }, _moment, { deployment }) => {
    const link = deployment.world.link('alpha', 'beta')
    if (variant === 'is reset') {
      link.reset()
      return true
    }
    if (!link.up || link.bytesPerSecond < LINK_BYTES_PER_SECOND) return false
    return forAWhile(deployment, ms, () => {
      if (variant === 'is cut') link.cut()
      else link.bytesPerSecond = LINK_BYTES_PER_SECOND / 50
      return () => {
        link.restore()
        link.bytesPerSecond = LINK_BYTES_PER_SECOND
      }
    })
  },
  9: ({ variant }, { passage }) => {
    if (!passage) return false
    if (variant === 'request') passage.deliveries = []
    else passage.reply = variant === 'reply' ? 'is lost' : 'is lost with the connection'
    return true
  },
  10: ({ variant, ms }, { passage }) => {
    if (!passage) return false
    passage.deliveries = variant === 'twice' ? [0, ms] : [ms]
    return true
  },
  11: (_fault, { passage }) => {
    if (!passage) return false
    passage.reply = 'cannot be read'
    return true
  },
  12: ({ variant, ms }, moment, { deployment }) => noSpace(variant, ms, moment, deployment),
  13: ({ variant, ms }, { controller, passage }, { deployment }) => {
    if (variant === 'a slow host') return slowHost(passage?.host ?? 'beta', ms, deployment)
    controller.skew += variant === 'the clock jumps ahead' ? HOUR : -HOUR
    return true
  },
  14: ({ variant, ms }, _moment, { operator, deployment }) => {
    if (variant === 'twice') deployment.scheduler.after(ms / 10, () => operator.cancel())
    return operator.cancel()
  },
  15: ({ variant }, _moment, { operator }) => {
    if (variant === 'recovers') operator.recoverElsewhere()
    else operator.migrate(variant === 'migrates it elsewhere' ? 'gamma' : 'beta')
    return true
  },
  16: ({ variant, ms }, _moment, reach) =>
    variant === 'stops the guest' ? stopGuest(reach) : pauseGuest(ms, reach),
}

const HOUR = 3_600_000

/** A change, and its end after some time. */
function forAWhile({ scheduler }: Deployment, ms: number, change: () => () => void): boolean {
  scheduler.after(ms, change())
  return true
}

function killGuest(host: string, { deployment, oracle }: Reach): boolean {
  const copy = oracle.copies().find((one) => one.host === host && one.guest.state !== 'failed')
  if (!copy) return false
  oracle.killed(copy.guest)
  deployment.world.host(host).crash(copy.guest.name)
  return true
}

function powerCut(name: string, ms: number, { deployment, oracle }: Reach): boolean {
  const host = deployment.network.host(name)
  if (!host.data.reachable) return false
  for (const copy of oracle.copies()) if (copy.host === name) oracle.killed(copy.guest)
  return forAWhile(deployment, ms, () => {
    host.losePower()
    return () => host.boot()
  })
}

function noSpace(
  variant: string,
  ms: number,
  { controller, passage }: Moment,
  deployment: Deployment,
): boolean {
  if (variant === 'on the host') {
    if (!passage) return false
    const host = deployment.network.host(passage.host)
    passage.refusal = noSpaceOn(passage.host)
    return forAWhile(deployment, ms, () => {
      host.full = true
      return () => {
        host.full = false
      }
    })
  }
  if (variant === 'for the journal') return fillDisk(controller, ms, deployment)
  const { data } = deployment.network.host('beta')
  const { memoryBytes } = data
  if (memoryBytes === 0) return false
  return forAWhile(deployment, ms, () => {
    data.memoryBytes = 0
    return () => {
      data.memoryBytes = memoryBytes
    }
  })
}

function fillDisk({ machine }: Controller, ms: number, deployment: Deployment): boolean {
  return forAWhile(deployment, ms, () => {
    machine.disk.full = true
    return () => {
      machine.disk.full = false
    }
  })
}

function slowHost(name: string, ms: number, deployment: Deployment): boolean {
  const host = deployment.network.host(name)
  return forAWhile(deployment, ms, () => {
    host.slowMs = ms / 4
    return () => {
      host.slowMs = 0
    }
  })
}

function pauseGuest(ms: number, { deployment: { world, scheduler }, oracle }: Reach): boolean {
  const copy = oracle.copies().find(({ guest }) => guest.state === 'running')
  // to pause a guest that does not run is refused
  if (!copy) return true
  const { host, guest } = copy
  world.host(host).pause(guest.name)
  scheduler.after(ms, () => {
    const same = world.host(host).guests.get(guest.name) === guest
    if (same && guest.state === 'paused') world.host(host).resume(guest.name)
  })
  return true
}

/** By force, as one who does not know that it is on its way. */
function stopGuest({ deployment: { world }, oracle }: Reach): boolean {
  const copy = oracle.copies().find(isAlive)
  if (!copy) return false
  const { host, guest } = copy
  oracle.killed(guest)
  const { guests, outgoing, incoming } = world.host(host)
  world.host(host).crash(guest.name)
  world.change(guest, 'off')
  guests.delete(guest.name)
  for (const files of [outgoing, incoming])
    for (const [id, file] of files) if (file.guest === guest) files.delete(id)
  return true
}
