import type { Duplex } from 'node:stream'
import type { CallOptions, EffectOptions, MigrationId } from './call.ts'
import type { CopyState } from './copy-state.ts'
import type { Measurement } from './measurement.ts'
import type { Offer, Ticket } from './offer.ts'
import type { HostRecord } from './record.ts'
import type { ChosenRequest, MigrationRequest } from './request.ts'
import type { SourceSurvey } from './survey.ts'

/** The sending half of a phased driver. */
export interface MigrationSource {
  /**
   * Looks, without any side effect: the draft of the offer, findings, transports.
   * Rejects with VM_NOT_FOUND (no such domain), VM_BUSY (another migration holds it), VM_CONNECTION.
   */
  check(domain: string, request: MigrationRequest, call: CallOptions): Promise<SourceSurvey>
  /**
   * Measures what a forecast rests on: how fast the guest writes, and what the chosen transport carries. Only a plan asks
   * for it, after a check without a blocker; a migration never waits for it. It may take a second or two, and has no
   * lasting effect: what it starts on a host ends by itself, also when the signal fires. A figure that cannot be had is null,
   * with a reason; rejecting means that none can. Absent: the driver measures nothing.
   */
  measure?(offer: Offer, request: ChosenRequest, call: CallOptions): Promise<Measurement>
  /**
   * Files the record and takes hold of the domain that was offered. The guest is not disturbed. A guest that is not any
   * more what the check found is refused with VM_PHASE_FAILED: here, or by `perform` before it changes anything, so that
   * the target can be prepared while the source compares.
   */
  begin(offer: Offer, request: ChosenRequest, call: EffectOptions): Promise<Outgoing>
  /** The source's half of a migration from the host's record, also when the process is gone. Rejects with VM_NOT_FOUND if this host never heard of it. */
  recall(id: MigrationId, call: EffectOptions): Promise<RecalledSource>
}

/** Connects to an endpoint of the target through the controller: core makes it from {@link import('./target.ts').Incoming.dial}. */
export type Dial = (endpoint: string) => Promise<Duplex>

/** A migration that has begun at the source. Core calls the members in the order in which they stand here. */
export interface Outgoing {
  /** What the target is to receive, as `begin` was given it. */
  readonly offer: Offer
  /**
   * Copies the guest. Resolves when everything is sent (or post-copy is active) and the source is **stopped** but
   * recoverable. Before post-copy it asks `call.permit('postcopy')`. Never rolls back: on failure or on the signal it stops the copying and rejects. VM_PHASE_FAILED and
   * VM_ABORTED mean that nothing more will happen; any other rejection means unknown.
   */
  perform(ticket: Ticket, dial: Dial, call: EffectOptions): Promise<Performed>
  /** The last step here before the commit: verified stopped, every host-side timer disarmed, nothing but our next command can run it. */
  handOver?(call: EffectOptions): Promise<void>
  /**
   * Post-copy only, after `finish`: resolves when the rest of the pages has arrived, at once if nothing is left. Rejects
   * when the link is lost; nothing is lost with it. `again` is a ticket of {@link import('./target.ts').Incoming.reopen}:
   * then the rest goes there. The signal ends the wait and nothing else.
   */
  drain?(call: EffectOptions, again?: Ticket): Promise<void>
  /**
   * The target runs and has everything: ends the source's process and definition, never a disk image. Idempotent. Resolves
   * with the figures of the copy where `perform` ended before the hypervisor had told them: nobody waits for figures while
   * the guest stands still.
   */
  confirm(call: EffectOptions): Promise<Performed | void>
  /**
   * Brings the source back to how `begin` found it, running or paused, and takes the record away. Idempotent. Rejects with
   * VM_PHASE_FAILED, and changes nothing, once post-copy has begun.
   */
  abort(reason: string, call: EffectOptions): Promise<void>
  /** What this host knows about its copy, now. */
  inspect(call: CallOptions): Promise<CopyState>
  /** While performing: changes limits. Rejects with VM_UNSUPPORTED for what the driver cannot change. */
  tune?(change: Tuning, call: EffectOptions): Promise<void>
}

/** A source's half found again: it can be ended either way, not performed. */
export interface RecalledSource
  extends Pick<Outgoing, 'offer' | 'handOver' | 'drain' | 'confirm' | 'abort' | 'inspect'> {
  readonly record: HostRecord
}

/** Figures of the copy, from the hypervisor where it tells them. */
export interface Performed {
  /** Passes over the memory. */
  readonly rounds: number
  /** Bytes sent, memory and disks. */
  readonly bytes: number
  /** Milliseconds before the first byte moved, if known. */
  readonly setupMs?: number
  /** The hypervisor's own figure: milliseconds between the guest's stop and the end of the copy. It excludes `finish`. */
  readonly hypervisorDowntimeMs?: number
  /** Post-copy is active: the target already has the right to run, the rest of the pages follows in `drain`. */
  readonly postCopy?: boolean
}

/** What can be changed while a migration performs. Absent members stay as they are. */
export interface Tuning {
  /** Bytes per second; 0: no limit. */
  readonly bandwidth?: number
  /** Milliseconds. */
  readonly maxDowntime?: number
  /** Go over to post-copy as soon as possible. */
  readonly postCopy?: true
  /** Stop the guest now: what is left is copied while it stands still, and cannot fail to converge. */
  readonly suspend?: true
}
