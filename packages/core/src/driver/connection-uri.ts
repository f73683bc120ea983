/**
 * A connection URI, taken apart: the control plane, `driver[+transport]://[user@][host][:port][/path][?query]`.
 * `parseConnectionUri` of `@vmferry/core` makes it and has checked every part against an allow-list.
 */
export interface ConnectionUri {
  /** The URI as it was given. Print this; it never holds a password (the parser refuses one). */
  readonly text: string
  /** First half of the scheme, the driver's name: `qemu`. */
  readonly driver: string
  /** Second half of the scheme, how the host is reached: `ssh`; null for this machine (`qemu:///system`). */
  readonly transport: string | null
  readonly user: string | null
  /** A host name, an IPv4 address, or an IPv6 address without brackets; null for this machine. */
  readonly host: string | null
  /** 1 to 65535; null: the transport's default. */
  readonly port: number | null
  /** What follows the host, with its leading slash (`/system`); empty if there is none. */
  readonly path: string
  /** Parameters, decoded. A driver rejects a key that it does not know with VM_INVALID. */
  readonly query: Readonly<Record<string, string>>
}

/**
 * A migration URI: the data plane, as the source sees it. Either a bare host (`transport` is null: any transport that
 * leads to that host), or `transport://[user@]host[:port][/path]`.
 */
export interface MigrationUri {
  /** The URI as it was given. */
  readonly text: string
  /** One of the driver's `uriTransports`; null when only a host was given. */
  readonly transport: string | null
  readonly user: string | null
  /** Name or address **as seen from the source**; null where the transport needs none (`unix:///path`). */
  readonly host: string | null
  readonly port: number | null
  /** Empty if there is none. */
  readonly path: string
}
