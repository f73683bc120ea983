import type { Duplex, Readable, Writable } from 'node:stream'
import type { CallOptions } from './call.ts'
import type { ConnectionUri } from './connection-uri.ts'

/** A way of reaching hosts: `local()` and `ssh()` of `@vmferry/host` are two. */
export interface HostProvider {
  /** The second half of the scheme that it serves (`ssh`), or `local` for URIs without one. */
  readonly name: string
  /**
   * Opens a channel to the host that `uri` names. Providers may share one underlying connection between channels.
   * Rejects with VM_REFUSED (authentication, host key), VM_CONNECTION, VM_INVALID (the URI lacks or has what it must not).
   */
  open(uri: ConnectionUri, call: CallOptions): Promise<HostChannel>
}

/**
 * A host, as drivers use it. Commands are argument vectors and never pass through a shell that could read them.
 * Every method rejects with VM_CONNECTION once the channel is closed or its connection is lost; then the effect of the
 * call that was under way is unknown.
 */
export interface HostChannel extends AsyncDisposable {
  /** A random id kept on the host and shared by all routes to it: equal ids are one host. Not the machine id. */
  readonly id: string
  /** The host's name as the user gave it, or `localhost`: for messages. */
  readonly name: string
  /**
   * Runs a command to its end, with `options.input` on its standard input, and resolves whatever its exit code is.
   * The output is read whole: at most `maxBytes` (default 16 MiB) of each stream, else VM_PROTOCOL.
   * An abort ends the waiting, and the process where it can be reached.
   * Rejects with VM_NOT_FOUND if there is no such program, VM_INVALID for an argument with a NUL.
   */
  exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult>
  /** Starts a command whose streams stay open to the caller. It ends with the channel. */
  spawn(argv: readonly string[], options: CallOptions): Promise<HostProcess>
  /**
   * Starts a command in its own session, detached from the channel: it outlives this controller. Resolves when it runs
   * and, if `until` is given, that file (a UNIX socket) is there; a process that ends before that rejects with
   * VM_PHASE_FAILED, its own words as the cause.
   */
  detach(argv: readonly string[], options: DetachOptions): Promise<ProcessId>
  /** Whether that very process is there. `gone`: no process with that pid and start time, or the host has restarted. A zombie is gone. */
  probe(process: ProcessId, call: CallOptions): Promise<'alive' | 'gone'>
  /** Sends a signal to that very process; a process that is gone is no error. */
  kill(process: ProcessId, signal: 'TERM' | 'KILL' | 'INT', call: CallOptions): Promise<void>
  /**
   * Connects to a UNIX socket on the host. Rejects with VM_CONNECTION when nothing listens there, VM_NOT_FOUND when
   * there is no such file and the transport can tell.
   */
  dial(path: string, call: CallOptions): Promise<Duplex>
  /** Listens on a UNIX socket on the host; returning from the iteration ends the listening and removes the socket. */
  listen(path: string, call: CallOptions): Promise<AsyncIterable<Duplex>>
  /** The whole file, at most 16 MiB. Rejects with VM_NOT_FOUND. */
  readFile(path: string, call: CallOptions): Promise<Uint8Array>
  /**
   * Writes the whole file at once or not at all: a new file beside it, synced, then renamed. Makes the parent folders
   * (mode 0700). File mode 0600.
   */
  writeFile(path: string, data: string | Uint8Array, call: CallOptions): Promise<void>
  /** Removes a file or a folder with all in it; one that is not there is no error. */
  remove(path: string, call: CallOptions): Promise<void>
  /** Closes the channel and ends what was spawned (not what was detached). Idempotent. */
  close(): Promise<void>
}

/** Options of {@link HostChannel.exec}. */
export interface ExecOptions extends CallOptions {
  /** Given to the command on its standard input, which is then closed; default: nothing. */
  readonly input?: string | Uint8Array
  /** Most bytes taken from each output stream; default 16 MiB. */
  readonly maxBytes?: number
  /**
   * The command leaves no process behind that has its output: then its exit is the end of that, and a host may save itself a
   * program. Default: whoever has the output is waited for. Of a command that is wrong about it another may hear the words.
   */
  readonly leavesNobody?: boolean
}

/** How a command ended. */
export interface ExecResult {
  /** The exit code; null if a signal ended it. */
  readonly code: number | null
  /** The signal's name, as `SIGKILL`, if one ended it. */
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Options of {@link HostChannel.detach}. */
export interface DetachOptions extends CallOptions {
  /** File on the host that takes the process's output and errors; truncated at the start; its folder exists. */
  readonly log: string
  /** Wait until this file is there (a UNIX socket that the process makes). */
  readonly until?: string
  /** Milliseconds to wait for `until`; default 15,000, then VM_TIMEOUT and the process is killed. */
  readonly timeout?: number
}

/** A process on a host, told from any later one with the same pid. */
export interface ProcessId {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks between boot and the process's start. */
  readonly startTime: string
  /** /proc/sys/kernel/random/boot_id at that time. */
  readonly bootId: string
}

/** A running command with its streams. */
export interface HostProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the process has ended; rejects with VM_CONNECTION when that can no longer be learnt. */
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** Ends the process; idempotent. */
  kill(signal?: 'TERM' | 'KILL' | 'INT'): Promise<void>
}
