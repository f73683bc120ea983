import { vmError } from './driver/index.ts'
export function bytesPerSecondFromMbps(mbps: number): number {
  if (!Number.isFinite(mbps) || mbps < 0) throw vmError('VM_INVALID', `a bandwidth of ${mbps} Mbps`)
  return mbps === 0 ? 0 : Math.max(1, Math.round(mbps * 125_000))
}
export function mbpsFromBytesPerSecond(bytes: number): number {
  return bytes / 125_000
}
