import { createInterface, type Interface } from 'node:readline/promises'
import { checkLicence, LICENCES } from './licence.ts'
import { isRefusal, refusal } from './refusal.ts'
import { checkScheme } from './scheme.ts'
import { checkName, ownPart, type Said } from './wish.ts'

/** Asks in the terminal for what the arguments would have said. */
export async function askAll(
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stdout,
): Promise<Said> {
  const terminal = createInterface({ input, output })
  const closed = new AbortController()
  terminal.once('close', () => closed.abort())
  const until = (question: string, fallback: string, check: (answer: string) => string): Promise<string> =>
    untilGood({ terminal, output, question, fallback, check, closed: closed.signal })
  try {
    const scheme = await until('The scheme of its URIs', 'acme', checkScheme)
    const name = await until('The name of its npm package', `vmferry-driver-${scheme}`, checkName)
    const folder = await until('The folder', ownPart(name), (answer) => answer)
    const licence = await until(`Its licence: ${LICENCES.join(', ')}`, 'Apache-2.0', checkLicence)
    return { scheme, name, folder, licence }
  } finally {
    terminal.close()
  }
}

interface Question {
  readonly terminal: Interface
  readonly output: NodeJS.WritableStream
  /** Fires when no answer can come any more. */
  readonly closed: AbortSignal
  readonly question: string
  readonly fallback: string
  check(answer: string): string
}

async function untilGood(asked: Question): Promise<string> {
  const { terminal, output, closed, question, fallback, check } = asked
  for (;;) {
    const answer = await terminal.question(`${question} (${fallback}): `, { signal: closed }).catch(() => {
      throw refusal('no answer came', 'nothing was written')
    })
    try {
      return check(answer.trim() || fallback)
    } catch (error) {
      if (!isRefusal(error)) throw error
      output.write(`  ${error.message}\n`)
    }
  }
}
