import type { ProgressEvent } from '@vmferry/core'
import { bytesText, durationText, rateText, timeLeftText } from './figure.ts'
import { type Frame, unstyled, type View } from './frame.ts'
import { printable } from './printable.ts'
import { leftovers, summary, type Voyage } from './summary.ts'

/** Least milliseconds between two lines of progress. */
const PROGRESS_EVERY = 5_000

/** Plain lines, for a pipe, a log or a terminal without cursor movement: phases, and progress at most every 5 seconds. */
export function plainView(voyage: Voyage): View {
  let lastProgress = Number.NEGATIVE_INFINITY
  return (event) => {
    switch (event.type) {
      case 'migration-start':
        return line(
          `${event.domain}: ${event.source} -> ${event.target} by ${event.transport} (${event.why})`,
        )
      case 'phase-start':
        return line(event.phase)
      case 'progress': {
        const at = Date.parse(event.at)
        if (at - lastProgress < PROGRESS_EVERY) return NOTHING
        lastProgress = at
        return line(`  ${progressText(event)}`)
      }
      case 'warning':
        return line(`warning: ${event.message} (${event.code})`)
      case 'switchover':
        return line(`  switched over, downtime ${durationText(event.downtimeMs)}`)
      case 'migration-complete':
        return line(summary(event, voyage, unstyled), ...leftovers(event, unstyled))
      case 'phase-end':
        return NOTHING
    }
    return NOTHING // an event of a later version
  }
}

function progressText({
  round,
  bytes,
  totalBytes,
  bytesPerSecond,
  etaMs,
  etaIsAtLeast,
}: ProgressEvent): string {
  return [
    `round ${round}`,
    `${bytesText(bytes)} of ${bytesText(totalBytes)}`,
    ...(bytesPerSecond > 0 ? [rateText(bytesPerSecond)] : []),
    ...(etaMs === null ? [] : [timeLeftText(etaMs, etaIsAtLeast)]),
  ].join(', ')
}

function line(...lines: readonly string[]): Frame {
  return { lines: lines.map(printable) }
}

const NOTHING: Frame = { lines: [] }
