import { refusal } from './refusal.ts'

/** A scheme is also the name of a function, which TypeScript's words and some of the template's cannot be. */
const TAKEN: ReadonlySet<string> = new Set(
  `driver setup host source target await break case catch class const continue debugger default delete do else enum export extends false finally for
  function if implements import in instanceof interface let new null package private protected public return static super
  switch this throw true try typeof undefined var void while with yield eval arguments`.split(/\s+/),
)

/** The scheme, or a refusal that says what one is. */
export function checkScheme(scheme: string): string {
  if (!/^[a-z][a-z0-9]*$/.test(scheme))
    throw refusal(
      `'${scheme}' cannot be the scheme of a URI`,
      'give --scheme lower-case letters and digits, a letter first: --scheme acme',
    )
  if (TAKEN.has(scheme))
    throw refusal(
      `'${scheme}' cannot be the name of the driver's function`,
      'give another --scheme: this word is taken in the code that would be written',
    )
  return scheme
}

/** `acme` for `vmferry-driver-acme`, `@you/driver-acme` and `acme-driver`. */
export function schemeOf(name: string): string {
  const own = name.replace(/^@[^/]*\//, '').replace(/^(vmferry-)?driver-|-driver$/g, '')
  return own.toLowerCase().replace(/[^a-z0-9]/g, '')
}
