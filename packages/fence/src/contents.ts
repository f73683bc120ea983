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

/** What was on file in a run directory. */
export interface Contents {
  /** Paths of all files that are there. */
  readonly names: readonly string[]
  /** The first line of a file of a folder, empty where it has none or could not be read; undefined: it is not there. */
  of(folder: string, file: string): string | undefined
  /** The epoch that is held of a domain; 0: it was never claimed here. */
  epochOf(domain: string): number
}

/** Reads what the function `contents` printed. */
export function contentsIn(text: string): Contents {
  const lines = new Map<string, string>()
  for (const line of text.split('\n')) {
    const end = line.indexOf(':')
    const name = end < 0 ? line : line.slice(0, end)
    if (name !== '' && !lines.has(name)) lines.set(name, end < 0 ? '' : line.slice(end + 1))
  }
  return {
    names: [...lines.keys()],
    of: (folder, file) => lines.get(`${folder}/${file}`),
    epochOf: (domain) => Number(lines.get(`.claims/${domain}.epoch`) ?? 0),
  }
}
