import type { ConnectionUri, MigrationUri } from '@vmferry/core/driver'

/** Where a test host listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** Where test hosts listen if nobody says otherwise. */
export const DEFAULT_ADDRESS: Address = { host: '127.0.0.1', port: 7070 }

/** `127.0.0.1:7070`, `[::1]:7070`. */
export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The inverse of {@link addressText}; null for anything else. */
export function parseAddress(text: string): Address | null {
  const [, v6, name, digits] = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text) ?? []
  const host = v6 ?? name
  const port = Number(digits)
  return host !== undefined && port <= 65_535 ? { host, port } : null
}

/** Where a target listens as the source sees it: what the migration URI says, for the rest the connection URI. */
export function targetAddress(connection: ConnectionUri, way: MigrationUri | null): Address {
  return {
    host: way?.host ?? connection.host ?? DEFAULT_ADDRESS.host,
    port: way?.port ?? connection.port ?? DEFAULT_ADDRESS.port,
  }
}
