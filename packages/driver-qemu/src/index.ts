/**
 * The vmferry driver for QEMU/KVM over QMP.
 *
 * @packageDocumentation
 */
export { QEMU_CAPABILITIES } from './capabilities.ts'
export { qemu, qemu as driver } from './driver.ts'
