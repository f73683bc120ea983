import type { QmpValue } from './value.ts'

/** A member of an object type, which a command's arguments are too; of an alternate; or a value of an enum. */
export interface SchemaMember {
  /** Absent in an alternate. */
  readonly name?: string
  /** Absent in an enum. */
  readonly type?: string
  /** Present: the member is optional, and this is its default (always null so far). */
  readonly default?: QmpValue
  readonly features?: readonly string[]
}

/** One entry of `query-qmp-schema`. The names of types mean nothing: they are numbers that change with every build. */
export interface SchemaEntry {
  readonly name: string
  readonly 'meta-type':
    | 'builtin'
    | 'enum'
    | 'array'
    | 'object'
    | 'alternate'
    | 'command'
    | 'event'
    | (string & {})
  readonly features?: readonly string[]
  /** Commands and events: the type of what they carry. */
  readonly 'arg-type'?: string
  /** Commands: the type of what they return. */
  readonly 'ret-type'?: string
  readonly 'allow-oob'?: boolean
  /** Objects: the members; enums since QEMU 6.2: the values. */
  readonly members?: readonly SchemaMember[]
  /** Objects: the member whose value picks one of the variants. */
  readonly tag?: string
  readonly variants?: readonly { readonly case: string; readonly type: string }[]
  /** Enums: the values. */
  readonly values?: readonly string[]
  /** Arrays. */
  readonly 'element-type'?: string
}
