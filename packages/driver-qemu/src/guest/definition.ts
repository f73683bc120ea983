import type { JsonObject } from '@vmferry/core/driver'
import { vmError } from '@vmferry/core/driver'
import type { GuestFolder } from './run-directory.ts'

/** A guest as this driver keeps it on a host: what is needed to start its QEMU again elsewhere. */
export interface Definition {
  readonly name: string
  readonly uuid: string
  /** The QEMU command line as it was given, binary first, without what the driver adds. */
  readonly argv: readonly string[]
}

export function definitionToJson({ name, uuid, argv }: Definition): JsonObject {
  return { name, uuid, argv }
}

/** Reads a definition from a host's file or an offer; VM_PROTOCOL, naming where it stands, if it is none. */
export function definitionFromJson(value: unknown, where: string): Definition {
  const { name, uuid, argv } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<Definition>
  const strings = Array.isArray(argv) && argv.length > 0 && argv.every((word) => typeof word === 'string')
  if (typeof name === 'string' && typeof uuid === 'string' && strings) return { name, uuid, argv }
  throw vmError('VM_PROTOCOL', `${where} does not hold the definition of a guest`)
}

/** Not a name that a user would think of. */
const FENCE_ID = 'vmferry-fence'

/** The whole command line of a guest's process: the definition, and what the driver needs to look after it. */
export function launchArguments(
  { name, uuid, argv }: Definition,
  { fence, monitor, spareMonitor }: GuestFolder,
  incoming: boolean,
): string[] {
  const [binary = '', ...words] = argv
  const ours = [
    '-name',
    name,
    '-uuid',
    uuid,
    '-chardev',
    `pipe,id=${FENCE_ID},path=${fence}`,
    '-mon',
    `chardev=${FENCE_ID},mode=control`,
    ...[monitor, spareMonitor].flatMap((path) => ['-qmp', `unix:${path},server=on,wait=off`]),
  ]
  return [
    binary,
    ...words.filter((_, at) => !isUuidOption(words, at)),
    ...ours,
    ...(incoming ? ['-S', '-incoming', 'defer'] : []),
  ]
}

/** A uuid that the user gave is the definition's uuid: it is said once. */
function isUuidOption(words: readonly string[], at: number): boolean {
  const names = ['-uuid', '--uuid']
  return names.includes(words[at] ?? '') || names.includes(words[at - 1] ?? '')
}
