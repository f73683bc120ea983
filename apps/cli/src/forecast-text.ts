import { type Forecast, mbpsFromBytesPerSecond } from '@vmferry/core'
import { durationText, rateText } from './figure.ts'

/** The forecast in one line, with what it rests on and what it does not know. */
export function forecastText(forecast: Forecast): string {
  return `forecast: ${[verdictOf(forecast), ...basisOf(forecast), ...forecast.unknown].join('; ')}`
}

function verdictOf(forecast: Forecast): string {
  const { totalMs, totalIsAtLeast, silentMs, converges, leastBytesPerSecond } = forecast
  const took =
    totalMs === null ? null : `${totalIsAtLeast ? 'at least' : 'about'} ${durationText(rounded(totalMs))}`
  const least = `${Math.ceil(mbpsFromBytesPerSecond(leastBytesPerSecond ?? 0))} Mbps`
  if (converges === false)
    return `${took === null ? '' : `${took} with post-copy, without it `}will not converge below ${least}`
  if (took === null)
    return `how long it takes is not known${leastBytesPerSecond === null ? '' : `, but it converges from ${least} on`}`
  return silentMs === null ? took : `${took}, and the guest stands still all that time`
}

function basisOf(forecast: Forecast): string[] {
  const { bytesPerSecond, linkBytesPerSecond, dirtyBytesPerSecond, dirtyIsAtLeast, silentMs } = forecast
  const limited = bytesPerSecond !== null && bytesPerSecond !== linkBytesPerSecond
  // where the guest stands still, what it writes is no figure
  const writes = dirtyBytesPerSecond !== null && (silentMs === null || dirtyBytesPerSecond > 0)
  return [
    ...(linkBytesPerSecond === null ? [] : [`the link carries ${rateText(linkBytesPerSecond)}`]),
    ...(limited ? [`the limit is ${rateText(bytesPerSecond)}`] : []),
    ...(writes
      ? [`the guest writes ${dirtyIsAtLeast ? 'at least ' : ''}${rateText(dirtyBytesPerSecond)}`]
      : []),
  ]
}

/** A forecast knows two digits at best. */
function rounded(ms: number): number {
  return Number(ms.toPrecision(2))
}
