import { type Finding, vmError } from '@vmferry/core/driver'
import type { BlockInfo, BlockJobInfo, ChardevInfo, ObjectProperty, QmpClient } from '@vmferry/qmp'
import { optionsNamed } from '../guest/command-line.ts'
import { type OptionList, optionValue, parseOptionList } from '../guest/option-list.ts'
import { driftedDevices } from './drifted-devices.ts'
import { driftedMedia } from './drifted-media.ts'
import { blocker, warning } from './finding.ts'

/** What a QEMU has now, in its own words. */
export interface Present {
  /** Children of `/machine/peripheral`: devices with an id. */
  readonly peripheral: readonly ObjectProperty[]
  /** Children of `/machine/peripheral-anon`: devices without. */
  readonly anonymous: readonly ObjectProperty[]
  /** How many virtual CPUs. */
  readonly processors: number
  readonly drives: readonly BlockInfo[]
  readonly jobs: readonly BlockJobInfo[]
  readonly chardevs: readonly ChardevInfo[]
}

/** Asks all at once: one round trip. */
export async function present(monitor: QmpClient, signal: AbortSignal): Promise<Present> {
  const [peripheral, anonymous, processors, drives, jobs, chardevs] = await Promise.all([
    monitor.execute('qom-list', { path: '/machine/peripheral' }, { signal }),
    monitor.execute('qom-list', { path: '/machine/peripheral-anon' }, { signal }),
    monitor.execute('query-cpus-fast', {}, { signal }),
    monitor.execute('query-block', {}, { signal }),
    monitor.execute('query-block-jobs', {}, { signal }),
    monitor.execute('query-chardev', {}, { signal }),
  ])
  return { peripheral, anonymous, processors: processors.length, drives, jobs, chardevs }
}

/**
 * Where a guest is no longer what its command line says, so that one started from it would be another machine: what was
 * plugged, unplugged, inserted, ejected or switched since. Each difference is one finding, on the source's side.
 *
 * @param where the guest and its host, as in `'web1' on alpha`
 */
export function driftFindings(where: string, argv: readonly string[], now: Present): Finding[] {
  return [
    ...driftedDevices(where, argv, now),
    ...processorsGone(where, argv, now),
    ...driftedMedia(where, argv, now.drives),
    ...now.jobs.map(({ type, device }) =>
      blocker(
        'source',
        'block-job',
        `the QEMU of ${where} has a ${type} job on ${device}, which would not go along`,
        'let it end, or cancel it, then try again',
      ),
    ),
    ...lateChardevs(where, argv, now.chardevs),
  ]
}

/** Throws VM_PHASE_FAILED with all that stands in the way; warnings do not. */
export function refuseBlockers(message: string, host: string, findings: readonly Finding[]): void {
  const blockers = findings.filter(({ severity }) => severity === 'blocker')
  if (blockers.length === 0) return
  const remedies = new Set(blockers.flatMap(({ remedy }) => remedy ?? []))
  throw vmError('VM_PHASE_FAILED', `${message}: ${blockers.map((found) => found.message).join('; ')}`, {
    host,
    remedy: [...remedies].join('; '),
    causes: blockers.map(({ code, message: words }) => ({ host, words: `${code}: ${words}` })),
  })
}

function processorsGone(where: string, argv: readonly string[], { processors }: Present): Finding[] {
  const started = processorsOf(argv)
  if (started === null || processors >= started) return []
  return [
    blocker(
      'source',
      'processor-removed',
      `the QEMU of ${where} has ${processors} virtual CPUs: it was started with ${started}`,
      'plug in as many as there were, or start the guest with as many as it has',
    ),
  ]
}

/** The virtual CPUs that `-smp` asks for; null if it cannot be read. */
function processorsOf(argv: readonly string[]): number | null {
  const given = optionsNamed(argv, 'smp').at(-1)
  if (given === undefined) return 1
  const options: OptionList = parseOptionList(given, 'cpus')
  const levels = options.filter(([key]) => key !== 'cpus' && key !== 'maxcpus')
  const product = levels.reduce((all, [, count]) => all * Number(count), 1)
  const count = Number(optionValue(options, 'cpus') ?? optionValue(options, 'maxcpus') ?? product)
  return Number.isSafeInteger(count) && count > 0 ? count : null
}

/** Names that QEMU gives itself. */
const OWN_CHARDEV =
  /^(?:compat_monitor|serial|parallel|vc|gdb|debugcon|qtest|sclp|virtcon|usb|mon|mux|char|vmferry-fence)/

function lateChardevs(where: string, argv: readonly string[], chardevs: readonly ChardevInfo[]): Finding[] {
  const known = new Set(
    optionsNamed(argv, 'chardev').map((value) => optionValue(parseOptionList(value, 'backend'), 'id')),
  )
  return chardevs
    .filter(
      ({ label }) => !known.has(label) && !known.has(label.replace(/-base$/, '')) && !OWN_CHARDEV.test(label),
    )
    .map(({ label, filename }) =>
      warning(
        'source',
        'chardev-added',
        `the QEMU of ${where} was given the character device ${label} (${filename}) while it ran`,
        'it stays behind: add it again at the target if something needs it',
      ),
    )
}
