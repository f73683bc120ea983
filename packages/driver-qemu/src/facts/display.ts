import type { Finding, MigrationRequest } from '@vmferry/core/driver'
import { optionsNamed } from '../guest/command-line.ts'
import { isOn, optionValue, parseOptionList } from '../guest/option-list.ts'
import { spiceHost, spiceServer } from '../guest/spice.ts'
import { warning } from './finding.ts'

/** What whoever looks at a guest's display loses when it moves. */
export function displayFindings(name: string, argv: readonly string[], request: MigrationRequest): Finding[] {
  return [
    ...(vncOptions(argv).some(isUnknownPassword) ? [vncPassword(name)] : []),
    ...spiceFindings(name, argv, request),
  ]
}

function vncOptions(argv: readonly string[]): string[] {
  const displays = optionsNamed(argv, 'display')
    .filter((value) => value.startsWith('vnc='))
    .map((value) => value.slice('vnc='.length))
  return [...optionsNamed(argv, 'vnc'), ...displays]
}

/** One that is asked for and can only be set on a monitor: QEMU tells it to nobody. */
function isUnknownPassword(text: string): boolean {
  const options = parseOptionList(text, 'address')
  return isOn(options, 'password') && optionValue(options, 'password-secret') === undefined
}

function vncPassword(name: string): Finding {
  return warning(
    'source',
    'vnc-password',
    `the VNC password of '${name}' was set while it ran, and its QEMU tells it to nobody: nobody can log in at the target`,
    'set it there once the guest has moved, or start the guest with -object secret and password-secret=',
  )
}

/** Clients that follow the guest lose nothing. */
function spiceFindings(name: string, argv: readonly string[], request: MigrationRequest): Finding[] {
  const server = spiceServer(argv)
  if (!server) return []
  if (server.unknownPassword) return [spicePassword(name)]
  return spiceHost(server, request) === null ? [spiceClients(name)] : []
}

function spicePassword(name: string): Finding {
  return warning(
    'source',
    'spice-password',
    `the SPICE password of '${name}' was set while it ran, and its QEMU tells it to nobody: clients lose their connection, and nobody can log in at the target`,
    'set it there once the guest has moved, or start the guest with -object secret and password-secret=',
  )
}

function spiceClients(name: string): Finding {
  return warning(
    'source',
    'spice-clients',
    `SPICE clients of '${name}' lose their connection when it moves: its server listens for its host alone, or nothing names the host of the target`,
    'connect them to the target then',
  )
}
