import { type Finding, type JsonValue, vmError } from '@vmferry/core/driver'
import type { QmpClient } from '@vmferry/qmp'
import { optionsNamed } from '../guest/command-line.ts'
import { isOff, parseOptionList } from '../guest/option-list.ts'
import { blocker, warning } from './finding.ts'
import type { Processor } from './host.ts'
import type { TargetHypervisor } from './hypervisor.ts'

/** The processor that a running guest has. JSON data. */
export interface GuestProcessor {
  readonly accelerator: 'kvm' | 'tcg'
  /** QEMU's type: `EPYC-v3-x86_64-cpu`. */
  readonly type: string
  /** Features that its model may have, and that the guest does without: its host cannot give them, or its command line has switched them off. */
  readonly unavailable: readonly string[]
  /** The host's own processor, where the guest has been given that one. */
  readonly host?: Processor
}

/** Asks QEMU of which model its guest's processor is, and what of that it does without. */
export async function guestModel(
  monitor: QmpClient,
  signal: AbortSignal,
): Promise<Pick<GuestProcessor, 'type' | 'unavailable'>> {
  const [first] = await monitor.execute('query-cpus-fast', {}, { signal })
  const path = first?.['qom-path'] ?? ''
  const ask = (property: string) => monitor.execute('qom-get', { path, property }, { signal })
  const [type, unavailable] = await Promise.all([
    ask('type'),
    // processors of other architectures have no such list
    ask('unavailable-features').catch(() => null),
  ])
  if (typeof type !== 'string')
    throw vmError('VM_PROTOCOL', `QEMU names its CPU type ${JSON.stringify(type)}`)
  const names = Array.isArray(unavailable) ? unavailable.map(String) : await lackingIn(type, monitor, signal)
  return { type, unavailable: names.toSorted() }
}

/** What QEMU says of a model: an answer about all that it knows, for which it takes 15 to 30 ms (measured, QEMU 7.2). */
async function lackingIn(type: string, monitor: QmpClient, signal: AbortSignal): Promise<readonly string[]> {
  const definitions = await monitor.execute('query-cpu-definitions', {}, { signal })
  return definitions.find(({ typename }) => typename === type)?.['unavailable-features'] ?? []
}

/** `host` and, on KVM, `max` are whatever the host has. */
export function isHosts(accelerator: string, type: string): boolean {
  return accelerator === 'kvm' && /^(?:host|max)-/.test(type)
}

/** The same without the features that a command line takes from it: `-cpu EPYC,-sha-ni,avx2=off`. */
export function withoutSwitchedOff(processor: GuestProcessor, argv: readonly string[]): GuestProcessor {
  const options = parseOptionList(optionsNamed(argv, 'cpu').at(-1) ?? '', 'model')
  const off = options.flatMap(([key]) => {
    if (key.startsWith('-')) return [key.slice(1)]
    return isOff(options, key) ? [key] : []
  })
  const names = off.map((name) => name.replaceAll('_', '-'))
  return { ...processor, unavailable: [...new Set([...processor.unavailable, ...names])].toSorted() }
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
