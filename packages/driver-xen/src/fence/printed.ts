/** Words of the handshake as printf(1) takes them; none of them has a quote or a percent sign. */
export function printed(words: string): string {
  return Array.from(words, (one) =>
    one < ' ' ? `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}` : one,
  ).join('')
}
