/** A command as a shell is to be told of it: each word in quotes, so that it means itself. */
export function shellWords(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
}
