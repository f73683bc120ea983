import type { EffectOptions, JsonObject, Offer } from '@vmferry/core/driver'
import { type DeadMan, deadMan, type Fence } from '@vmferry/fence'
import type { QmpClient } from '@vmferry/qmp'
import { cancel } from '../fence/step.ts'
import type { Guest } from '../guest/list.ts'
import type { QemuHost } from '../qemu-host.ts'
import { disksIn } from '../storage/disks.ts'
import { yanking } from '../storage/mirror.ts'
import type { TunnelAhead } from '../transport/tunnel.ts'

/** What a source's half has at hand that comes fresh from begin: its fence has a shell on the host. */
export interface Begun {
  readonly monitor: QmpClient
  readonly fence: Fence
  /** Armed while the target prepares. */
  readonly deadMan: Promise<DeadMan>
  /** How QEMU is set, once it is sure that the guest is what was offered: compared while the target prepares. */
  readonly found: Promise<JsonObject>
  /** The tunnel that comes up meanwhile, where one was started. */
  readonly ahead: TunnelAhead | null
}

/** Arms the dead man's switch of a migration: the disks that it breaks off are those that may be copied. */
export function armed(
  { host, clock, deadManLimit: limit }: QemuHost,
  { folder }: Guest,
  fence: Fence,
  offer: Offer,
  call: EffectOptions,
): Promise<DeadMan> {
  const steps = [...yanking(disksIn(offer)), cancel(offer.runState === 'running')]
  const arming = deadMan(host, clock, fence, { file: folder.deadMan, limit, steps }, call)
  arming.catch(() => {})
  return arming
}
