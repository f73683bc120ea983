import {
  type CallOptions,
  type Finding,
  type MigrationRequest,
  type Offer,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import { type Half, lookAt, type Sight } from '../guest/list.ts'
import type { XenHost } from '../xen-host.ts'
import { parseConfig, readConfig } from '../xl/config.ts'
import { parseInfo } from '../xl/info.ts'
import type { XlDomain } from '../xl/table.ts'
import { blocker } from './finding.ts'

/** What the source says of a domain that is to move. */
export interface SourceFacts {
  readonly offer: Offer
  readonly findings: readonly Finding[]
  /** The epoch that is held of the domain. */
  readonly epoch: number
}

/** Looks at the domain. VM_NOT_FOUND, VM_BUSY if a migration has it. */
export async function sourceFacts(
  at: XenHost,
  name: string,
  request: MigrationRequest,
  call: CallOptions,
): Promise<SourceFacts> {
  const { host, runDirectory } = at
  const sight = await lookAt(host, runDirectory, call, { info: true, domain: name })
  const half = holderOf(sight, name)
  if (half) throw busy(half, at)
  const domain = domainNamed(sight, name, host.name)
  const { version } = parseInfo(sight.info, host.name)
  const definition = parseConfig(sight.config, host.name)
  const { type, passedThrough, pinned } = readConfig(definition)
  const findings: Finding[] = []
  if (domain.state !== 'running')
    findings.push(
      blocker(
        'source',
        'guest-does-not-run',
        `'${name}' on ${host.name} is ${domain.state}: xl copies only guests that answer it`,
        domain.state === 'paused' ? `run it first: xl unpause ${name}` : 'start it first',
        { error: 'VM_UNSUPPORTED' },
      ),
    )
  if (passedThrough > 0)
    findings.push(
      blocker(
        'source',
        'passthrough-device',
        `'${name}' has ${passedThrough} device(s) of ${host.name} for itself: their state cannot be copied`,
        'detach them first (xl pci-detach, xl usbdev-detach)',
      ),
    )
  if (pinned)
    findings.push(
      blocker(
        'source',
        'migration-disabled',
        `'${name}' may not be moved: its configuration says nomigrate`,
        'start it without nomigrate',
      ),
    )
  return {
    offer: {
      domain: name,
      uuid: domain.uuid,
      stream: 'xl',
      runState: 'running',
      memoryBytes: domain.memoryMiB * 1024 ** 2,
      definition,
      cookie: { domid: domain.id, version, type },
    },
    findings,
    epoch: sight.epochOf(name),
  }
}

/** The half of a migration that has a domain of that name, and has not come to its end. */
export function holderOf({ halves }: Sight, name: string): Half | null {
  return halves.find((half) => half.name === name && (half.role === 'source' || !half.mayHaveRun)) ?? null
}

export function busy({ name, file }: Half, { host, uri }: XenHost): Error {
  return vmError('VM_BUSY', `'${name}' on ${host.name} is being migrated already, by ${file.migration}`, {
    host: host.name,
    remedy: `wait until it has settled; if its controller is lost: vmferry recover --host ${uri.text}`,
  })
}

/** VM_NOT_FOUND, with the names that there are. */
export function domainNamed({ domains }: Sight, name: string, host: string): XlDomain {
  const found = domains.find((domain) => domain.name === name)
  if (found) return found
  throw noDomain(domains, name, host)
}

/** VM_NOT_FOUND for a domain that is none of these. */
export function noDomain(known: readonly { readonly name: string }[], name: string, host: string): VmError {
  const names = known.map((domain) => domain.name).join(', ') || 'none'
  return vmError('VM_NOT_FOUND', `there is no domain named '${name}' on ${host}`, {
    host,
    remedy: `it has ${names}`,
  })
}
