/** The reversed polynomial of IEEE 802.3, as in zlib and PNG. */
const POLYNOMIAL = 0xedb88320

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1
  return sum
})

/** The CRC-32 of a text whose characters are bytes, as eight hexadecimal digits. */
export function crc32(text: string): string {
  let sum = 0xffffffff
  for (let at = 0; at < text.length; at++) {
    sum = (sum >>> 8) ^ (TABLE[(sum ^ text.charCodeAt(at)) & 0xff] ?? 0)
  }
  return (~sum >>> 0).toString(16).padStart(8, '0')
}
