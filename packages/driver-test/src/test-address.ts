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
      remedy: 'write test:///NAME, test:///NAME?without=live,resource or test+tcp://ADDRESS:PORT/NAME',
    })
  }
  if (uri.transport !== null && uri.transport !== 'tcp')
    refuse('hosts of the test driver are in this process or reached by tcp')
  if (uri.user !== null) refuse('a test host knows no users')
  const host = uri.path.slice(1)
  if (!isHostName(host)) refuse(`'${host}' is no name of a host`)
  const unknown = Object.keys(uri.query).find((key) => !PARAMETERS.includes(key))
  if (unknown !== undefined) refuse(`there is no parameter '${unknown}'`)
  const { without, fencing = null } = uri.query
  return { host, narrowing: { without: without === undefined ? [] : without.split(','), fencing } }
}

const PARAMETERS = ['without', 'fencing']

/** Whether a host can have that name. */
export function isHostName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
}
