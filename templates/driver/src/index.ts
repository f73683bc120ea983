/**
 * A vmferry driver for acme.
 *
 * @packageDocumentation
 */
export { ACME_CAPABILITIES } from './capabilities.ts'
// `driver` is the name by which `vmferry --driver PACKAGE` and `lazy()` find it
export { acme, acme as driver } from './driver.ts'
