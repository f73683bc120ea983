import { createHash } from 'node:crypto'
import {
  type CallOptions,
  type EffectOptions,
  type HostChannel,
  type JsonObject,
  type MigrationRequest,
  type MigrationSource,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import { drop, type Fence, hold, hostRecord, type MigrationFile } from '@vmferry/fence'
import type { QmpClient } from '@vmferry/qmp'
import { hostFacts } from './facts/host.ts'
import { measure } from './facts/measure.ts'
import { sourceFacts, stillOffered } from './facts/source.ts'
import { fenced } from './fence/step.ts'
import { type Guest, guestNamed, listGuests, lookAt, refuseBridgeless, refuseHeld } from './guest/list.ts'
import { openMonitor } from './guest/process.ts'
import { armed } from './migration/begun.ts'
import { openOutgoing } from './migration/outgoing.ts'
import type { QemuHost } from './qemu-host.ts'
import { sourceTls, wantsTls } from './tls/half.ts'
import { sourceTransports } from './transport/choose.ts'
import { tunnelAhead } from './transport/tunnel.ts'

/** Milliseconds. */
const PUT_BACK_LIMIT = 20_000

export function qemuSource(at: QemuHost): Required<MigrationSource> {
  const { host } = at
  return {
    async check(domain, request, call) {
      const ways = Promise.all([sourceTransports(at, request, call), secured(at, request, call)])
      const ofHost = hostFacts(at, call)
      // what the guest says comes first, also of two errors
      for (const one of [ways, ofHost]) one.catch(() => {})
      const { guest, epoch } = await ready(at, domain, call)
      const facts = await sourceFacts(at, guest, request, ofHost, call)
      const [{ address, transports, findings }, { tls, findings: lacking }] = await ways
      const offer = withNetwork(facts.offer, { address, tls })
      const digest = createHash('sha256').update(JSON.stringify(offer)).digest('hex')
      return { offer, transports, findings: [...facts.findings, ...findings, ...lacking], digest, epoch }
    },
    async measure(offer, request, call) {
      const { guest } = await ready(at, offer.domain, call)
      return measure(at, guest, offer, request, call)
    },
    async begin(offer, request, call) {
      const { guest } = await ready(at, offer.domain, call)
      const fence = at.fences.of(offer.domain, guest.folder.path)
      fence.stay(call)
      try {
        const { migration, epoch } = call
        const file: MigrationFile = { migration, epoch, phase: 'begin', request, offer }
        const monitor = await held(host, guest, fence, file, call)
        const found = stillOffered(at, guest, offer, request, call)
        const ahead = tunnelAhead({ at, fence, folder: guest.folder }, request, call)
        const deadMan = armed(at, guest, fence, offer, call)
        return openOutgoing(at, guest, file, { monitor, fence, deadMan, found, ahead })
      } catch (error) {
        await fence.leave()
        throw error
      }
    },
    async recall(id, call) {
      const guests = await listGuests(host, at.runDirectory, call)
      const guest = guests.find(({ outgoing }) => outgoing?.migration === id)
      const file = guest?.outgoing
      if (!guest || !file)
        throw vmError('VM_NOT_FOUND', `${host.name} has no outgoing migration ${id}`, { host: host.name })
      const { perform: _perform, tune: _tune, ...half } = openOutgoing(at, guest, file, null)
      return { ...half, record: hostRecord('source', guest.definition.name, file) }
    },
  }
}

/** Files that the guest is about to leave, and opens its monitor meanwhile: either both, or neither. */
async function held(
  host: HostChannel,
  { folder }: Guest,
  fence: Fence,
  file: MigrationFile,
  call: EffectOptions,
): Promise<QmpClient> {
  const refused = new AbortController()
  const signal = AbortSignal.any([call.signal, refused.signal])
  const opening = openMonitor(host, folder.monitor, { ...call, signal })
  opening.catch(() => {})
  try {
    await fence.act([fenced(), hold(file), drop('images')], call)
  } catch (error) {
    refused.abort()
    await opening.then((monitor) => monitor.close()).catch(() => {})
    throw error
  }
  return opening.catch(async (error: unknown) => {
    // it is not to be had: nothing is left behind
    const limited = { ...call, signal: AbortSignal.timeout(PUT_BACK_LIMIT) }
    await fence.act([drop('outgoing.json')], limited).catch(() => {})
    throw error
  })
}

const NO_TLS = { tls: null, findings: [] }

/** What this side has for TLS, where that is asked for. */
async function secured(at: QemuHost, request: MigrationRequest, call: CallOptions) {
  return wantsTls(request) ? sourceTls(at, call) : NO_TLS
}

/** The offer with what a name in the migration URI means at the source, and what it has to prove itself and the target. */
function withNetwork(offer: Offer, network: Pick<JsonObject, 'address' | 'tls'>): Offer {
  return { ...offer, cookie: { ...offer.cookie, ...network } }
}

/** The guest, alive and in nobody's hands, and the epoch that is held of it. */
async function ready(
  at: QemuHost,
  domain: string,
  call: CallOptions,
): Promise<{ readonly guest: Guest; readonly epoch: number }> {
  const { host, runDirectory } = at
  const { guests, epochOf } = await lookAt(host, runDirectory, call)
  const guest = guestNamed(guests, domain, host.name)
  if (!guest.alive)
    throw vmError('VM_NOT_FOUND', `'${domain}' on ${host.name} does not run: its QEMU is gone`, {
      host: host.name,
      remedy: 'stop it, then start it again',
    })
  refuseHeld(guest, at)
  refuseBridgeless(guest, at)
  return { guest, epoch: epochOf(domain) }
}
