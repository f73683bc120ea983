import type { Clock, ConnectionUri, HostChannel, Logger } from '@vmferry/core/driver'
import type { Fences } from '@vmferry/fence'
import type { RunningQemus } from './facts/running.ts'
import type { KeptAnswers } from './guest/kept-answers.ts'
import type { Afterwards } from './migration/afterwards.ts'
import type { Trials } from './transport/trial.ts'

/** A host with its QEMU guests, as the parts of this driver share it. */
export interface QemuHost {
  readonly uri: ConnectionUri
  readonly host: HostChannel
  readonly runDirectory: string
  /** Where it has certificates and keys. */
  readonly tlsDirectory: string
  /** Those that were asked over this connection. */
  readonly qemus: RunningQemus
  /** Those without a guest, that were asked on this host since it booted. */
  readonly keptAnswers: KeptAnswers
  /** Whom its own ssh reaches. */
  readonly trials: Trials
  /** Those of its guests. */
  readonly fences: Fences
  readonly clock: Clock
  readonly log: Logger
  /** A connection that is closed waits for it. */
  readonly afterwards: Afterwards
  /** Milliseconds without a sign of life from the controller after which a copy is cancelled at the source. */
  readonly deadManLimit: number
  /** Eight hexadecimal digits, random. */
  newId(): string
  /** A random uuid of version 4. */
  newUuid(): string
}
