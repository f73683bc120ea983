import type { World } from '@vmferry/driver-test'
import { type Copy, isAlive, isInCharge, isMarked, isWhole } from './copies.ts'
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
      if (inCharge.some(({ host }) => host === told.target)) return
      if (!diedAfter(oracle)) untrue(`the guest is in charge ${where}`)
      return
    case 'rolledBack':
      if (told.refused || inCharge.some(({ host }) => host === 'alpha')) return
      if (
        heldByAnother(told, copies) ||
        (inCharge.length > 0 && told.by === 'migration' && anotherMoved(told, world))
      )
        return
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

/** The copy that was in charge was killed: news that may have come after the last look. */
function diedAfter(oracle: Oracle): boolean {
  return oracle.last !== null && oracle.wasKilled(oracle.last)
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

/** I4 and I6: when all faults are over, everybody was told and nothing is under way any more. */
export function checkEnd(last: Told | null, world: World, oracle: Oracle): void {
  const copies = oracle.copies()
  const inCharge = copies.filter(isInCharge)
  const where = inCharge.map(({ host }) => host).join(' and ')
  if (inCharge.length > 1) oracle.report('I4', `the guest is in charge on ${where}`)
  const doubt = last?.outcome === 'inDoubt' && markedAndDead(world, oracle)
  if (inCharge.length === 0 && !doubt && !lostWithItsHost(world, oracle))
    oracle.report(
      'I4',
      `no copy of the guest is in charge: ${copies.map(words).join(', ') || 'there is none'}`,
    )
  if (doubt) return
  const left = leftovers(world, copies, inCharge, oracle)
  const listed = (last?.pending.length ?? 0) > 0 && copies.some(({ guest }) => oracle.wasKilled(guest))
  if (left.length > 0 && !listed) oracle.report('I6', `left over: ${left.join(', ')}`)
}

/** The last copy in charge was killed, and no other had all of the guest. */
function lostWithItsHost(world: World, oracle: Oracle): boolean {
  const { last } = oracle
  return last !== null && oracle.wasKilled(last) && !oracle.copies().some((copy) => isWhole(world, copy))
}

/** The target was told to run and died: whether it has run nobody can know. */
function markedAndDead(world: World, oracle: Oracle): boolean {
  return [...world.hosts.values()].some(({ incoming }) =>
    [...incoming.values()].some(
      ({ marked, guest }) => marked && guest !== null && oracle.wasKilled(guest) && isMarked(world, guest),
    ),
  )
}

function leftovers(
  { hosts }: World,
  copies: readonly Copy[],
  inCharge: readonly Copy[],
  oracle: Oracle,
): readonly string[] {
  return [
    ...copies.filter((copy) => isAlive(copy) && !inCharge.includes(copy)).map(words),
    ...inCharge.filter(({ guest }) => guest.heldBy !== null).map(words),
    ...[...hosts.values()].flatMap(({ name, outgoing, incoming }) => [
      ...[...outgoing.keys()].map((id) => `outgoing ${id} on ${name}`),
      // the record of how a guest came stays with it
      ...[...incoming.values()]
        .filter(({ guest }) => guest === null || !oracle.hasReigned(guest))
        .map(({ migration }) => `incoming ${migration} on ${name}`),
    ]),
  ]
}

function words({ host, guest: { state, heldBy } }: Copy): string {
  return `${state} on ${host}${heldBy === null ? '' : `, held by ${heldBy}`}`
}
