import type { Capabilities, Driver } from '../driver/index.ts'
import type { MigrateOptions } from '../migration/options.ts'
import type { LazyDriver } from './registry.ts'

/**
 * All of the type-level work. A driver's manifest is a literal type, so what it denies is known before anything runs:
 * asking for it does not compile. Whatever is not known then (a URI that is read from somewhere, a driver without
 * literal types) is as wide as the contract, and `negotiate` checks it when it runs, as it checks everything.
 */

/** A driver in either of its forms. */
export type AnyDriver = Driver | LazyDriver

/** The manifests of drivers, by the drivers' names. */
export type Manifests<D extends AnyDriver> = {
  readonly [A in D as A['name']]: A extends Driver<string, infer C> | LazyDriver<string, infer C> ? C : never
}

/** The manifest of the driver that a connection URI names, as far as both are known literally. */
export type ManifestAt<M extends Record<string, Capabilities>, U extends string> =
  M extends Readonly<Record<DriverNamed<U>, infer C extends Capabilities>> ? C : Capabilities

/** `qemu` of `qemu:///system` and of `qemu+ssh://alpha/system`; empty, which is no driver's name, if it is not literal. */
type DriverNamed<U extends string> = U extends `${infer S}:${string}`
  ? string extends S
    ? ''
    : S extends `${infer N}+${string}`
      ? N
      : S
  : ''

/** What is left of a manifest on one host: what it denies stays denied, all else the host may narrow. */
export type OnHost<C extends Capabilities> = {
  readonly [K in keyof Capabilities]: C[K] extends false ? false : Capabilities[K]
}

/** The ability that each wish needs, and the value that asks for nothing and is always allowed. */
interface Needs {
  readonly live: { readonly ability: 'live'; readonly idle: false }
  readonly bandwidth: { readonly ability: 'resource'; readonly idle: 0 }
  readonly rename: { readonly ability: 'domainRename'; readonly idle: never }
  readonly postCopy: { readonly ability: 'postCopy'; readonly idle: false }
  readonly paused: { readonly ability: 'startPaused'; readonly idle: false }
  readonly maxDowntime: { readonly ability: 'maxDowntime'; readonly idle: never }
  readonly autoConverge: { readonly ability: 'autoConverge'; readonly idle: false }
  readonly abortOnError: { readonly ability: 'abortOnError'; readonly idle: false }
  readonly copyStorage: { readonly ability: 'copyStorage'; readonly idle: false }
  readonly connections: { readonly ability: 'multifd'; readonly idle: 1 }
}

/** What the compiler names when a wish cannot be fulfilled; nothing is ever of this type. */
export interface Lacking<What extends string> {
  readonly lacking: What
}

/**
 * Options of a migration from a driver with the manifest `S` to one with `T`, where `U` is the type of the migration
 * URI: `MigrateOptions`, less what an end denies.
 */
export type Wishes<S extends Capabilities, T extends Capabilities, U extends string> = MigrateOptions &
  Refused<S, T> & { readonly uri?: Way<S, T, U> }

/** For each wish that an end denies, the value that is left of it. */
type Refused<S, T> = {
  readonly [K in keyof Needs as true extends Ability<S, Needs[K]['ability']> & Ability<T, Needs[K]['ability']>
    ? never
    : K]?: Needs[K]['idle'] | Lacking<Needs[K]['ability']>
}

/** A flag of the manifest or one of its extras, by name; false for an extra that is not there. */
type Ability<C, Name extends string> = C extends Capabilities
  ? Name extends keyof C
    ? C[Name]
    : string extends keyof C['features']
      ? boolean
      : Name extends keyof C['features']
        ? C['features'][Name]
        : false
  : never

/** A migration URI; if it is literal, its transport must be in both manifests. A bare host always passes. */
type Way<S, T, U extends string> = U &
  (U extends `${infer N}://${string}`
    ? string extends N
      ? U
      : N extends Transport<S> & Transport<T>
        ? U
        : Lacking<`transport ${N}`>
    : U)

type Transport<C> = C extends Capabilities ? C['uriTransports'][number] : never
