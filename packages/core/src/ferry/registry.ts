import {
  type Capabilities,
  CONTRACT,
  type ConnectionUri,
  type Driver,
  type HostProvider,
  vmError,
} from '../driver/index.ts'
import { checkManifest } from '../edge/manifest.ts'

/** A driver that is loaded when it is first needed; `N` and `C` are those of the driver. */
export interface LazyDriver<N extends string = string, C extends Capabilities = Capabilities> {
  readonly lazy: true
  readonly name: N
  load(): Promise<Driver<string, C>>
}

/**
 * A driver by name that is imported when a URI first asks for it: `lazy('qemu', () => import('@vmferry/driver-qemu'))`.
 * The module must export its factory as `driver`.
 */
export function lazy<const N extends string, C extends Capabilities>(
  name: N,
  load: () => Promise<{ readonly driver: () => Driver<string, C> }>,
): LazyDriver<N, C> {
  return { lazy: true, name, load: async () => (await load()).driver() }
}

/** The drivers and host providers of one ferry. */
export interface Registry {
  driverFor(uri: ConnectionUri): Promise<Driver>
  providerFor(uri: ConnectionUri): HostProvider
}

export function registry(
  drivers: readonly (Driver | LazyDriver)[],
  hosts: readonly HostProvider[],
): Registry {
  const loaded = new Map<string, Promise<Driver>>()
  const names = drivers.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw vmError('VM_INVALID', `two drivers are named '${twice}'`)
  for (const driver of drivers)
    if (!('lazy' in driver)) loaded.set(driver.name, Promise.resolve(checked(driver)))

  return {
    async driverFor(uri) {
      const ready = loaded.get(uri.driver)
      if (ready) return ready
      const late = drivers.find(({ name }) => name === uri.driver)
      if (!late || !('lazy' in late)) {
        throw vmError('VM_UNSUPPORTED', `no driver is named '${uri.driver}' (${uri.text})`, {
          remedy: `this ferry has ${names.join(', ') || 'no drivers'}`,
        })
      }
      const loading = late.load().then((driver) => checked(driver, late.name))
      loaded.set(uri.driver, loading)
      loading.catch(() => loaded.delete(uri.driver))
      return loading
    },
    providerFor(uri) {
      const wanted = uri.transport ?? 'local'
      const provider = hosts.find(({ name }) => name === wanted)
      if (provider) return provider
      const known = hosts.map(({ name }) => name).join(', ') || 'none'
      throw vmError('VM_UNSUPPORTED', `no way to reach a host by '${wanted}' (${uri.text})`, {
        remedy: `this ferry has ${known}`,
      })
    },
  }
}

/** The driver, if this core knows its contract and its manifest is one. */
function checked(driver: Driver, name: string = driver.name): Driver {
  const { contract } = driver as { readonly contract: unknown }
  if (contract !== CONTRACT) {
    throw vmError(
      'VM_UNSUPPORTED',
      `the driver '${name}' has contract ${String(contract)}, this core knows ${CONTRACT}`,
      {
        remedy: 'install a driver and a core that belong together',
      },
    )
  }
  if (driver.name !== name)
    throw vmError('VM_INVALID', `the driver for '${name}' calls itself '${driver.name}'`)
  checkManifest(driver.capabilities)
  return driver
}
