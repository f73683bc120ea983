import type { JsonObject } from '@vmferry/core/driver'
import type { Step } from '@vmferry/fence'
import type { MigrationCapabilityState, MigrationParameters } from '@vmferry/qmp'
import { attempt } from '../fence/step.ts'
import { PLAINTEXT } from '../tls/steps.ts'

/** What a migration sets, and a QEMU keeps from one to the next. TLS is told apart: its credentials are objects. */
const PARAMETERS = ['max-bandwidth', 'downtime-limit', 'max-postcopy-bandwidth', 'multifd-channels'] as const
const CAPABILITIES = [
  'events',
  'return-path',
  'auto-converge',
  'pause-before-switchover',
  'multifd',
  'postcopy-ram',
]

/** How a QEMU was set before a migration, for its record. */
export function found(
  parameters: MigrationParameters,
  capabilities: readonly MigrationCapabilityState[],
): JsonObject {
  return {
    parameters: Object.fromEntries(PARAMETERS.flatMap((name) => entry(name, parameters[name]))),
    capabilities: capabilities
      .filter(({ capability }) => CAPABILITIES.includes(capability))
      .map(({ capability, state }) => ({ capability, state })),
    // '' is what QEMU says where none is set
    plain: parameters['tls-creds'] === '',
  }
}

/** Names of the capabilities that a QEMU has, of those that a migration sets. */
export function knownIn(before: JsonObject | undefined): readonly string[] {
  return before ? (before as unknown as Found).capabilities.map(({ capability }) => capability) : []
}

/** Sets a QEMU as it was found. A record from before that was asked has nothing: nothing had been set either. */
export function putBack(before: JsonObject | undefined): readonly Step[] {
  if (!before) return PLAINTEXT
  const { parameters, capabilities } = before as unknown as Found
  return [
    attempt('migrate-set-capabilities', { capabilities }),
    attempt('migrate-set-parameters', parameters),
    ...PLAINTEXT,
  ]
}

interface Found {
  readonly parameters: MigrationParameters
  readonly capabilities: readonly MigrationCapabilityState[]
}

function entry(name: string, value: unknown): [string, number][] {
  return value === undefined ? [] : [[name, Number(value)]]
}
