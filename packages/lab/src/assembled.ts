import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache-folder.ts'
import { mustRun } from './command.ts'
import { missingPrograms } from './lab-problem.ts'

/** What assembles a guest, by Debian's package. */
export const assemblers = { as: 'binutils', ld: 'binutils', objcopy: 'binutils' }

/** What all of them include. */
const COMMON = 'beat-line.inc'

/** A guest without an operating system, which is assembled. */
export interface AssembledGuest {
  /** Its file in guests/. */
  readonly source: string
  /** The numbers that it is assembled with. */
  readonly symbols: Readonly<Record<string, number>>
  /** What the linker is told beside where it begins: `_start`. */
  readonly link: readonly string[]
}

/**
 * Assembles a guest to an ELF file of 32 bits, lets `make` make a file of it in the folder `work`, and resolves to where that is
 * kept in the cache, under a name that begins with `name`. Rejects when binutils is missing.
 */
export async function assembled(
  { source, symbols, link }: AssembledGuest,
  [name, end]: readonly [string, string],
  make: (elf: string, work: string) => Promise<string>,
): Promise<string> {
  const guests = fileURLToPath(new URL('../guests/', import.meta.url))
  const file = join(guests, source)
  const values = Object.entries(symbols).map(([symbol, value]) => `${symbol}=${value}`)
  const hash = createHash('sha256')
    .update(await readFile(file))
    .update(await readFile(join(guests, COMMON)))
    .update(values.join())
  return cached(`${name}-${hash.digest('hex').slice(0, 16)}${end}`, async (work) => {
    const missing = await missingPrograms(assemblers)
    if (missing !== null) throw new Error(`the guest cannot be assembled: ${missing}`)
    const [object, elf] = [join(work, 'o'), join(work, 'elf')]
    const defines = values.flatMap((value) => ['--defsym', value])
    await mustRun(['as', '--32', '--fatal-warnings', '-I', guests, ...defines, '-o', object, file])
    await mustRun(['ld', '-m', 'elf_i386', ...link, '-e', '_start', '-o', elf, object])
    return make(elf, work)
  })
}
