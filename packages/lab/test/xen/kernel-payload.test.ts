import { expect, it } from 'vitest'
import { kernelPayload } from '../../src/xen/kernel-payload.ts'

const magic = Buffer.from('\xfd7zXZ\0', 'latin1')

/** A bzImage of one sector of setup, whose kernel lies `offset` bytes behind it. */
function bzImage(begin: Buffer, offset = 64): Buffer {
  const image = Buffer.alloc(4096, 0xee)
  const payload = Buffer.concat([begin, Buffer.from('packed'), Buffer.from([0x78, 0x56, 0x34, 0x12])])
  image.writeUInt8(1, 0x1f1)
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt32LE(offset, 0x248)
  image.writeUInt32LE(payload.length, 0x24c)
  payload.copy(image, 1024 + offset)
  return image
}

it('a kernel is found where the header of its image says, and so is its size', () => {
  const { packed, size } = kernelPayload(bzImage(magic))
  expect(Buffer.from(packed).toString('latin1')).toBe('\xfd7zXZ\0packed')
  expect(size).toBe(0x12345678)
})

it('what is no bzImage, and what is packed in another way, is refused', () => {
  expect(() => kernelPayload(Buffer.alloc(4096))).toThrow('no bzImage')
  expect(() => kernelPayload(Buffer.from('HdrS'))).toThrow('no bzImage')
  expect(() => kernelPayload(bzImage(Buffer.from('28b52ffd', 'hex')))).toThrow('not packed by xz')
})
