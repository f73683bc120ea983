import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ConformanceSetup, type HostProvider, vmError } from '@vmferry/core/driver'

/** The `setup` of a package's subpath `./conformance`, or of a file, as the folder `from` sees it. */
export async function loadSetup(name: string, file: string | null, from: string): Promise<ConformanceSetup> {
  const what = file ?? `${name}/conformance`
  const path = file === null ? resolved(what, name, from) : resolve(from, file)
  const loaded = (await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw vmError('VM_INVALID', `${what} cannot be loaded`, {
      causes: [{ host: 'controller', words: String(error) }],
    })
  })) as { readonly setup?: ConformanceSetup }
  if (typeof loaded.setup?.stage === 'function') return loaded.setup
  throw vmError('VM_INVALID', `${what} exports no 'setup' with a stage()`, {
    remedy: "export const setup: ConformanceSetup from it; the type is in '@vmferry/core/driver'",
  })
}

/** The ways to hosts of `@vmferry/host`, if that folder has it: most drivers need one. */
export async function loadHosts(from: string): Promise<readonly HostProvider[]> {
  try {
    const path = createRequire(`${from}/`).resolve('@vmferry/host')
    const { local, ssh } = (await import(pathToFileURL(path).href)) as Record<
      'local' | 'ssh',
      () => HostProvider
    >
    return [local(), ssh()]
  } catch {
    return []
  }
}

function resolved(what: string, name: string, from: string): string {
  try {
    return createRequire(`${from}/`).resolve(what)
  } catch (error) {
    const words = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw vmError('VM_NOT_FOUND', `the package '${name}' has no './conformance' that ${from} can load`, {
      remedy: `npm install ${name}, or give the setup's file with --setup`,
      causes: [{ host: 'controller', words }],
    })
  }
}
