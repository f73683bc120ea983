/**
 * The Multiboot image that guests/count.S makes, in base64: a guest that counts and watches its memory. It is here as data so that
 * nobody needs an assembler to run the conformance kit; a test keeps both equal.
 */
export const COUNT_IMAGE: string = [
  'ArCtGwAAAQD+T1HkAAAQAAAAEACYAhAAmAIQAFQAEAAAAAAAAAAAAAAAMACNdCYAAAAAAAAAAAD//wAAAJrPAP//AAAAks8AFwAw',
  'ABAAPwFYARAA+vwPARVIABAADwEdTgAQAOprABAACABmuBAAjtiOwI7QvAAACQC/AAAgADHAuQAABADzq78AADAA6LgAAACJB4PH',
  'BIH/AAAwAXLusBHmILAg5iGwBOYhsAHmIbD+5iGw/+ahsDTmQ7Cc5kCwLuZA+/Tr/WCwIOYgoSAAEABAoyAAEACJx4Hn/wAAAMHn',
  'DIHHAAAgAIsfhdt0FIHDAAEAADnDdArHBSQAEAABAAAADyDBgfEAAAEADyLBiQeLPSgAEAC5ABAAAOgqAAAAOQd0CscFJAAQAAEA',
  'AACDx0BJdeeB/wAAMAFyBb8AADAAiT0oABAAYc/PifjB6AJpwLF5N5730MNJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4Q',
  'AEkBCAAAjhAASQEIAACOEABJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4QAEkB',
  'CAAAjhAASQEIAACOEABJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4QAEkBCAAA',
  'jhAASQEIAACOEABJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4QAEkBCAAAjhAA',
  'xwAIAACOEABJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4QAEkBCAAAjhAASQEIAACOEABJAQgAAI4QAA==',
].join('')

/** Bytes of its memory that do not compress. */
export const FILLED_BYTES = 0x1000000

/** MiB of memory that it needs. */
export const MEMORY_MIB = 32

/** The monitor's words that show its count, and whether its memory was wrong. */
export const SHOW_COUNT = 'xp /2wx 0x100020'

/** What those words show. Null: not the answer of a monitor to {@link SHOW_COUNT}. */
export function countIn(shown: string): { readonly counter: number; readonly intact: boolean } | null {
  const [, count, bad] = /^[0-9a-f]+: 0x([0-9a-f]{8}) 0x([0-9a-f]{8})\s*$/.exec(shown) ?? []
  if (count === undefined || bad === undefined) return null
  return { counter: Number.parseInt(count, 16), intact: Number.parseInt(bad, 16) === 0 }
}
