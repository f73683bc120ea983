import { namedFiles, optionsNamed } from '../guest/command-line.ts'
import { optionValue, parseOptionList } from '../guest/option-list.ts'

/**
 * The files that QEMU writes to and never flushes (`cache=unsafe`), as the command line tells. A node that is named by another
 * is flushed as its own options say, so the file and the cache mode stand in one word.
 */
export function unflushedFiles(argv: readonly string[]): ReadonlySet<string> {
  const files = ['drive', 'blockdev'].flatMap((option) =>
    optionsNamed(argv, option)
      .filter(isUnflushed)
      .flatMap((value) => namedFiles([`-${option}`, value])),
  )
  return new Set(files.filter(({ writable }) => writable).map(({ path }) => path))
}

function isUnflushed(value: string): boolean {
  if (value.startsWith('{')) return /"(?:cache\.)?no-flush"\s*:\s*true/.test(value)
  const options = parseOptionList(value, 'file')
  return optionValue(options, 'cache') === 'unsafe' || optionValue(options, 'cache.no-flush') === 'on'
}
