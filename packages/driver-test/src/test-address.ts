import { type ConnectionUri, vmError } from '@vmferry/core/driver'
import type { Narrowing } from './capabilities.ts'

/** What a connection URI of this driver says. */
export interface TestAddress {
  /** Name of the host in the world. */
  readonly host: string
  /** What the connection is to have less than the driver. */
  readonly narrowing: Narrowing
}

/** Takes `test:///NAME?without=…&fencing=…` apart. VM_INVALID for anything else, so that a typing error never makes a host. */
export function testAddress(uri: ConnectionUri): TestAddress {
  const refuse = (what: string): never => {
    throw vmError('VM_INVALID', `${uri.text}: ${what}`, {
      remedy: 'write test:///NAME or test:///NAME?without=live,resource',
    })
  }
  if (uri.transport !== null || uri.host !== null || uri.user !== null || uri.port !== null)
    refuse('hosts of the test driver are in this process, they have no transport and no address')
  const host = uri.path.slice(1)
  if (!HOST_NAME.test(host)) refuse(`'${host}' is no name of a host`)
  const unknown = Object.keys(uri.query).find((key) => !PARAMETERS.includes(key))
  if (unknown !== undefined) refuse(`there is no parameter '${unknown}'`)
  const { without, fencing = null } = uri.query
  return { host, narrowing: { without: without === undefined ? [] : without.split(','), fencing } }
}

const PARAMETERS = ['without', 'fencing']

const HOST_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
