import { parseArgs } from 'node:util'
import { vmError } from '@vmferry/core/driver'
import { isHostName } from '../test-address.ts'
import { type Address, addressText, DEFAULT_ADDRESS, parseAddress } from './address.ts'

/** What `vmferry-test-host` was told. */
export interface HostOptions {
  readonly listen: Address
  readonly host: string
  /** Null: as a world has it. */
  readonly linkBytesPerSecond: number | null
  readonly help: boolean
  readonly version: boolean
}

export const USAGE: string = `usage: vmferry-test-host [--listen ADDRESS:PORT] [--host NAME] [--link-bytes-per-second N]

A host of the driver test in a process of its own, for tests of orchestration over a real network. Prints its connection
URI when it is ready, and serves until it gets SIGINT or SIGTERM. There is no authentication: never expose it.

  --listen ADDRESS:PORT       default ${addressText(DEFAULT_ADDRESS)}; port 0 picks a free one
  --host NAME                 default 'default', which has the running domains web1 and db1; any other is empty
  --link-bytes-per-second N   speed of the links to other hosts; default 75497472 (72 MiB/s)
  --help, --version
`

/** Reads the arguments. VM_INVALID for any that it does not know. */
export function hostOptions(argv: readonly string[]): HostOptions {
  const { values } = parsed(argv)
  const listen = values.listen === undefined ? DEFAULT_ADDRESS : parseAddress(values.listen)
  const speed = values['link-bytes-per-second']
  const { host = 'default', help = false, version = false } = values
  if (!listen)
    throw refused(`--listen ${values.listen}: write ADDRESS:PORT, as in 127.0.0.1:7070 or [::1]:7070`)
  if (!isHostName(host)) throw refused(`--host ${host}: that is no name of a host`)
  if (speed !== undefined && !/^[1-9]\d{0,14}$/.test(speed))
    throw refused(`--link-bytes-per-second ${speed}: it takes a positive whole number`)
  return { listen, host, linkBytesPerSecond: speed === undefined ? null : Number(speed), help, version }
}

function parsed(argv: readonly string[]): ReturnType<typeof parseOptions> {
  try {
    return parseOptions(argv)
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error))
  }
}

function parseOptions(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS })
}

const OPTIONS = {
  listen: { type: 'string' },
  host: { type: 'string' },
  'link-bytes-per-second': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const

function refused(what: string): Error {
  return vmError('VM_INVALID', what, { remedy: 'vmferry-test-host --help' })
}
