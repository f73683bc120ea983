import type { Finding, Plan } from '@vmferry/core'
import { connectEnds } from '../ends.ts'
import { bytesText } from '../figure.ts'
import { forecastText } from '../forecast-text.ts'
import type { Style } from '../frame.ts'
import { jsonLine } from '../json-view.ts'
import { printable } from '../printable.ts'
import { inSession, type SessionOptions, styleFor } from '../session.ts'
import { migrateOptions, type Wishes } from '../wishes.ts'

/** `vmferry plan …`: what a migration would do, with no side effect; 1 if something stands in its way. */
export async function plan(
  source: string,
  name: string,
  target: string,
  wishes: Wishes,
  options: SessionOptions,
): Promise<number> {
  return inSession(options, async (session) => {
    const { interruption, output } = session
    const wanted = { ...migrateOptions(wishes), signal: interruption.signal }
    const { domain, there } = await connectEnds(session, source, name, target)
    const made = await interruption.wait(domain.plan(there, wanted))
    await output.print(
      ...(options.json ? [jsonLine({ type: 'plan', ...made })] : planText(made, styleFor(process.stdout))),
    )
    return made.possible ? 0 : 1
  })
}

function planText(made: Plan, style: Style): string[] {
  const { source, domain, target, targetDomain, transport, why, memoryBytes } = made
  const { findings, forecast, possible } = made
  const renamed = targetDomain === domain ? '' : ` as ${targetDomain}`
  const way = transport === null ? [] : [`by ${transport} (${why})`]
  const memory = memoryBytes === null ? [] : [`memory: ${bytesText(memoryBytes)}`]
  const expected = forecast === null ? [] : [forecastText(forecast)]
  const verdict = possible ? style('green', 'possible') : style('red', 'not possible')
  return [
    ...[`${domain}: ${source} -> ${target}${renamed}`, ...way, ...memory, ...expected].map(printable),
    ...findings.flatMap((finding) => findingText(finding, style)),
    verdict,
  ]
}

function findingText({ severity, code, side, message, remedy, words }: Finding, style: Style): string[] {
  const mark = style(severity === 'blocker' ? 'red' : 'yellow', severity)
  return [
    `${mark} on the ${side}: ${printable(`${message} (${code})`)}`,
    ...(words ? [`  ${printable(words)}`] : []),
    ...(remedy ? [`  next: ${printable(remedy)}`] : []),
  ]
}
