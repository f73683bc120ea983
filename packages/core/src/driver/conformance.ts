import type { CallOptions } from './call.ts'
import type { Clock } from './clock.ts'
import type { DriverConnection } from './connection.ts'
import type { Driver } from './driver.ts'
import type { HostChannel } from './host.ts'

/** One end of a migration. */
export type Side = 'source' | 'target'

/**
 * What a driver package exports as `setup` from its subpath `./conformance`: how `@vmferry/conformance` gets hosts and
 * guests of that hypervisor, and how it looks at them without asking the driver that it judges.
 */
export interface ConformanceSetup {
  /** What this machine lacks to run the hypervisor, in words; null: nothing. Default: nothing. */
  problem?(): Promise<string | null>
  /**
   * Makes two hosts, as new, for one case of the kit. Stages do not share anything. `loan.transport` names the transport
   * that is to work between the hosts; null: whichever. Resolves to null if this setup has no such hosts.
   */
  stage(loan: StageLoan): Promise<ConformanceStage | null>
}

/** What the kit lends to a stage. */
export interface StageLoan {
  readonly transport: string | null
  /** The time in which kit and driver live. */
  readonly clock: Clock
  /** Opens the host of a connection URI by the providers that the kit was given. VM_UNSUPPORTED if there is none. */
  openHost(uri: string, call: CallOptions): Promise<HostChannel>
  /** Connects to a URI as the kit does, for a stage that needs the driver to make its guests. The stage closes it. */
  connect(driver: Driver, uri: string, call: CallOptions): Promise<DriverConnection>
}

/** Two hosts of a hypervisor, and a hand on them that no driver has. */
export interface ConformanceStage {
  /** The driver under test. */
  readonly driver: Driver
  /** Connection URIs of the two hosts. */
  readonly source: string
  readonly target: string
  /**
   * Memory of a guest of this stage that no copy can do without, in bytes, because it is written and does not compress.
   * Choose it so that a copy at full speed takes a tenth of a second or more.
   */
  readonly guestBytes: number
  /**
   * How a user would name the way to the target: a full URI with that transport, or for null a bare host. Resolves to
   * null where there is no such form.
   */
  migrationUri(transport: string | null): string | null
  /** Starts a guest that counts, and resolves when it does; `paused` afterwards, if the manifest says `pausedGuests`. */
  start(side: Side, name: string, state: 'running' | 'paused'): Promise<void>
  /** The copy of a guest on one side, as it really is now; null: there is none. */
  look(side: Side, name: string): Promise<GuestSight | null>
  /** Ends the process of a copy, as a crash would. Absent where the hypervisor has one call and no phases. */
  crash?(side: Side, name: string): Promise<void>
  /**
   * Everything on one side that a migration could leave behind, one line each: processes, sockets, files, records; not
   * the guests themselves, and not what belongs to a guest that is at home there. The kit compares lists, it does not
   * read them.
   */
  traces(side: Side): Promise<readonly string[]>
  /** Ends everything that was made, whatever state it is in. */
  close(): Promise<void>
}

/** A copy of a guest, seen from outside. */
export interface GuestSight {
  /** Its virtual CPUs run. */
  readonly running: boolean
  /** What the guest counts: higher whenever it has run in between, never reset by a migration. */
  readonly counter: number
  /** False once memory was found that is not what the guest wrote. */
  readonly intact: boolean
}
