/** A 32-bit FNV-1a digest in hexadecimal: to tell facts and memories apart, not to protect them. */
export function digest(words: Iterable<number>): string {
  let hash = 0x811c9dc5
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193) >>> 0
  return hash.toString(16).padStart(8, '0')
}

/** The digest of facts in JSON. */
export function digestOf(facts: unknown): string {
  return digest(Array.from(JSON.stringify(facts), (letter) => letter.codePointAt(0) ?? 0))
}
