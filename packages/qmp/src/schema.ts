import { vmError } from '@vmferry/core/driver'
import type { MigrationCapabilityName } from './migration.ts'
import type { SchemaEntry } from './schema-entry.ts'

/** What a QEMU can do, by its own description of itself. */
export interface QmpSchema {
  hasCommand(name: string): boolean
  hasEvent(name: string): boolean
  /**
   * Whether a command takes an argument. `path` is its name, or names joined by dots that lead into nested objects;
   * arrays and variants are passed through: `hasArgument('migrate', 'channels.addr.transport')`.
   */
  hasArgument(command: string, path: string): boolean
  /** Whether an argument (a path as above) may have that value, its type being an enumeration. */
  hasEnumValue(command: string, path: string, value: string): boolean
  /** Whether a command bears a feature mark: `deprecated`, `unstable`, … */
  feature(command: string, feature: string): boolean
  /** Whether a command may be sent out of band. */
  allowsOob(command: string): boolean
  /** Whether `migrate-set-parameters` knows the parameter. */
  hasMigrationParameter(name: string): boolean
  /** Whether `migrate-set-capabilities` knows the capability; whether the host can do it shows only when it is set. */
  hasMigrationCapability(name: MigrationCapabilityName): boolean
}

/** Reads the reply to `query-qmp-schema`. Rejects with VM_PROTOCOL what is no such reply. */
export function qmpSchema(entries: readonly SchemaEntry[]): QmpSchema {
  const list: unknown = entries
  if (!Array.isArray(list)) throw vmError('VM_PROTOCOL', 'the reply to query-qmp-schema is not a list')
  const byName = new Map(entries.map((entry) => [entry.name, entry]))

  return {
    hasCommand: (name) => command(name) !== undefined,
    hasEvent: (name) => byName.get(name)?.['meta-type'] === 'event',
    hasArgument: (name, path) => argumentTypes(name, path).length > 0,
    hasEnumValue,
    feature: (name, feature) => command(name)?.features?.includes(feature) ?? false,
    allowsOob: (name) => command(name)?.['allow-oob'] ?? false,
    hasMigrationParameter: (name) => argumentTypes('migrate-set-parameters', name).length > 0,
    hasMigrationCapability: (name) =>
      hasEnumValue('migrate-set-capabilities', 'capabilities.capability', name),
  }

  function command(name: string): SchemaEntry | undefined {
    const entry = byName.get(name)
    return entry?.['meta-type'] === 'command' ? entry : undefined
  }

  function hasEnumValue(name: string, path: string, value: string): boolean {
    return argumentTypes(name, path).some((type) =>
      element(type).some(
        ({ 'meta-type': meta, values, members }) =>
          meta === 'enum' &&
          (values?.includes(value) || (members ?? []).some((member) => member.name === value)),
      ),
    )
  }

  /** The types that an argument may have: several where variants or alternates share a name, none where it is unknown. */
  function argumentTypes(name: string, path: string): readonly string[] {
    const start = command(name)?.['arg-type']
    let types = start === undefined ? [] : [start]
    // Variants share types: without the set, each step of the path would multiply them.
    for (const step of path.split('.'))
      types = Array.from(new Set(types.flatMap((type) => memberTypes(type, step))))
    return types
  }

  function memberTypes(type: string, name: string): readonly string[] {
    return element(type).flatMap((entry) => {
      if (entry['meta-type'] !== 'object') return []
      const own = (entry.members ?? []).flatMap((member) => (member.name === name ? (member.type ?? []) : []))
      return own.concat((entry.variants ?? []).flatMap((variant) => memberTypes(variant.type, name)))
    })
  }

  /** The type without its arrays and alternates. QAPI types may contain themselves, hence the `seen`. */
  function element(type: string, seen: ReadonlySet<string> = new Set()): readonly SchemaEntry[] {
    const entry = byName.get(type)
    if (entry === undefined || seen.has(type)) return []
    const further = new Set([...seen, type])
    if (entry['meta-type'] === 'array') return element(entry['element-type'] ?? '', further)
    if (entry['meta-type'] === 'alternate') {
      return (entry.members ?? []).flatMap((member) => element(member.type ?? '', further))
    }
    return [entry]
  }
}
