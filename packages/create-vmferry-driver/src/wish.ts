import { basename, resolve } from 'node:path'
import { checkLicence, type Licence } from './licence.ts'
import { refusal } from './refusal.ts'
import { checkScheme, schemeOf } from './scheme.ts'

/** What is to be written, and where. */
export interface Wish {
  readonly folder: string
  readonly name: string
  readonly scheme: string
  readonly licence: Licence
}

/** As much of it as somebody has said. */
export type Said = { readonly [K in keyof Wish]?: string | undefined }

/** Fills in what was not said; a refusal says what is wrong and what to do. */
export function wishFrom(said: Said, cwd: string): Wish {
  const known = said.folder === undefined ? undefined : basename(resolve(cwd, said.folder))
  const fallback = said.scheme === undefined ? undefined : `vmferry-driver-${said.scheme}`
  const name = said.name ?? known ?? fallback
  if (name === undefined)
    throw refusal('nothing says what the driver is called', 'give a folder, or --name, or --scheme')
  checkName(name)
  return {
    folder: resolve(cwd, said.folder ?? ownPart(name)),
    name,
    scheme: checkScheme(said.scheme ?? schemeOf(name)),
    licence: checkLicence(said.licence ?? 'Apache-2.0'),
  }
}

/** The name, or a refusal that says what one is. */
export function checkName(name: string): string {
  if (/^(@[a-z0-9-][a-z0-9-._]*\/)?[a-z0-9-][a-z0-9-._]*$/.test(name) && name.length <= 214) return name
  throw refusal(
    `'${name}' cannot be the name of an npm package`,
    'give --name lower-case letters, digits, - . and _, with a scope or without: --name vmferry-driver-acme',
  )
}

/** A name without its scope. */
export function ownPart(name: string): string {
  return name.replace(/^@[^/]*\//, '')
}
