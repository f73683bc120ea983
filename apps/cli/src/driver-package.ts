import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { type Driver, vmError } from '@vmferry/core/driver'

/** Loads the driver of a package as the folder `from` sees it, and calls its `driver()`. */
export async function driverOfPackage(name: string, from: string): Promise<Driver> {
  const loaded = await load(name, from).catch((error: unknown) => {
    const words = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw vmError('VM_NOT_FOUND', `the driver package '${name}' cannot be loaded from ${from}`, {
      remedy: `npm install ${name}, in the folder where you call vmferry`,
      causes: [{ host: 'controller', words }],
      cause: error,
    })
  })
  if (typeof loaded.driver !== 'function')
    throw vmError('VM_INVALID', `the package '${name}' exports no function named 'driver'`, {
      remedy: 'give the name of a vmferry driver package',
    })
  return (loaded.driver as () => Driver)()
}

async function load(name: string, from: string): Promise<{ readonly driver?: unknown }> {
  const path = createRequire(`${from}/`).resolve(name)
  return (await import(pathToFileURL(path).href)) as { readonly driver?: unknown }
}
