import { type DirectMigration, defineCapabilities, vmError } from '@vmferry/core/driver'
import { type BrokenDriver, broken, misdeclared } from './broken-driver.ts'

const closed = async (): Promise<never> => {
  throw vmError('VM_CONNECTION', 'there is no such connection')
}
const nothing: DirectMigration = { check: closed, migrate: closed, inspect: closed }

export const brokenManifests: readonly BrokenDriver[] = [
  misdeclared('manifest.contract', 'is made for another contract', (driver) => ({
    ...driver,
    contract: 2 as unknown as 1,
  })),
  misdeclared('manifest.complete', 'says nothing about guests that are off', (driver) => {
    const { offline: _, ...rest } = driver.capabilities
    return { ...driver, capabilities: Object.freeze(rest) as typeof driver.capabilities }
  }),
  misdeclared('manifest.frozen', 'lets anybody change its list of streams', (driver) => {
    const { capabilities } = driver
    return { ...driver, capabilities: Object.freeze({ ...capabilities, streams: [...capabilities.streams] }) }
  }),
  misdeclared('manifest.json', 'has a feature that is neither true nor false', (driver) => {
    const features = Object.freeze({
      ...driver.capabilities.features,
      multifd: undefined as unknown as boolean,
    })
    return { ...driver, capabilities: Object.freeze({ ...driver.capabilities, features }) }
  }),
  misdeclared('manifest.constant', 'makes a new manifest each time', (driver) => ({
    ...driver,
    get capabilities() {
      return defineCapabilities({ ...driver.capabilities })
    },
  })),
  broken('manifest.narrowed', 'has a host that can do more than the driver', () => ({
    connect:
      (next) =>
      async (...words) => {
        const connection = await next(...words)
        return { ...connection, capabilities: { ...connection.capabilities, offline: true } }
      },
  })),
  broken('manifest.members', 'has phases and the one call', () => ({
    connect:
      (next) =>
      async (...words) => ({ ...(await next(...words)), direct: nothing }),
  })),
]
