import { vmError } from '@vmferry/core/driver'

/**
 * Writes an argument vector as one line for a remote login shell, which then sees exactly these words and nothing to
 * expand. Every word is quoted, so that a reserved word or `NAME=value` in first place is a word as well. Backslashes
 * stand outside the quotes because fish reads them inside; sh, bash, zsh and ksh agree on this form.
 *
 * @throws VM_INVALID for an empty vector or a word with a NUL, which no argument can hold
 */
export function quoteArgv(argv: readonly string[]): string {
  if (argv.length === 0) throw vmError('VM_INVALID', 'an empty argument vector names no program')
  return argv.map(quoteWord).join(' ')
}

/** A word of {@link quoteArgv}. */
export function quoteWord(word: string): string {
  if (word.includes('\0')) {
    throw vmError('VM_INVALID', `an argument holds a NUL at offset ${word.indexOf('\0')}`)
  }
  return `'${word.replace(/['\\]/g, (sign) => `'\\${sign}'`)}'`
}
