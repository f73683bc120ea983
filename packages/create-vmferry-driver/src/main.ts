import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { createDriver } from './create-driver.ts'
import { askAll } from './questions.ts'
import { isRefusal } from './refusal.ts'
import { type Said, wishFrom } from './wish.ts'

const USAGE = `npm create vmferry-driver [FOLDER] -- [--name NAME] [--scheme SCHEME] [--licence LICENCE]

Writes the start of a vmferry driver. Without arguments it asks, in a terminal.

  FOLDER     where to write; default: the package's name
  --name     the npm package's name; default: the folder's name
  --scheme   the driver's name and the scheme of its URIs: lower-case letters and digits, a letter first
  --licence  Apache-2.0, MIT, ISC or none; default: Apache-2.0`

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
const complain = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  const said = parsed(words)
  if (said === 'help') {
    say(USAGE)
    return 0
  }
  const terminal = process.stdin.isTTY && process.stdout.isTTY
  if (typeof said === 'string' || (words.length === 0 && !terminal)) {
    complain(`${typeof said === 'string' ? said : 'there is no terminal to ask in'}\n\n${USAGE}`)
    return 2
  }
  try {
    await create(words.length === 0 ? await askAll() : said)
    return 0
  } catch (error) {
    const remedy = isRefusal(error) ? error.remedy : 'nothing was written'
    complain(`${error instanceof Error ? error.message : String(error)}\n  ${remedy}`)
    return 1
  }
}

/** What the arguments say, `help`, or why they cannot be read. */
function parsed(words: readonly string[]): Said | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        scheme: { type: 'string' },
        licence: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help) return 'help'
    const [folder, ...more] = positionals
    return more.length > 0 ? `one folder at a time: ${positionals.join(' ')}` : { ...values, folder }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function create(said: Said): Promise<void> {
  const wish = wishFrom(said, process.cwd())
  const files = await createDriver(wish)
  const way = relative('', wish.folder)
  say(`${wish.name}: the driver for ${wish.scheme}:///… in ${files} files\n\nNext:`)
  if (way !== '') say(`  cd ${way}`)
  say('  npm install\n  npm test')
}
