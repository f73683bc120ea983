import type { Duplex } from 'node:stream'
import type { DetachOptions, ProcessId } from '@vmferry/core/driver'
import type { Listening } from './accept-queue.ts'
import type { FileAccess } from './file-access.ts'
import type { ProcessCheck } from './process-check.ts'
import type { Run, RunningProcess } from './running-process.ts'

/**
 * One way to a host: what differs between this machine, ssh and memory. Arguments have been checked; every method ends
 * what it began when `stop` fires.
 */
export interface Route {
  /** The host's name in messages. */
  readonly place: string
  readonly files: FileAccess
  readonly check: ProcessCheck
  readonly run: Run
  start(argv: readonly string[], stop: AbortSignal): Promise<RunningProcess>
  detach(argv: readonly string[], options: DetachOptions, stop: AbortSignal): Promise<ProcessId>
  dial(path: string, stop: AbortSignal): Promise<Duplex>
  listen(path: string, stop: AbortSignal): Promise<Listening>
  /** Lets the way go. */
  close(): Promise<void>
}
