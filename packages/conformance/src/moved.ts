import type { DriverConnection } from '@vmferry/core/driver'
import type { Bench, Wish } from './bench.ts'
import { ensure } from './ensure.ts'
import { GUEST } from './guest.ts'
import { transportOf } from './surveys.ts'
import {
  begin,
  confirm,
  effects,
  finish,
  handOver,
  type Listener,
  perform,
  prepare,
  ready,
  UNHEARD,
} from './way.ts'

/** The whole way of the guest, in phases or by the one call. */
export async function moved(
  bench: Bench,
  wish: Wish = {},
  onProgress: Listener | null = UNHEARD,
): Promise<void> {
  const copy = await upToCopy(bench, wish, onProgress)
  await copy()
}

/** The way up to the point where the guest is copied; resolves to what does the rest. */
export async function upToCopy(
  bench: Bench,
  wish: Wish = {},
  onProgress: Listener | null = UNHEARD,
): Promise<() => Promise<void>> {
  if (bench.capabilities.handover === 'phased') {
    const prepared = await prepare(await begin(bench, wish))
    return async () => {
      const performed = await perform(prepared, onProgress)
      await confirm(await finish(await handOver(await ready(performed))))
    }
  }
  const direct = directOf(bench)
  const { effect } = effects(bench)
  const request = bench.request(wish)
  const survey = await direct.check(GUEST, request, bench.call())
  const transport = transportOf(request, survey, survey)
  return async () => {
    await direct.migrate(GUEST, { ...request, transport }, effect(onProgress ? { onProgress } : {}))
  }
}

export function directOf({ source: { direct } }: Bench): NonNullable<DriverConnection['direct']> {
  ensure(
    direct !== undefined,
    'the manifest has streams and handover direct, but the connection has no `direct`',
  )
  return direct
}
