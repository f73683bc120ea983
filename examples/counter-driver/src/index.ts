/**
 * A phased vmferry driver to read: for a made-up hypervisor whose guests count, spoken to over a UNIX socket.
 *
 * @packageDocumentation
 */
export { COUNTER_CAPABILITIES } from './capabilities.ts'
export { counter, counter as driver } from './driver.ts'
