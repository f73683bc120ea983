import { isVmError, type Measurement, type MigrationSource } from '../driver/index.ts'
import type { Ask, Way } from './check.ts'
import { type Forecast, forecastOf } from './forecast.ts'

/** Milliseconds that count as the longest downtime where not even that could be learnt. */
const USUAL_DOWNTIME = 300

/**
 * Lets the source measure what a forecast rests on; null where nothing is to be forecast. That it fails is no reason to
 * have no plan, unless the user's signal ended it.
 */
export async function measured(
  { chosen, offer }: Way,
  source: MigrationSource | undefined,
  ask: Ask,
  signal: AbortSignal | undefined,
): Promise<Forecast | null> {
  if (!chosen || !offer || !source?.measure) return null
  const { request } = chosen
  try {
    const measurement = await ask('source', async (call) => source.measure?.(offer, request, call))
    return measurement ? forecastOf(request, offer, measurement) : null
  } catch (error) {
    if (signal?.aborted || !isVmError(error)) throw error
    const nothing: Measurement = {
      dirtyBytesPerSecond: null,
      dirtyIsAtLeast: false,
      linkBytesPerSecond: null,
      usedMemoryBytes: null,
      diskBytes: 0,
      maxDowntime: request.maxDowntime ?? USUAL_DOWNTIME,
      unknown: [error.message],
    }
    return forecastOf(request, offer, nothing)
  }
}
