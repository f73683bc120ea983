/** The kernel in a bzImage. */
export interface KernelPayload {
  /** An ELF file, packed by xz. */
  readonly packed: Uint8Array
  /** Bytes of that file when it is unpacked. */
  readonly size: number
}

/**
 * Finds the kernel in a bzImage by the header that boot loaders go by (Documentation/arch/x86/boot.rst): emulated, a kernel takes
 * long to unpack itself, and does so at each boot. Throws for a file that is none, and for one packed by anything but xz.
 */
export function kernelPayload(image: Buffer): KernelPayload {
  if (image.length < 0x250 || image.toString('latin1', 0x202, 0x206) !== 'HdrS')
    throw new Error('this file is no bzImage')
  const begin = (image.readUInt8(0x1f1) + 1) * 512 + image.readUInt32LE(0x248)
  const payload = image.subarray(begin, begin + image.readUInt32LE(0x24c))
  if (payload.toString('latin1', 0, 6) !== '\xfd7zXZ\0') throw new Error('this kernel is not packed by xz')
  // Its size follows what was packed.
  return { packed: payload.subarray(0, -4), size: payload.readUInt32LE(payload.length - 4) }
}
