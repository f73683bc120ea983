import type { Capabilities } from '@vmferry/core/driver'
import type { Session } from './session.ts'
import type { Wire } from './wire.ts'
import type { World } from './world.ts'
import type { WorldHost } from './world-host.ts'

/** A host of a world as one connection has it. */
export interface TestHost {
  readonly world: World
  readonly host: WorldHost
  /** The manifest that this connection has. */
  readonly capabilities: Capabilities
  readonly session: Session
  readonly wire: Wire
}
