import {
  type ChosenRequest,
  type MigrationSource,
  type MigrationTarget,
  type Offer,
  type SourceSurvey,
  type Survey,
  vmError,
} from '@vmferry/core/driver'
import type { Bench, Wish } from './bench.ts'
import { ensure } from './ensure.ts'
import { GUEST } from './guest.ts'
import { throughJson } from './json-copy.ts'

/** The halves that send and receive, which the manifest promises. */
export function sender({ source }: { readonly source?: MigrationSource }): MigrationSource {
  ensure(
    source !== undefined,
    'the manifest has streams and handover phased, but the connection has no `source`',
  )
  return source
}

export function receiver({ target }: { readonly target?: MigrationTarget }): MigrationTarget {
  ensure(
    target !== undefined,
    'the manifest has streams and handover phased, but the connection has no `target`',
  )
  return target
}

/** Both sides look. */
export async function surveys(
  bench: Bench,
  wish: Wish = {},
): Promise<{ readonly sent: SourceSurvey; readonly received: Survey }> {
  const request = bench.request(wish)
  const sent = await sender(bench.source).check(GUEST, request, bench.call())
  const received = await receiver(bench.target).check(throughJson(sent.offer), request, bench.call())
  return { sent, received }
}

/** What a migration begins with. */
export interface Checked {
  readonly offer: Offer
  readonly request: ChosenRequest
}

/** The draft of the offer, and the request with the transport that core would choose; rejects as core would where a blocker stands. */
export async function checked(bench: Bench, wish: Wish = {}): Promise<Checked> {
  const request = bench.request(wish)
  const { sent, received } = await surveys(bench, wish)
  const transport = transportOf(request, sent, received)
  const cookie = received.transports.find(({ name }) => name === transport)?.cookie
  const chosen = { ...request, transport, ...(cookie && { cookie: throughJson(cookie) }) }
  return { offer: throughJson(sent.offer), request: chosen }
}

export function transportOf(
  request: { readonly uri: ChosenRequest['uri'] },
  ...both: readonly [Survey, Survey]
): string {
  const [sent, received] = both
  const blocker = both.flatMap(({ findings }) => findings).find(({ severity }) => severity === 'blocker')
  if (blocker)
    throw vmError(blocker.error ?? 'VM_PHASE_FAILED', `check says ${blocker.code}: ${blocker.message}`)
  const wanted = request.uri?.transport ?? null
  const choice = sent.transports.find(
    ({ name }) =>
      (wanted === null || name === wanted) && received.transports.some((other) => other.name === name),
  )
  if (choice) return choice.name
  const names = (survey: Survey): string => survey.transports.map(({ name }) => name).join(', ') || 'none'
  throw vmError(
    'VM_PHASE_FAILED',
    `check offers no common transport: source ${names(sent)}; target ${names(received)}${wanted ? `; asked for ${wanted}` : ''}`,
  )
}
