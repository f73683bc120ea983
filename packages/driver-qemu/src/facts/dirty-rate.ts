import { type CallOptions, type Clock, sleep } from '@vmferry/core/driver'
import type { QmpClient } from '@vmferry/qmp'

/** Seconds over which QEMU compares samples of the memory. */
const CALC_TIME = 1

/** Samples in all that are worth having, and what QEMU takes per GiB: at least its default, at most this. */
const SAMPLES = { all: 16_384, least: 512, most: 16_384 }

/** Milliseconds between two questions, and how long they go on after the second is over: a guest of 1 TiB takes its time. */
const [PAUSE, PATIENCE] = [100, 10_000]

const MEBIBYTE = 1024 ** 2
const GIBIBYTE = 1024 ** 3

/**
 * Bytes per second that the guest writes, by samples of its memory that QEMU compares with themselves a second later. What
 * is written twice in that second counts once, and what is rounded down is rounded by QEMU, to MiB. QEMU ends it by itself. A
 * string says why there is no figure.
 */
export async function dirtyRate(
  monitor: QmpClient,
  commands: ReadonlySet<string>,
  memoryBytes: number,
  clock: Clock,
  call: CallOptions,
): Promise<number | string> {
  if (!commands.has('calc-dirty-rate')) return 'this QEMU cannot measure what the guest writes'
  const perGibibyte = samplesPerGibibyte(memoryBytes)
  await monitor.execute('calc-dirty-rate', { 'calc-time': CALC_TIME, 'sample-pages': perGibibyte }, call)
  const until = clock.monotonic() + CALC_TIME * 1000 + PATIENCE
  await sleep(clock, CALC_TIME * 1000, call.signal)
  while (clock.monotonic() < until) {
    const { status, 'dirty-rate': rate } = await monitor.execute('query-dirty-rate', {}, call)
    if (status === 'measured' && rate !== undefined && Number(rate) >= 0) return Number(rate) * MEBIBYTE
    await sleep(clock, PAUSE, call.signal)
  }
  return 'QEMU did not end its measurement of what the guest writes'
}

function samplesPerGibibyte(memoryBytes: number): number {
  const wanted = Math.round((SAMPLES.all * GIBIBYTE) / Math.max(1, memoryBytes))
  return Math.min(SAMPLES.most, Math.max(SAMPLES.least, wanted))
}
