/**
 * For a script that looks at what is on file, by one program for all: the function `contents FILE…` prints `FILE:LINE` for each line, then the
 * name of each that is there. One that is removed meanwhile is left out, as whoever looks takes no lock; one that is there
 * and cannot be read has a name and no line. {@link contentsIn} reads it.
 */
export const CONTENTS: string = `
contents() {
  LC_ALL=C grep -sH '' -- "$@"
  for file; do [ ! -e "$file" ] || printf '%s\\n' "$file"; done
}
`

/** The first line of each file, by its name; empty where it has none, or could not be read. */
export function contentsIn(text: string): ReadonlyMap<string, string> {
  const contents = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [name = '', ...rest] = line.split(':')
    if (name !== '' && !contents.has(name)) contents.set(name, rest.join(':'))
  }
  return contents
}
