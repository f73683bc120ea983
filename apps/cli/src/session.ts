import { inspect, styleText } from 'node:util'
import { type Connection, errorData, type Ferry, isVmError } from '@vmferry/core'
import { composeFerry } from './container.ts'
import { debugLog } from './debug-log.ts'
import { errorText } from './error-text.ts'
import { exitCodeOfError } from './exit-code.ts'
import { type Style, unstyled } from './frame.ts'
import { type Interruption, listenForSignals } from './interruption.ts'
import { jsonLine } from './json-view.ts'
import { type Output, openOutput } from './output.ts'

/** How one command is run. */
export interface SessionOptions {
  /** Driver packages beside the shipped ones. */
  readonly driver: readonly string[]
  /** Standard output is JSON lines only. */
  readonly json: boolean
}

/** What a command works with. */
export interface Session {
  readonly output: Output
  readonly interruption: Interruption
  /** Connects; a signal ends the attempt. */
  connect(uri: string): Promise<Connection>
  /** Takes over what the journal has open. */
  recover: Ferry['recover']
}

/** Runs one command and resolves with its exit code: all that it opened is closed, all that failed has been told. */
export async function inSession(
  { driver, json }: SessionOptions,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const output = openOutput(process.stdout, process.stderr)
  const interruption = listenForSignals()
  process.on('uncaughtException', (error) => {
    // a driver's stray error must not end a migration that is under way
    if (!interruption.fail(error)) output.say(told(error))
  })
  // a driver may wait for something that does not keep the process alive
  const alive = setInterval(() => {}, 2 ** 30)
  let ferry: Ferry | null = null
  let code: number
  try {
    const log = debugging() ? debugLog(output.say) : undefined
    ferry = await composeFerry(driver, process.cwd(), log)
    code = await work(sessionOn(ferry, output, interruption))
  } catch (error) {
    code = exitCodeOfError(error, interruption.name)
    if (json) await output.print(jsonLine({ type: 'error', error: errorData(error) }))
    else output.say(told(error))
  }
  // the result stands: who interrupts the tidying gets it at once
  interruption.handOver(() => process.exit(code))
  await ferry?.close().catch((error: unknown) => output.say(`warning: ${told(error)}`))
  clearInterval(alive)
  return code
}

function sessionOn(ferry: Ferry, output: Output, interruption: Interruption): Session {
  const { signal } = interruption
  const connect = (uri: string): Promise<Connection> => {
    const attempt = ferry.connect(uri, { signal })
    const closeLate = async (late: Connection): Promise<void> => {
      if (signal.aborted) await late.close()
    }
    attempt.then(closeLate).catch(() => {})
    return interruption.wait(attempt)
  }
  return {
    output,
    interruption,
    connect,
    recover: (id, wish) => ferry.recover(id, wish),
  }
}

/** Colours, if that stream is a terminal that has them and the user did not forbid them (`NO_COLOR`). */
export function styleFor(stream: NodeJS.WriteStream): Style {
  return stream.isTTY && stream.hasColors() ? (format, text) => styleText(format, text) : unstyled
}

function told(error: unknown): string {
  const text = errorText(errorData(error), styleFor(process.stderr))
  if (debugging()) return `${text}\n${inspect(error)}`
  return isVmError(error)
    ? text
    : `${text}\nnext: this is a fault of the program; VMFERRY_DEBUG=1 tells where`
}

function debugging(): boolean {
  return Boolean(process.env['VMFERRY_DEBUG'])
}
