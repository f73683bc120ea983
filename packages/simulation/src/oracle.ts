import type { Guest, World } from '@vmferry/driver-test'
import type { Breach, Invariant } from './breach.ts'
import { type Copy, copiesOf, hasGoneOver, isAlive, isInCharge, otherPart, portrait } from './copies.ts'
import type { Witness } from './network.ts'
import type { Passage } from './passage.ts'
import type { Trace } from './trace.ts'

/** Looks at the world after every event, and never at what is simulated. */
export interface Oracle extends Witness {
  readonly breaches: readonly Breach[]
  /**
   * Why nothing is promised any more; null: all is. Where the host does not compare epochs, a stale call may land: a
   * driver whose manifest says `session` or `none` says so, and from that moment on no invariant but I8 is demanded.
   */
  readonly excuse: string | null
  /** The copy that was the last to be in charge. */
  readonly last: Guest | null
  copies(): readonly Copy[]
  /** The world, not the protocol, ended this copy's process. */
  killed(guest: Guest): void
  wasKilled(guest: Guest): boolean
  /** This copy has been in charge. */
  hasReigned(guest: Guest): boolean
  /** Something that is not the work of what is simulated: the world is seen as it was before, and as it is then. */
  disturb<T>(change: () => T): T
  /** The user accepts that what the guest did at the target is lost. */
  forgive(): void
  report(invariant: Invariant, what: string): void
  /** After each event. */
  look(): void
}

/** What the oracle looks at. */
export interface Sight {
  readonly world: World
  readonly uuid: string
  readonly fences: boolean
  /** Whether the commit of that migration is on some controller's disk. */
  isCommitted(migration: string): boolean
  readonly trace: Trace
}

export function createOracle({ world, uuid, fences, isCommitted, trace }: Sight): Oracle {
  const breaches: Breach[] = []
  const killed = new Set<Guest>()
  const reigned = new Set<Guest>()
  let excuse: string | null = null
  let ran = new Set<Guest>()
  let last: Guest | null = null
  /** How long the guest had run when it last stopped. */
  let counted = 0
  let picture = ''
  let stale: Passage | null = null

  const oracle: Oracle = {
    breaches,
    get excuse() {
      return excuse
    },
    get last() {
      return last
    },
    copies: () => copiesOf(world, uuid),
    killed(guest) {
      killed.add(guest)
      const rest = otherPart(world, guest)
      if (rest) killed.add(rest)
    },
    wasKilled: (guest) => killed.has(guest),
    hasReigned: (guest) => reigned.has(guest),
    disturb(change) {
      see()
      const result = change()
      see(true)
      return result
    },
    staleArrived(passage) {
      stale = passage
    },
    staleLanded: (passage) => landed(passage),
    forgive() {
      counted = 0
    },
    report(invariant, what) {
      if (excuse !== null && invariant !== 'I8') return
      trace.tell(`${invariant}: ${what}`)
      breaches.push({ invariant, at: world.now(), what })
    },
    look() {
      see()
      stale = null
    },
  }

  /** What has changed is the work of the call that is at it, if it is a stale one. */
  function see(disturbed = false): void {
    const now = portrait(world, uuid)
    if (now === picture) return
    picture = now
    trace.tell(`now: ${now}`)
    if (stale && !disturbed) landed(stale)
    lookAtRunning(oracle.copies())
  }

  function landed({ call, host, epoch, controller }: Passage): void {
    const what = `a ${call} of ${controller.name} with the old epoch ${epoch} had an effect on ${host}`
    if (fences) return oracle.report('I9', what)
    trace.tell(`no more promises: ${what}`)
    excuse ??= what
  }

  function lookAtRunning(copies: readonly Copy[]): void {
    const running = copies.filter(({ guest }) => guest.state === 'running')
    for (const guest of ran)
      if (guest.state !== 'running') counted = Math.max(counted, guest.memory.registers.counter)
    if (running.length > 1 || world.violations.length > 0)
      oracle.report('I1', `the guest runs on ${running.map(({ host }) => host).join(' and ')}`)
    for (const { host, guest } of running) {
      if (ran.has(guest)) continue
      const { counter } = guest.memory.registers
      if (counter < counted)
        oracle.report('I7', `the guest on ${host} has run ${counter} ms, and had run ${counted} ms before`)
      const heir = committedElsewhere(guest, copies)
      if (heir) oracle.report('I3', `the guest was run on ${host}, and the copy on ${heir} may run`)
    }
    for (const { host, guest } of running)
      if (hasGoneOver(world, guest))
        oracle.report('I3', `the guest runs on ${host}, where post-copy had begun`)
    for (const copy of copies.filter(isInCharge)) {
      last = copy.guest
      reigned.add(last)
    }
    ran = new Set(running.map(({ guest }) => guest))
  }

  /** Where another copy is that could be run, and was told to, or may be told by whoever reads the journal. */
  function committedElsewhere(guest: Guest, copies: readonly Copy[]): string | undefined {
    return copies.find(
      (copy) =>
        copy.guest !== guest &&
        isAlive(copy) &&
        [...(world.hosts.get(copy.host)?.incoming.values() ?? [])].some(
          (file) => file.guest === copy.guest && file.loaded && (file.marked || isCommitted(file.migration)),
        ),
    )?.host
  }

  return oracle
}
