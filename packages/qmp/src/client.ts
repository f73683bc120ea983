import type { QmpArguments, QmpCommandName, QmpCommands } from './commands.ts'
import type { QmpEvent, QmpEventName } from './events.ts'
import type { QmpObject, QmpValue } from './value.ts'

/** What QEMU says that it is: for messages to people. Decide by `qmpSchema()`, never by a version. */
export interface QmpVersion {
  readonly major: number
  readonly minor: number
  readonly micro: number
  /** The distribution's own version; empty where QEMU was built by hand. */
  readonly package: string
}

/** What may come with any command. */
export interface QmpCallOptions {
  /** Ends the wait for this command only (VM_ABORTED). A command that was sent takes effect all the same. */
  readonly signal?: AbortSignal
  /** Milliseconds; default: the client's `commandTimeout`; Infinity: no limit. QEMU may be silent for seconds at a switchover. */
  readonly timeout?: number
  /**
   * Send it out of band: QEMU runs it at once, before the commands that wait. Only for the few that its schema
   * marks `allow-oob` (`migrate-pause`, `migrate-recover`, `yank`); VM_UNSUPPORTED where the monitor offers no `oob`.
   */
  readonly oob?: boolean
}

/** What may come with a wait for an event. */
export interface QmpWaitOptions {
  readonly signal?: AbortSignal
  /** Milliseconds; default: no limit. */
  readonly timeout?: number
}

/** A session with one monitor. It ends with the stream; a new session has missed events, so ask for the state first. */
export interface QmpClient extends AsyncDisposable {
  readonly version: QmpVersion

  /** Whether commands may be sent with `oob: true`. */
  readonly oob: boolean

  /**
   * Runs a command whose types are known. Its numbers must be integers (a bigint beyond 2^53), else VM_INVALID.
   *
   * Rejects when QEMU answers with an error: VM_UNSUPPORTED (no such command), VM_NOT_FOUND (no such device), else
   * VM_PHASE_FAILED, with QEMU's words as the cause and its class in `qmpErrorClass(error)`. Also VM_TIMEOUT and
   * VM_ABORTED (a command that was sent may still take effect), VM_CONNECTION and VM_PROTOCOL (the session is over).
   * At most 8 commands are with QEMU at a time; the others wait their turn. `quit` resolves when the process is gone, too.
   */
  execute<C extends QmpCommandName>(command: C, ...rest: QmpArguments<C>): Promise<QmpCommands[C]['return']>

  /** Runs any command. As {@link execute}, but numbers may have fractions too. */
  raw(command: string, args?: QmpObject, options?: QmpCallOptions): Promise<QmpValue>

  /**
   * Calls `listener` for each event of that name, `*` for all, until the function returned is called or the session
   * ends. What a listener throws becomes a warning of the process and hurts nobody else.
   */
  on(event: '*', listener: (event: QmpEvent) => void): () => void
  on<E extends QmpEventName>(event: E, listener: (event: QmpEvent<E>) => void): () => void

  /**
   * The next event of that name, or for which the predicate is true; events before the call do not count.
   * Rejects with VM_TIMEOUT, VM_ABORTED, VM_CONNECTION, or with what the predicate throws.
   */
  waitFor<E extends QmpEventName>(event: E, options?: QmpWaitOptions): Promise<QmpEvent<E>>
  waitFor(predicate: (event: QmpEvent) => boolean, options?: QmpWaitOptions): Promise<QmpEvent>

  /** Resolves when the session is over: with the reason, or with null after `close()` or `quit`. Never rejects. */
  readonly closed: Promise<Error | null>

  /** Ends the session; commands that wait are rejected (VM_CONNECTION). What QEMU is doing goes on. Idempotent. */
  close(): Promise<void>
}
