import type { HostProvider } from '@vmferry/core'

/** Two hosts of Xen, a fake one or the real one, as tests see them. */
export interface XenHosts {
  readonly provider: HostProvider
  readonly uri: (host: XenHostName) => string
  /** What xl lists there, as `name flags`, without Domain-0; a guest that runs has the flags of one that waits just then. */
  domains(host: XenHostName): Promise<string[]>
  /** Files of halves, and processes that have to do with them. */
  traces(host: XenHostName): Promise<string[]>
}

export type XenHostName = 'alpha' | 'beta'

export const otherHost = (host: XenHostName): XenHostName => (host === 'alpha' ? 'beta' : 'alpha')
