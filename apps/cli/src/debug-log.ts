import { inspect } from 'node:util'
import type { Logger } from '@vmferry/core'
import { printable } from './printable.ts'

/** Diagnostics as lines for standard error. */
export function debugLog(say: (line: string) => void): Logger {
  const write =
    (level: string) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      const more = fields ? ` ${inspect(fields, { breakLength: Number.POSITIVE_INFINITY })}` : ''
      say(printable(`${level}: ${message}${more}`))
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
