import { parseArgs } from 'node:util'
import { isVmError } from '@vmferry/core/driver'
import { loadHosts, loadSetup } from './package-setup.ts'
import { resultLines, summaryLines } from './report-lines.ts'
import { runCases } from './run-cases.ts'

const USAGE = `vmferry-conformance PACKAGE [--setup FILE] [--json]

Proves a vmferry driver: runs every case that its manifest calls for, and shows what is missing next.

  PACKAGE       an installed driver package whose subpath ./conformance exports 'setup'
  --setup FILE  a module that exports 'setup', in the place of the package's own
  --json        one JSON line a case, and a last one with the totals

Exit code: 0 all that applies has passed; 1 something failed, or the hypervisor cannot run here; 2 the command line does not parse.`

/** Milliseconds that this program may take to end by itself when all is said. */
const GRACE = 10_000

// whoever reads the table may have seen enough: the run goes on, so that its hosts are put away
process.stdout.on('error', () => {})

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
const complain = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

process.exitCode = await main(process.argv.slice(2))
setTimeout(leftOpen, GRACE).unref()

async function main(words: readonly string[]): Promise<number> {
  const asked = parsed(words)
  if (typeof asked === 'string') {
    complain(`${asked}\n\n${USAGE}`)
    return 2
  }
  if (asked.help) {
    say(USAGE)
    return 0
  }
  try {
    return await prove(asked)
  } catch (error) {
    if (!isVmError(error)) throw error
    complain(`${error.code}: ${error.message}`)
    for (const cause of error.causes) complain(`  ${cause.words}`)
    if (error.remedy) complain(`  ${error.remedy}`)
    return 1
  }
}

/** A driver or its stage that leaves something open would keep this program, and a controller too, from its end. */
function leftOpen(): void {
  const open = [...new Set(process.getActiveResourcesInfo())].join(', ')
  complain(`the driver or its stage leaves something open after the last case (Node.js calls it ${open})`)
  process.exit(1)
}

interface Asked {
  readonly name: string
  readonly setup: string | null
  readonly json: boolean
  readonly help: boolean
}

/** What was asked for, or why it cannot be read. */
function parsed(words: readonly string[]): Asked | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        setup: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    const { setup = null, json = false, help = false } = values
    const [name = '', ...more] = positionals
    if (more.length > 0) return `one package at a time: ${positionals.join(' ')}`
    if (!help && name === '' && setup === null) return 'which package?'
    return { name, setup, json, help }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function prove({ name, setup: file, json }: Asked): Promise<number> {
  const from = process.cwd()
  const setup = await loadSetup(name, file, from)
  const problem = (await setup.problem?.()) ?? null
  if (problem !== null) {
    complain(`cannot run here: ${problem}`)
    return 1
  }
  const report = await runCases(setup, {
    hosts: await loadHosts(from),
    onResult: (result) => {
      if (json) say(JSON.stringify({ type: 'case', ...result }))
      else for (const line of resultLines(result)) say(line)
    },
  })
  const { passed, failed, notApplicable } = report
  if (json) say(JSON.stringify({ type: 'conformance-complete', passed, failed, notApplicable }))
  else for (const line of ['', ...summaryLines(report)]) say(line)
  return failed === 0 ? 0 : 1
}
