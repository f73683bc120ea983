import { type ConnectionUri, type MigrationUri, vmError } from './driver/index.ts'
export function parseConnectionUri(text: string): ConnectionUri {
  const m =
    /^([a-z][a-z0-9]*)(?:\+([a-z][a-z0-9]*))?:\/\/(?:([^@/]*)@)?(\[[^\]]*\]|[^:/?]*)(?::(\d+))?(\/[^?]*)?(?:\?(.*))?$/.exec(
      text,
    )
  if (!m) throw vmError('VM_INVALID', `${JSON.stringify(text)} is not a connection URI`)
  return {
    text,
    driver: m[1] ?? '',
    transport: m[2] ?? null,
    user: m[3] ?? null,
    host: m[4]?.replace(/[[\]]/g, '') || null,
    port: m[5] ? Number(m[5]) : null,
    path: m[6] ?? '',
    query: Object.fromEntries(new URLSearchParams(m[7] ?? '')),
  }
}
export function formatConnectionUri(uri: ConnectionUri): string {
  return uri.text
}
export function parseMigrationUri(text: string): MigrationUri {
  const m = /^(?:([a-z][a-z0-9-]*):\/\/)?(?:([^@/]*)@)?(\[[^\]]*\]|[^:/?]*)(?::(\d+))?(\/.*)?$/.exec(text)
  if (!m || (!m[3] && !m[5])) throw vmError('VM_INVALID', `${JSON.stringify(text)} is not a migration URI`)
  return {
    text,
    transport: m[1] ?? null,
    user: m[2] ?? null,
    host: m[3] || null,
    port: m[4] ? Number(m[4]) : null,
    path: m[5] ?? '',
  }
}
