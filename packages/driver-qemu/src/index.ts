/**
 * The vmferry driver for QEMU/KVM over QMP.
 *
 * @packageDocumentation
 */
export { QEMU_CAPABILITIES } from './capabilities.ts'
export { type QemuOptions, qemu, qemu as driver } from './driver.ts'
