import { type ConnectionUri, vmError } from '@vmferry/core/driver'

/** What a connection URI of this driver says. */
export interface TestAddress {
  /** Name of the host in the world. */
  readonly host: string
  /** Abilities that the connection is to lack. */
  readonly without: readonly string[]
}

/** Takes `test:///NAME?without=…` apart. VM_INVALID for anything else, so that a typing error never makes a host. */
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
  const unknown = Object.keys(uri.query).find((key) => key !== 'without')
  if (unknown !== undefined) refuse(`there is no parameter '${unknown}'`)
  const { without } = uri.query
  return { host, without: without === undefined ? [] : without.split(',') }
}

const HOST_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
