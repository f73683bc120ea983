import type { Guest, World } from '@vmferry/driver-test'
import { type Copy, isInCharge, isWhole } from './copies.ts'
import type { Told } from './operator.ts'
import type { Oracle } from './oracle.ts'

/** I5: compares what the user is told with the world at that moment. */
export function checkTold(told: Told, world: World, oracle: Oracle): void {
  const copies = oracle.copies()
  const untrue = (what: string): void =>
    oracle.report('I5', `${told.controller.name} says ${told.outcome} of ${told.migration}, but ${what}`)
  const inCharge = copies.filter(isInCharge)
  const where = inCharge.map(({ host }) => host).join(' and ') || 'nowhere'
  switch (told.outcome) {
    case 'migrated':
      if (copies.some((copy) => copy.host === told.target && isInCharge(copy) && !isWhole(world, copy)))
        untrue(`some of its memory is not on ${told.target}`)
      if (inCharge.some(({ host }) => host === told.target)) return
      if (diedAfter(oracle)?.host !== told.target) untrue(`the guest is in charge ${where}`)
      return
    case 'rolledBack':
      if (told.refused || inCharge.some(({ host }) => host === 'alpha') || isListedAsHeld(told, copies))
        return
      if (heldByAnother(told, copies) || (inCharge.length > 0 && anotherMoved(told, world))) return
      if (!diedAfter(oracle)) untrue(`the guest is in charge ${where}`)
      return
    case 'lost': {
      const left = copies.filter((copy) => isWhole(world, copy))
      if (left.length > 0) untrue(`a whole copy is on ${left.map(({ host }) => host).join(' and ')}`)
      return
    }
    case 'inDoubt':
      return
  }
}

/** The copy that was in charge, if it was killed: news that may have come after the last look. */
function diedAfter({ last, wasKilled }: Oracle): Guest | null {
  return last !== null && wasKilled(last) ? last : null
}

/** A paused guest whose hold could not be ended, which the user was told. */
function isListedAsHeld({ pending }: Told, copies: readonly Copy[]): boolean {
  const paused = copies.some(({ host, guest }) => host === 'alpha' && guest.state === 'paused')
  return paused && pending.some(({ side }) => side === 'source')
}

/** The source is in the hands of another migration. */
function heldByAnother({ migration }: Told, copies: readonly Copy[]): boolean {
  return copies.some(({ guest }) => guest.heldBy !== null && guest.heldBy !== migration)
}

/** Another migration has taken the guest where it is. */
function anotherMoved({ migration }: Told, { hosts }: World): boolean {
  return [...hosts.values()].some(({ incoming }) =>
    [...incoming.values()].some((file) => file.marked && file.migration !== migration),
  )
}
