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
  if (guest.state !== 'incoming') return isAlive({ host, guest })
  const files = [...(world.hosts.get(host)?.incoming.values() ?? [])]
  return files.some((file) => file.guest === guest && file.loaded)
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
    for (const { migration, sent, copying, ended, epoch, phase } of outgoing.values())
      parts.push(`${name} sends ${migration} ${phase} ${epoch} ${sent} ${copying !== null} ${ended}`)
    for (const { migration, loaded, marked, ended, epoch, phase } of incoming.values())
      parts.push(`${name} receives ${migration} ${phase} ${epoch} ${loaded} ${marked} ${ended}`)
  }
  return parts.join('; ')
}
