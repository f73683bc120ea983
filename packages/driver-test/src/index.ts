/**
 * A vmferry driver whose hypervisor is plain data in memory: it really copies pages, over links, by a clock and with
 * faults that are in your hand.
 *
 * @packageDocumentation
 */
export { type Fencing, TEST_CAPABILITIES, type TestCapabilities } from './capabilities.ts'
export { type TestOptions, test, test as driver } from './driver.ts'
export type { Fault, FaultKind, FaultPlan, FaultPoint, FaultWhen } from './faults.ts'
export type { Guest, GuestOptions, GuestView } from './guest.ts'
export type { Link } from './link.ts'
export type { Copying, IncomingFile, OutgoingFile } from './migration-file.ts'
export type { PageMemory, Registers } from './page-memory.ts'
export type { Session } from './session.ts'
export { createWorld, type Violation, type World, type WorldOptions } from './world.ts'
export type { WorldHost } from './world-host.ts'
