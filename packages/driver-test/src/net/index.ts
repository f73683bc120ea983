/**
 * Serves a host of a world to other processes, with the world still in your hand: for tests that plan faults. The command
 * `vmferry-test-host` is the same without code.
 *
 * @packageDocumentation
 */
export type { Address } from './address.ts'
export { type HostService, type ServedHost, serveHost } from './serve-host.ts'
