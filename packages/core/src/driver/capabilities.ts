import type { Phase } from './phase.ts'

/**
 * The manifest: all that a driver can ever do, as frozen JSON data. Core reads it in one place before any side effect,
 * the capabilities document is printed from it, and the conformance kit proves it. A host may only narrow it.
 */
export interface Capabilities {
  /** The guest can keep running while it is copied. `<live/>` of the 2007 proposal. Default false. */
  readonly live: boolean
  /** A bandwidth limit is obeyed. `<resource/>`: without it any limit but 0 is refused. Default false. */
  readonly resource: boolean
  /** The domain can get another name at the target. `<domain_rename/>`: without it any new name is refused. Default false. */
  readonly domainRename: boolean
  /** Schemes of migration URIs, best first: `['unix', 'ssh', 'tcp']`. Default none. */
  readonly uriTransports: readonly string[]
  /**
   * Wire formats of the migration stream, as `qemu`; source and target must share one. Core never compares driver
   * names. Default none.
   */
  readonly streams: readonly string[]
  /** `phased`: the connection has `source` and `target`. `direct`: it has `direct`. Default `phased`. */
  readonly handover: 'phased' | 'direct'
  /**
   * What keeps an old controller out after a new claim: the host compares epochs (`host`), the old one's session is
   * ended (`session`), or nothing does (`none`). Default `none`.
   */
  readonly fencing: 'host' | 'session' | 'none'
  /** The last phase after which `abort()` on the source still restores the guest there. Default `never`. */
  readonly abortableUntil: Phase | 'never'
  /** `bytes`: exact and moving; `coarse`: now and then; `none`. Default `none`. */
  readonly progress: 'bytes' | 'coarse' | 'none'
  /** The guest can be run at the target before its memory is there. Default false. */
  readonly postCopy: boolean
  /** A domain that is switched off can be moved: its definition. Default false. */
  readonly offline: boolean
  /** A paused guest can be moved, and stays paused. Default false. */
  readonly pausedGuests: boolean
  /**
   * Documented extras, by name: `copyStorage`, `multifd`, `maxDowntime`, `autoConverge`, `abortOnError`, `startPaused`,
   * `suspend`. Default none.
   */
  readonly features: Readonly<Record<string, boolean>>
}

/** What a manifest says where its driver says nothing: no ability at all. */
export const DEFAULT_CAPABILITIES = {
  live: false,
  resource: false,
  domainRename: false,
  uriTransports: [],
  streams: [],
  handover: 'phased',
  fencing: 'none',
  abortableUntil: 'never',
  progress: 'none',
  postCopy: false,
  offline: false,
  pausedGuests: false,
  features: {},
} as const

/**
 * A complete manifest in literal types: those of the abilities that a driver gives, the defaults for the others. An
 * ability that may or may not be given is as wide as the contract has it.
 */
export type Manifest<A extends Partial<Capabilities>> = {
  readonly [K in keyof Capabilities]: K extends keyof A
    ? undefined extends A[K]
      ? Capabilities[K]
      : Extract<A[K], Capabilities[K]>
    : (typeof DEFAULT_CAPABILITIES)[K]
}

/** Fills in the defaults and freezes the whole: a flag that is added to the contract later breaks no driver. */
export function defineCapabilities<const A extends Partial<Capabilities>>(abilities: A): Manifest<A> {
  const complete = { ...DEFAULT_CAPABILITIES, ...abilities }
  Object.freeze(complete.uriTransports)
  Object.freeze(complete.streams)
  Object.freeze(complete.features)
  return Object.freeze(complete) as Manifest<A>
}
