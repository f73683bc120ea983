import {
  type ChosenRequest,
  type DriverConnection,
  type EffectOptions,
  type Finding,
  type MigrationRequest,
  type Offer,
  vmError,
} from '../driver/index.ts'
import type { Epochs } from '../ferry/journal.ts'
import { checkStream, chooseTransport, hostName } from './negotiate.ts'

/** What both sides say of a wish: the findings, and the way that would be taken. */
export interface Way {
  readonly offer: Offer | null
  readonly findings: readonly Finding[]
  /** What the hosts told of the epochs that they hold. */
  readonly held: Epochs
  /** Null where a blocker stands before the choice. */
  readonly chosen: { readonly request: ChosenRequest; readonly why: string } | null
  /** Why there is no choice though no finding blocks it. */
  readonly refusal: Error | null
}

/** Asks a side with the right place and limit: `callDriver` in a migration and in a plan. */
export type Ask = <T>(side: 'source' | 'target', ask: (call: EffectOptions) => Promise<T>) => Promise<T>

/** Asks both sides, without any side effect. Rejects only where a side could not look. */
export async function checkBothSides(
  domain: string,
  request: MigrationRequest,
  source: DriverConnection,
  target: DriverConnection,
  ask: Ask,
): Promise<Way> {
  if (source.direct && source.capabilities.handover === 'direct') {
    const { direct } = source
    const survey = await ask('source', (call) => direct.check(domain, request, call))
    const facts = { offer: null, findings: survey.findings, held: { source: null, target: null } }
    return concluded(facts, () => chooseTransport(request, survey, survey))
  }
  if (!source.source || !target.target)
    throw vmError('VM_UNSUPPORTED', 'one end has lost its ability to migrate')
  const sender = source.source
  const receiver = target.target
  const sent = await ask('source', (call) => sender.check(domain, request, call))
  checkStream(sent, target)
  const received = await ask('target', (call) => receiver.check(sent.offer, request, call))
  const findings = [...sent.findings, ...received.findings]
  const held = { source: sent.epoch ?? null, target: received.epoch ?? null }
  return concluded({ offer: sent.offer, findings, held }, () => chooseTransport(request, sent, received))
}

/** Throws the first blocker, with all others as its causes. */
export function refuseBlockers(findings: readonly Finding[], request: MigrationRequest): void {
  const [first, ...others] = findings.filter(({ severity }) => severity === 'blocker')
  if (!first) return
  const host = (finding: Finding): string => hostName(request[finding.side].uri)
  const words = ({ message, words: own }: Finding): string => (own ? `${message}: ${own}` : message)
  throw vmError(first.error ?? 'VM_PHASE_FAILED', first.message, {
    phase: 'check',
    host: host(first),
    ...(first.remedy && { remedy: first.remedy }),
    causes: [
      ...(first.words ? [{ host: host(first), words: first.words }] : []),
      ...others.map((finding) => ({ host: host(finding), words: words(finding) })),
    ],
  })
}

function concluded(facts: Pick<Way, 'offer' | 'findings' | 'held'>, choose: () => Way['chosen']): Way {
  if (facts.findings.some(({ severity }) => severity === 'blocker')) {
    return { ...facts, chosen: null, refusal: null }
  }
  try {
    return { ...facts, chosen: choose(), refusal: null }
  } catch (refusal) {
    return { ...facts, chosen: null, refusal: refusal as Error }
  }
}
