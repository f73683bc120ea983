import { type VmError, vmError } from '@vmferry/core/driver'
import type { Link } from './link.ts'
import type { Registers } from './page-memory.ts'

/**
 * An open stream from a source's hypervisor to the target's. Its speed is the sender's business. A member without a
 * promise has done its work when it returns. Each rejects with VM_PHASE_FAILED once the stream is broken: the link was
 * reset, or nobody receives any more.
 */
export interface Stream {
  readonly link: Link
  verify(): void
  /** Puts so many bytes on the way, where bytes are real. */
  carry?(bytes: number): Promise<void>
  /** Delivers a page, whose bytes have been carried. */
  page(number: number, words: Uint32Array): Promise<void> | void
  /** Post-copy: delivers what the guest needs to run, and says which pages come later. Absent where nothing carries them. */
  turn?(registers: Registers, missing: Iterable<number>): void
  /** Delivers the last of the guest: it is complete at the target. */
  end(registers: Registers): Promise<void> | void
  close(): void
}

/** VM_PHASE_FAILED: a stream that broke. */
export function brokenStream(from: string, to: string, why: string): VmError {
  return vmError('VM_PHASE_FAILED', `the stream from ${from} to ${to} broke: ${why}`, {
    host: from,
    phase: 'perform',
    causes: [{ host: from, words: why }],
  })
}
