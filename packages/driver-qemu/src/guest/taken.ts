import { vmError } from '@vmferry/core/driver'
import type { Definition } from './definition.ts'
import type { Guest } from './list.ts'

/** What a guest has that was given none; any number of guests may have it. */
export const NO_UUID = '00000000-0000-0000-0000-000000000000'

/** VM_EXISTS if one of the guests has the name or the uuid. */
export function refuseTaken(guests: readonly Guest[], { name, uuid }: Definition, host: string): void {
  const taken = guests.map(({ definition }) => definition)
  const same = taken.find((other) => other.name === name || (other.uuid === uuid && uuid !== NO_UUID))
  if (!same) return
  const what = same.name === name ? `the name '${name}'` : `the uuid ${uuid}`
  throw vmError('VM_EXISTS', `${what} is taken on ${host} by '${same.name}'`, {
    host,
    remedy: 'choose another one',
  })
}
