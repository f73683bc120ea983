import type { Capabilities, Finding, MigrationRequest } from '../driver/index.ts'
import { mbpsFromBytesPerSecond } from '../edge/bandwidth.ts'
import type { Forecast } from './forecast.ts'

/** A warning where the forecast says that the rest never gets small enough, and nothing was asked for that helps. */
export function convergenceFindings(
  domain: string,
  { converges, dirtyBytesPerSecond, dirtyIsAtLeast, bytesPerSecond, leastBytesPerSecond }: Forecast,
  request: MigrationRequest,
  { features, postCopy }: Capabilities,
): Finding[] {
  if (converges !== false || request.postCopy || request.autoConverge) return []
  const writes = `'${domain}' writes ${dirtyIsAtLeast ? 'at least ' : ''}${mbps(dirtyBytesPerSecond)}`
  const carried = `the copy gets ${mbps(bytesPerSecond)}`
  const remedies = [
    request.bandwidth > 0 && request.bandwidth === bytesPerSecond && 'a higher --bandwidth',
    features['autoConverge'] && '--auto-converge',
    postCopy && '--postcopy',
    features['maxDowntime'] && 'a longer --max-downtime',
    'a faster way, or a time at which the guest writes less',
  ]
  return [
    {
      severity: 'warning',
      code: 'will-not-converge',
      side: 'source',
      message: `${writes} and ${carried}: it will not converge below ${mbps(leastBytesPerSecond)}`,
      remedy: `what helps is ${remedies.filter(Boolean).join(', ')}`,
    },
  ]
}

/** Rounded up: below that number it does not converge. */
function mbps(bytesPerSecond: number | null): string {
  return `${Math.ceil(mbpsFromBytesPerSecond(bytesPerSecond ?? 0))} Mbps`
}
