/**
 * The vmferry driver for Xen, over xl.
 *
 * @packageDocumentation
 */
export { XEN_CAPABILITIES } from './capabilities.ts'
export { type XenOptions, xen, xen as driver } from './driver.ts'
