/**
 * A direct vmferry driver to read: for a made-up cluster with a REST interface, which migrates by one call of its own.
 *
 * @packageDocumentation
 */
export { REST_CAPABILITIES } from './capabilities.ts'
export { rest, rest as driver } from './driver.ts'
