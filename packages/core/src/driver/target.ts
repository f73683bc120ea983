import type { Duplex } from 'node:stream'
import type { CallOptions, EffectOptions, MigrationId } from './call.ts'
import type { CopyState } from './copy-state.ts'
import type { Offer, Ticket } from './offer.ts'
import type { HostRecord } from './record.ts'
import type { ChosenRequest, MigrationRequest } from './request.ts'
import type { Survey } from './survey.ts'

/** The receiving half of a phased driver. */
export interface MigrationTarget {
  /** Looks, without any side effect, whether the offer could be received here. Rejects only when it cannot look (VM_CONNECTION …). */
  check(offer: Offer, request: MigrationRequest, call: CallOptions): Promise<Survey>
  /**
   * Files the record, makes the hypervisor process, **stopped**, and listens. On failure nothing stays behind and the
   * rejection is VM_PHASE_FAILED or VM_EXISTS; any other rejection means unknown.
   */
  prepare(offer: Offer, request: ChosenRequest, call: EffectOptions): Promise<Incoming>
  /** The target's half of a migration from the host's record, also when the process is gone. Rejects with VM_NOT_FOUND if this host never heard of it. */
  recall(id: MigrationId, call: EffectOptions): Promise<RecalledTarget>
}

/** A migration that has been prepared at the target. */
export interface Incoming {
  /** Where to send: JSON data. */
  readonly ticket: Ticket
  /** Connects to an endpoint of the ticket through this side's host channel, for transports that go through the controller. */
  dial?(endpoint: string, call: EffectOptions): Promise<Duplex>
  /**
   * Resolves when everything is loaded (in post-copy: what it takes to run) and the guest is stopped, with its disks
   * closed; it has no effect on who runs.
   */
  ready?(call: EffectOptions): Promise<void>
  /**
   * The commit: leaves a durable mark that this copy may have run, then does **exactly one** host action: run it (or, if
   * the request says `paused` or the guest was paused, take it over without running it). Idempotent. Resolves when the
   * guest is seen to run. Where the hypervisor refuses, and so proves that the copy has not run, the mark that this call
   * left is taken away again: only then can the source be given back.
   */
  finish(call: EffectOptions): Promise<void>
  /**
   * Post-copy only, after the link was lost: listens anew for the rest of the pages. Absent where a lost link cannot be
   * made good.
   */
  reopen?(call: EffectOptions): Promise<Ticket>
  /** Resolves only when no copy can run here; deletes only what this migration made. Idempotent. */
  abort(reason: string, call: EffectOptions): Promise<void>
  /** What this host knows about its copy, now. */
  inspect(call: CallOptions): Promise<CopyState>
}

/** A target's half found again. */
export interface RecalledTarget extends Pick<Incoming, 'ready' | 'finish' | 'reopen' | 'abort' | 'inspect'> {
  readonly record: HostRecord
}
