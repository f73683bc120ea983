import type { Guest, World } from '@vmferry/driver-test'

/** A copy of the guest, and where it is. */
export interface Copy {
  readonly host: string
  readonly guest: Guest
}

/** All copies of a guest, read from the hosts. */
export function copiesOf({ hosts }: World, uuid: string): readonly Copy[] {
  const copies: Copy[] = []
  for (const { name, guests } of hosts.values())
    for (const guest of guests.values()) if (guest.uuid === uuid) copies.push({ host: name, guest })
  return copies
}

/** Its process is there. */
export function isAlive({ guest: { state } }: Copy): boolean {
  return state !== 'failed' && state !== 'off'
}

/** This copy is the guest: it runs, or its user has paused it. */
export function isInCharge({ guest: { state, heldBy } }: Copy): boolean {
  return state === 'running' || (state === 'paused' && heldBy === null)
}

/** All of the guest is in this copy, so that it could be run from here. */
export function isWhole(world: World, { host, guest }: Copy): boolean {
  if (!isAlive({ host, guest }) || hasGoneOver(world, guest)) return false
  const files = [...(world.hosts.get(host)?.incoming.values() ?? [])]
  const file = files.find((one) => one.guest === guest)
  return guest.state === 'incoming' || file?.missing ? file?.loaded === true : true
}

/** Post-copy has begun from this copy: it never runs again. */
export function hasGoneOver({ hosts }: World, guest: Guest): boolean {
  return [...hosts.values()].some(({ outgoing }) =>
    [...outgoing.values()].some((file) => file.guest === guest && file.rest !== null),
  )
}

/** Where post-copy has begun, the copy that is worth nothing once this one is gone: what it lacks was here. */
export function otherPart({ hosts }: World, guest: Guest): Guest | null {
  const all = [...hosts.values()]
  const sent = all.flatMap(({ outgoing }) => [...outgoing.values()]).find(({ rest }) => rest !== null)
  const got = all
    .flatMap(({ incoming }) => [...incoming.values()])
    .find(({ migration }) => migration === sent?.migration)
  if (!sent || !got?.guest) return null
  // the source never runs again, also when everything has been sent
  if (guest === got.guest) return sent.guest
  return guest === sent.guest && sent.rest !== null && sent.rest.size > 0 ? got.guest : null
}

/** The mark of a `finish` stands at this copy. */
export function isMarked(world: World, guest: Guest): boolean {
  return [...world.hosts.values()].some(({ incoming }) =>
    [...incoming.values()].some((file) => file.guest === guest && file.marked),
  )
}

/** The guest on all hosts in a few words, with what is on file there. */
export function portrait({ hosts }: World, uuid: string): string {
  const parts: string[] = []
  for (const { name, guests, outgoing, incoming } of hosts.values()) {
    for (const guest of guests.values())
      if (guest.uuid === uuid)
        parts.push(`${guest.state} on ${name}${guest.heldBy === null ? '' : `, held by ${guest.heldBy}`}`)
    for (const { migration, sent, copying, rest, ended, epoch, phase } of outgoing.values())
      parts.push(
        `${name} sends ${migration} ${phase} ${epoch} ${sent} ${copying !== null} ${ended}${rest ? ` ${rest.size} to go` : ''}`,
      )
    for (const { migration, loaded, missing, marked, ended, epoch, phase } of incoming.values())
      parts.push(
        `${name} receives ${migration} ${phase} ${epoch} ${loaded} ${marked} ${ended}${missing ? ` ${missing.size} to come` : ''}`,
      )
  }
  return parts.join('; ')
}
