import { type Finding, type JsonValue, vmError } from '@vmferry/core/driver'
import type { QmpClient } from '@vmferry/qmp'
import { blocker, warning } from './finding.ts'
import type { Processor } from './host.ts'
import type { TargetHypervisor } from './hypervisor.ts'

/** The processor that a running guest has. JSON data. */
export interface GuestProcessor {
  readonly accelerator: 'kvm' | 'tcg'
  /** QEMU's type: `EPYC-v3-x86_64-cpu`. */
  readonly type: string
  /** Features of that model which its host cannot give, so that the guest does without them. */
  readonly unavailable: readonly string[]
  /** The host's own processor, where the guest has been given that one. */
  readonly host?: Processor
}

/** Asks QEMU which processor its guest has. */
export async function guestProcessor(
  monitor: QmpClient,
  accelerator: 'kvm' | 'tcg',
  host: Processor,
  signal: AbortSignal,
): Promise<GuestProcessor> {
  const definitions = monitor.execute('query-cpu-definitions', {}, { signal })
  // what fails first is told
  definitions.catch(() => {})
  const [first] = await monitor.execute('query-cpus-fast', {}, { signal })
  const path = first?.['qom-path'] ?? ''
  const type = await monitor.execute('qom-get', { path, property: 'type' }, { signal })
  if (typeof type !== 'string')
    throw vmError('VM_PROTOCOL', `QEMU names its CPU type ${JSON.stringify(type)}`)
  const model = (await definitions).find(({ typename }) => typename === type)
  const unavailable = [...(model?.['unavailable-features'] ?? [])].toSorted()
  return { accelerator, type, unavailable, ...(isHosts(accelerator, type) && { host }) }
}

/** `host` and, on KVM, `max` are whatever the host has. */
function isHosts(accelerator: string, type: string): boolean {
  return accelerator === 'kvm' && /^(?:host|max)-/.test(type)
}

export function processorToJson({ accelerator, type, unavailable, host }: GuestProcessor): JsonValue {
  const own = host && { name: host.name, flags: host.flags }
  return { accelerator, type, unavailable, ...(own && { host: own }) }
}

/** The processor of an offer's cookie; null if an older vmferry sent it. */
export function processorFromJson(value: JsonValue | undefined): GuestProcessor | null {
  return value ? (value as unknown as GuestProcessor) : null
}

/** Holds the guest's processor against what the target's QEMU and processor can give. */
export function processorFindings(
  where: string,
  guest: GuestProcessor,
  target: TargetHypervisor,
  processor: Processor,
): Finding[] {
  const { accelerator, type, host } = guest
  if (target.version === null)
    return accelerator === 'tcg'
      ? []
      : [
          blocker(
            'target',
            'accelerator-missing',
            `the guest runs on KVM, which the QEMU on ${where} cannot use`,
            'make /dev/kvm usable there, or choose another target',
          ),
        ]
  if (!target.processors) return []
  const there = target.processors.get(type)
  if (!there)
    return [
      blocker(
        'target',
        'cpu-model-missing',
        `the QEMU on ${where} has no CPU model ${type.replace(/-[^-]*-cpu$/, '')}`,
        'start the guest with a CPU model that both have',
      ),
    ]
  const lacking = host
    ? host.flags.filter((flag) => !processor.flags.includes(flag))
    : there.filter((feature) => !guest.unavailable.includes(feature))
  if (lacking.length > 0)
    return [
      blocker(
        'target',
        'cpu-features-missing',
        `the guest has CPU features that ${where} cannot give it: ${lacking.join(' ')}`,
        'start the guest with a CPU model that both hosts have, or choose a target with such a processor',
      ),
    ]
  if (!host || host.name === processor.name) return []
  return [
    warning(
      'target',
      'cpu-differs',
      `the guest was given its host's processor, ${host.name}; ${where} has ${processor.name}`,
      'start the guest with a named CPU model, so that it has the same one everywhere',
    ),
  ]
}
