import { errorData, type Recovery } from '@vmferry/core'
import { errorText } from '../error-text.ts'
import { exitCodeOfOutcome } from '../exit-code.ts'
import type { Style } from '../frame.ts'
import { jsonLine } from '../json-view.ts'
import { printable } from '../printable.ts'
import { inSession, type SessionOptions, styleFor } from '../session.ts'

export interface RecoverCommand extends SessionOptions {
  readonly reviveSource: boolean
  /** The connection URI of a host that knows of it. */
  readonly host?: string
}

/** `vmferry recover [id]`: takes over what has not come to its end; the exit code is that of the worst outcome. */
export async function recover(id: string | undefined, options: RecoverCommand): Promise<number> {
  const { host, json, reviveSource } = options
  return inSession(options, async (session) => {
    const wish = { reviveSource }
    const all =
      host === undefined ? session.recover(id, wish) : (await session.connect(host)).recover(id, wish)
    const recovered = await all
    const style = styleFor(process.stdout)
    const lines = json ? recovered.map(asJson) : recovered.flatMap((one) => asText(one, style))
    if (lines.length > 0) await session.output.print(...lines)
    else if (!json) await session.output.print('there is nothing to recover')
    return Math.max(0, ...recovered.map(({ outcome }) => exitCodeOfOutcome(outcome)))
  })
}

function asJson({ error, ...recovery }: Recovery): string {
  return jsonLine({ type: 'recovery', ...recovery, ...(error && { error: errorData(error) }) })
}

function asText(
  { migration, domain, source, target, outcome, error, pending }: Recovery,
  style: Style,
): string[] {
  const ends: Readonly<Record<Recovery['outcome'], string>> = {
    migrated: `migrated: it runs at ${target}`,
    rolledBack: `rolled back: it is at ${source}, as it was`,
    inDoubt: 'in doubt: nothing was changed that could run it twice',
    lost: 'lost: both copies are gone',
  }
  return [
    printable(`${migration}: ${domain}: ${ends[outcome]}`),
    ...(error ? errorText(errorData(error), style).split('\n') : []),
    ...pending.map(({ side, what }) => printable(`  left at the ${side}: ${what}`)),
  ]
}
