/**
 * Somebody's text, fit for an error message: what is not printable ASCII is spelled as a code point (`\u{202e}`), so
 * that no control or direction character reaches a terminal or a log, and what is too long is cut.
 */
export function printable(text: string, longest = 80): string {
  const cut = text.length > longest
  const spelled = text
    .slice(0, longest)
    .replace(/[^ -~]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
  return cut ? `${spelled}…` : spelled
}

/** One character of somebody's text: `'$'`, or `U+202E` where it cannot be shown. */
export function printableCharacter(character: string): string {
  if (/^[ -~]$/.test(character)) return `'${character}'`
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
