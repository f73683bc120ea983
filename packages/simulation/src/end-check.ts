import type { World } from '@vmferry/driver-test'
import { type Copy, isAlive, isInCharge, isMarked, isWhole } from './copies.ts'
import type { Told } from './operator.ts'
import type { Oracle } from './oracle.ts'

/** I4 and I6: when all faults are over, everybody was told and nothing is under way any more. */
export function checkEnd(tolds: readonly Told[], world: World, oracle: Oracle): void {
  const last = tolds.at(-1)
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
  const left = leftovers(world, copies, inCharge, oracle, migratedIds(tolds))
  if (left.length > 0) oracle.report('I6', `left over: ${left.join(', ')}`)
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

/**
 * Nothing is claimed any more once all is well. A `prepare` that comes a second time after that, and after the guest was
 * stopped at its new host, makes a copy that waits until somebody recovers what that host has on file.
 */
function migratedIds(tolds: readonly Told[]): ReadonlySet<string> {
  return new Set(tolds.filter(({ outcome }) => outcome === 'migrated').map(({ migration }) => migration))
}

function leftovers(
  { hosts }: World,
  copies: readonly Copy[],
  inCharge: readonly Copy[],
  oracle: Oracle,
  migrated: ReadonlySet<string>,
): readonly string[] {
  const isLate = ({ guest: { state, heldBy } }: Copy): boolean =>
    state === 'incoming' && heldBy !== null && migrated.has(heldBy)
  return [
    ...copies.filter((copy) => isAlive(copy) && !inCharge.includes(copy) && !isLate(copy)).map(words),
    ...inCharge.filter(({ guest }) => guest.heldBy !== null).map(words),
    ...[...hosts.values()].flatMap(({ name, outgoing, incoming }) => [
      ...[...outgoing.keys()].map((id) => `outgoing ${id} on ${name}`),
      // the record of how a guest came stays with it
      ...[...incoming.values()]
        .filter(
          ({ guest, migration }) => (guest === null || !oracle.hasReigned(guest)) && !migrated.has(migration),
        )
        .map(({ migration }) => `incoming ${migration} on ${name}`),
    ]),
  ]
}

function words({ host, guest: { state, heldBy } }: Copy): string {
  return `${state} on ${host}${heldBy === null ? '' : `, held by ${heldBy}`}`
}
