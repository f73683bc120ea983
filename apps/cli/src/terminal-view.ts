import type { ProgressEvent } from '@vmferry/core'
import { rateText, timeLeftText } from './figure.ts'
import { type Frame, type Style, unstyled, type View } from './frame.ts'
import { printable } from './printable.ts'
import { leftovers, summary, type Voyage } from './summary.ts'

const WIDEST_BAR = 40
const NARROWEST_BAR = 8

/**
 * One live line for a terminal: domain, phase, round, bar, rate and time left. `columns` is asked at each event, so
 * that the line fits the window as it is then.
 */
export function terminalView(voyage: Voyage, columns: () => number, style: Style = unstyled): View {
  let phase = 'check'
  let progress: ProgressEvent | null = null
  const frame = (...lines: readonly string[]): Frame => ({
    lines: lines.map(printable),
    live: liveLine(voyage.domain, phase, progress, columns() - 1),
  })
  return (event) => {
    switch (event.type) {
      case 'phase-start':
        phase = event.phase
        if (phase !== 'perform' && phase !== 'drain') progress = null
        return frame()
      case 'progress':
        progress = event
        return frame()
      case 'warning':
        return frame(`warning: ${event.message} (${event.code})`)
      case 'migration-complete':
        return { lines: [summary(event, voyage, style), ...leftovers(event, style)] }
      case 'migration-start':
      case 'phase-end':
      case 'switchover':
        return frame()
    }
    return frame() // an event of a later version
  }
}

/** The line in at most `width` columns: on a narrow screen the bar goes first, then the rest from the end. */
function liveLine(domain: string, phase: string, progress: ProgressEvent | null, width: number): string {
  if (!progress) return printable(`${domain}  ${phase}`).slice(0, Math.max(0, width))
  const { round, bytes, totalBytes, bytesPerSecond, etaMs, etaIsAtLeast } = progress
  const share = totalBytes > 0 ? Math.min(1, bytes / totalBytes) : 0
  const before = `${domain}  ${phase} ${round}`
  const speed = [
    rateText(bytesPerSecond),
    etaMs === null ? 'time left unknown' : timeLeftText(etaMs, etaIsAtLeast),
  ]
  const percent = `${String(Math.floor(share * 100)).padStart(3)}%`
  const after = [percent, ...(bytesPerSecond > 0 ? speed : [])].join('  ')
  const room = Math.min(WIDEST_BAR, width - before.length - after.length - 4)
  const middle = room >= NARROWEST_BAR ? [bar(share, room)] : []
  return printable([before, ...middle, after].join('  ')).slice(0, Math.max(0, width))
}

/** `[=====>    ]`, `width` characters wide. */
function bar(share: number, width: number): string {
  const inner = width - 2
  const full = Math.round(share * inner)
  const body = full === inner ? '='.repeat(inner) : `${'='.repeat(full)}>`.padEnd(inner)
  return `[${body}]`
}
