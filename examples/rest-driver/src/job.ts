import type { MigrationRequest } from '@vmferry/core/driver'

/** A migration of the cluster's own, as its interface tells it. Its id is that of vmferry's migration. */
export interface Job {
  readonly id: string
  readonly domain: string
  readonly from: string
  readonly to: string
  readonly state: 'running' | 'done' | 'cancelled' | 'failed'
  readonly bytes: number
  readonly totalBytes: number
  readonly note: { readonly request: MigrationRequest; readonly epoch: number }
}
