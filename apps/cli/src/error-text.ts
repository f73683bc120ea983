import type { ErrorData } from '@vmferry/core'
import { type Style, unstyled } from './frame.ts'
import { printable } from './printable.ts'

/**
 * An error for people: code, phase, host and message; then the guest's state now, what to do next, and each side's own
 * words, indented. No newline at the end.
 */
export function errorText(error: ErrorData, style: Style = unstyled): string {
  const { code, message, phase, host, guest, remedy, causes } = error
  const place = [phase && ` in ${phase}`, host && ` on ${host}`].filter(Boolean).join('')
  const lines = [`${place}: ${message.trim().replaceAll(/\s*\n\s*/g, ' ')}`]
  if (guest) lines.push(`guest: ${on(guest.source, 'source')}, ${on(guest.target, 'target')}`)
  if (remedy) lines.push(`next: ${remedy}`)
  for (const cause of causes) {
    const [first = '', ...more] = cause.words.trimEnd().split(/\r?\n/)
    lines.push(`  ${cause.host}: ${first}`, ...more.map((line) => `    ${line}`))
  }
  return style('red', printable(code)) + lines.map(printable).join('\n')
}

function on(state: string, side: 'source' | 'target'): string {
  return `${state} on ${side}`
}
