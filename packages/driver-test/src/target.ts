import {
  type Finding,
  isVmError,
  type MigrationRequest,
  type MigrationTarget,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import { STREAM } from './capabilities.ts'
import { heldEpoch } from './claim.ts'
import { digestOf } from './digest.ts'
import { visit, visitWithEffect } from './gate.ts'
import { incomingEnd, incomingOf } from './incoming.ts'
import { hostRecord, type IncomingFile } from './migration-file.ts'
import { isMemoryShape, type MemoryShape } from './page-memory.ts'
import type { TestHost } from './test-host.ts'
import { refuseDenied } from './wishes.ts'

/** The receiving half. */
export function testTarget(at: TestHost): MigrationTarget {
  const { host, capabilities, wire } = at
  return {
    check: (offer, request, call) =>
      visit(at, { at: 'check', side: 'target', domain: nameOf(offer, request) }, call, () => {
        refuseDenied(request, capabilities, host.name)
        const findings = findingsAbout(at, offer, request)
        const digest = digestOf([offer, findings])
        const transports = wire.transports(capabilities)
        return { findings, digest, transports, epoch: heldEpoch(host, nameOf(offer, request)) }
      }),
    prepare: (offer, request, call) => {
      const domain = nameOf(offer, request)
      return visitWithEffect(at, { at: 'prepare', side: 'target', domain }, call, async (during) => {
        const { migration, epoch } = call
        const known = host.incoming.get(migration)
        if (known) {
          if (!known.guest) makeCopy(at, known)
          return incomingOf(at, known)
        }
        refuseDenied(request, capabilities, host.name)
        refuseReserved(at, offer, request)
        const nothing = { guest: null, missing: null, loaded: false, marked: false }
        const state = { phase: 'prepare', ended: null, ...nothing } as const
        const file: IncomingFile = { role: 'target', migration, domain, request, offer, epoch, ...state }
        host.incoming.set(migration, file)
        try {
          await during()
          makeCopy(at, file)
        } catch (error) {
          // without an answer nobody knows what was done: the record stays for whoever asks
          const unknown = isVmError(error, 'VM_ABORTED') || isVmError(error, 'VM_TIMEOUT')
          if (!unknown) host.incoming.delete(migration)
          throw error
        }
        return incomingOf(at, file)
      })
    },
    recall: (id, call) => {
      const domain = host.incoming.get(id)?.domain ?? ''
      return visitWithEffect(at, { at: 'recall', side: 'target', domain }, call, () => {
        const file = host.incoming.get(id)
        if (!file)
          throw vmError('VM_NOT_FOUND', `${host.name} receives no migration ${id}`, { host: host.name })
        return { record: hostRecord(file), ...incomingEnd(at, file) }
      })
    },
  }
}

/** VM_EXISTS if another migration that is being prepared here takes the name or the uuid. */
function refuseReserved({ host }: TestHost, offer: Offer, request: MigrationRequest): void {
  const domain = nameOf(offer, request)
  const other = [...host.incoming.values()].find(
    (file) => file.guest === null && (file.domain === domain || file.offer.uuid === (offer.uuid ?? '')),
  )
  if (!other) return
  const what = other.domain === domain ? `the name '${domain}'` : `the uuid ${offer.uuid}`
  throw vmError('VM_EXISTS', `the migration ${other.migration} takes ${what} on ${host.name}`, {
    host: host.name,
    remedy: 'wait until it has settled, or recover it',
  })
}

/** Makes the process that receives, unless something stands in the way by now. */
function makeCopy(at: TestHost, file: IncomingFile): void {
  const { host, world } = at
  const { domain, migration, offer, request } = file
  const [blocker] = findingsAbout(at, offer, request)
  if (blocker) throw vmError(blocker.error ?? 'VM_PHASE_FAILED', blocker.message, { host: host.name })
  const shape = shapeOf(offer)
  if (file.ended !== null || !shape)
    throw vmError('VM_PHASE_FAILED', `the migration ${migration} is ${file.ended ?? 'malformed'}`, {
      host: host.name,
    })
  const uuid = offer.uuid ?? world.newUuid()
  file.guest = host.place({ name: domain, uuid, state: 'incoming', heldBy: migration }, shape)
}

function nameOf(offer: Offer, request: MigrationRequest): string {
  return request.rename ?? offer.domain
}

function findingsAbout({ host }: TestHost, offer: Offer, request: MigrationRequest): Finding[] {
  const findings: Finding[] = []
  const block = (code: string, message: string, more: Partial<Finding>): void => {
    findings.push({ severity: 'blocker', side: 'target', code, message, ...more })
  }
  const name = nameOf(offer, request)
  const taken = host.guests.get(name)
  const same = [...host.guests.values()].find(({ uuid }) => uuid === offer.uuid)
  if (taken) {
    const remedy = 'ask for another name'
    block('name-taken', `there is a domain '${name}' on ${host.name} already`, { error: 'VM_EXISTS', remedy })
  }
  if (same) {
    const message = `the uuid ${same.uuid} is that of '${same.name}' on ${host.name} already`
    block('uuid-taken', message, { error: 'VM_EXISTS', remedy: 'choose another host' })
  }
  if (offer.memoryBytes > host.freeBytes()) {
    const message = `'${name}' needs ${offer.memoryBytes} bytes of memory, ${host.name} has ${host.freeBytes()} free`
    block('not-enough-memory', message, { remedy: 'stop a domain there, or choose another host' })
  }
  if (offer.stream !== STREAM) {
    const message = `${host.name} cannot receive a stream of the format ${offer.stream}`
    block('stream-unknown', message, { error: 'VM_UNSUPPORTED', remedy: `it takes ${STREAM}` })
  } else if (!shapeOf(offer)) {
    const remedy = 'send it with a driver of the same version'
    block('definition-unknown', `${host.name} cannot read the definition of '${name}'`, { remedy })
  }
  return findings
}

/** The memory that an offer describes; null if it is not one that this driver has made. */
function shapeOf({ definition, memoryBytes }: Offer): MemoryShape | null {
  if (!isMemoryShape(definition)) return null
  return definition.pages * definition.pageBytes === memoryBytes ? definition : null
}
