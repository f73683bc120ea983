/** The names of the hosts. */
export type XenHostName = 'alpha' | 'beta'

/** Both, in the order in which they are started. */
export const xenHostNames: readonly XenHostName[] = ['alpha', 'beta']

/** Their addresses on the link between them. Equal in every lab: no address leaves it. */
export const linkAddresses: Readonly<Record<XenHostName, string>> = {
  alpha: '10.99.0.1',
  beta: '10.99.0.2',
}

/** The other one. */
export const otherHost = (name: XenHostName): XenHostName => (name === 'alpha' ? 'beta' : 'alpha')
