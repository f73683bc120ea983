import type { CallOptions, Finding, HostChannel } from '@vmferry/core/driver'
import type { QemuHost } from '../qemu-host.ts'
import { warning } from './finding.ts'

/** What a host says of itself, whatever runs on it. */
export interface HostFacts {
  /** How far its clock is from the controller's, at least; positive: it is ahead. Milliseconds. */
  readonly aheadMs: number
  /** Its processor's own name, and the features that its kernel tells; empty where it tells none. */
  readonly processor: Processor
  /** Memory that it can give to a guest; null where its kernel does not say. */
  readonly availableBytes: number | null
}

/** A real processor. */
export interface Processor {
  readonly name: string
  readonly flags: readonly string[]
}

const LOOK = `
echo "time $(date +%s%3N)"
sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/memory \\1/p; s/^model name[^:]*: /name /p; /^flags/{s/^[^:]*: /flags /p;q}' \\
  /proc/meminfo /proc/cpuinfo
exit 0
`

/** Asks in one round trip. */
export async function hostFacts({ host, clock }: QemuHost, call: CallOptions): Promise<HostFacts> {
  const before = clock.now()
  const { stdout } = await host.exec(['sh', '-c', LOOK, 'sh'], { ...call, leavesNobody: true })
  const lines = stdout.split('\n')
  const said = (word: string): string =>
    lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? ''
  const memory = said('memory')
  return {
    aheadMs: aheadOf(Number(said('time')), before, clock.now()),
    processor: { name: said('name'), flags: said('flags').split(' ').filter(Boolean).toSorted() },
    availableBytes: memory === '' ? null : Number(memory) * 1024,
  }
}

/** Zero where the host's time may be any in between. */
function aheadOf(time: number, before: number, after: number): number {
  if (time > after) return time - after
  return time < before ? time - before : 0
}

/** A guest sees its host's clock: where two of them differ by more than this, its time jumps. Milliseconds. */
const SKEW = 5_000

/** A clock that is not the controller's. */
export function clockFindings(host: HostChannel, side: Finding['side'], { aheadMs }: HostFacts): Finding[] {
  if (Math.abs(aheadMs) < SKEW) return []
  const where = aheadMs > 0 ? 'ahead of' : 'behind'
  return [
    warning(
      side,
      'clock-skew',
      `the clock of ${host.name} is ${Math.round(Math.abs(aheadMs) / 1000)} s ${where} this controller's`,
      'synchronise the clocks of both hosts (NTP): the time of a guest may jump when it moves',
    ),
  ]
}
