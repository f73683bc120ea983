import type { DriverDomain } from '@vmferry/core/driver'
import { domainOfHalf, type Half, type Sight } from './guest/list.ts'
import { INCOMING } from './xl/messages.ts'
import type { XlDomain } from './xl/table.ts'

/** The guests of a host as core sees them: one that a migration holds has its own name, whatever xl calls it meanwhile. */
export function domainsIn(sight: Sight): DriverDomain[] {
  const held = new Map<XlDomain, Half>()
  for (const half of sight.halves) {
    const domain = domainOfHalf(sight, half)
    if (domain && (half.role === 'source' || !half.mayHaveRun)) held.set(domain, half)
  }
  return sight.domains.map((domain) => domainOf(domain, held.get(domain) ?? null))
}

function domainOf({ name, uuid, memoryMiB, state }: XlDomain, half: Half | null): DriverDomain {
  const known = { name: half?.name ?? name, uuid, memoryBytes: memoryMiB * 1024 ** 2 }
  if (half?.role === 'target' || (state === 'paused' && name.endsWith(INCOMING)))
    return { ...known, state: 'incoming' }
  return { ...known, state: STATES[state] }
}

/** Xl's words in those of the contract. What a migration has stopped is `suspended` to xl. */
const STATES: Readonly<Record<XlDomain['state'], DriverDomain['state']>> = {
  running: 'running',
  paused: 'paused',
  suspended: 'stopped',
  'shut-down': 'failed',
  crashed: 'failed',
  dying: 'off',
}
