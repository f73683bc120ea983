import type { Cell, Phase, Point } from './cell.ts'
import type { StrikeName } from './strikes.ts'

type More = Partial<Omit<Cell, 'row' | 'phase' | 'at'>>

/** Moments at which a fault can strike, by phase. A number is the call to a host before which it does. */
const MOMENTS = {
  B: [at('begin', 'before')],
  P: [at('prepare', 'before'), at('prepare', 4), at('prepare', 'after')],
  F: [at('perform', 'during')],
  S: [at('perform', 'stopped'), at('perform', 'after'), at('hand-over', 'after')],
  N: [at('finish', 'before'), at('finish', 'after')],
  C: [at('confirm', 'before'), at('confirm', 'after')],
  L: [at('abort', 'before')],
} as const satisfies Record<Phase, readonly Point[]>

/** Before QEMU connects to the tunnel. */
const CONNECTING = at('perform', 1)

/** Every variant of every cell. One line is one fault in one phase, and what must come of it. */
export const CELLS: readonly Cell[] = [
  ...themselves(1, 'PFSNC', 'SIGKILL', 'journal'),
  ...themselves(1, 'PFSNC', 'SIGKILL', 'hosts'),
  ...themselves(2, 'FSNC', 'SIGSTOP', 'journal'),
  ...themselves(2, 'FSNC', 'SIGSTOP', 'hosts'),

  cell(3, 'F', at('perform', 'during'), 'kill the QEMU of the source', { outcome: 'lost' }),
  cell(3, 'S', at('perform', 'after'), 'kill the QEMU of the source', { outcome: 'migrated' }),
  cell(3, 'S', at('hand-over', 'after'), 'kill the QEMU of the source', { outcome: 'migrated' }),

  cell(4, 'P', at('prepare', 5), 'kill the QEMU of the target', { outcome: 'rolledBack' }),
  cell(4, 'P', at('prepare', 'after'), 'kill the QEMU of the target', { outcome: 'rolledBack' }),
  cell(4, 'F', at('perform', 'during'), 'kill the QEMU of the target', { outcome: 'rolledBack' }),
  cell(4, 'S', at('perform', 'stopped'), 'kill the QEMU of the target', { outcome: 'rolledBack' }),
  cell(4, 'S', at('perform', 'after'), 'kill the QEMU of the target', { outcome: 'rolledBack' }),
  cell(4, 'N', at('finish', 'before'), 'kill the QEMU of the target', { outcome: 'revived' }),
  cell(4, 'N', at('finish', 'after'), 'kill the QEMU of the target', {
    outcome: 'revived',
    losesReply: true,
  }),

  cell(6, 'N', at('finish', 'before'), 'lose the target host', { lasts: 4_000 }),
  cell(6, 'N', at('finish', 'after'), 'lose the target host', {
    outcome: 'revived',
    lasts: 4_000,
    losesReply: true,
  }),
  cell(6, 'N', at('finish', 'before'), 'cut the target host off', { lasts: 4_000 }),
  cell(6, 'N', at('finish', 'after'), 'cut the target host off', { outcome: 'migrated', losesReply: true }),
  cell(6, 'N', at('finish', 'after'), 'restart the target host with an empty /run', {
    outcome: 'revived',
    lasts: 4_000,
    losesReply: true,
  }),

  ...each('BPFSNCL', (phase, point) =>
    (['source', 'target'] as const).flatMap((side) => [
      cell(7, phase, point, `kill the control ssh of the ${side}`, cut(phase, point)),
      cell(7, phase, point, `cut the control network of the ${side}`, { ...cut(phase, point), lasts: 4_000 }),
    ]),
  ),

  cell(8, 'F', at('perform', 'during'), 'kill the data ssh at the source', { outcome: 'rolledBack' }),
  cell(8, 'F', at('perform', 'during'), 'kill the data ssh at the target', { outcome: 'rolledBack' }),
  cell(8, 'F', at('perform', 'during'), 'cut the data network', { outcome: 'rolledBack' }),
  cell(8, 'F', at('perform', 'during'), 'cut the way there', { outcome: 'rolledBack' }),
  cell(8, 'F', at('perform', 'during'), 'cut the way back', { outcome: 'rolledBack' }),
  cell(8, 'F', CONNECTING, 'stop the stream in mid-copy', { outcome: 'rolledBack' }),
  cell(8, 'F', CONNECTING, 'end the stream in mid-copy', { outcome: 'rolledBack' }),
  cell(8, 'S', CONNECTING, 'swallow the tail of the stream', { outcome: 'rolledBack' }),
  cell(8, 'S', CONNECTING, 'swallow what comes back', { outcome: 'rolledBack' }),
  cell(8, 'S', at('perform', 'stopped'), 'kill the data ssh at the source'),
  cell(8, 'S', at('perform', 'stopped'), 'cut the data network'),
  cell(8, 'S', at('perform', 'after'), 'kill the data ssh at the target', { outcome: 'migrated' }),
  cell(8, 'S', at('perform', 'after'), 'cut the data network', { outcome: 'migrated' }),

  cell(11, 'F', at('perform', 'during'), 'answer with garbage'),
  cell(11, 'F', at('perform', 'during'), 'answer half'),
  cell(11, 'F', at('perform', 'during'), 'answer two at once'),
  cell(11, 'F', at('perform', 'during'), 'answer without end'),
  cell(11, 'F', at('perform', 'during'), 'answer somebody else'),
  cell(11, 'F', CONNECTING, 'garbage in the stream', { outcome: 'rolledBack' }),
  cell(11, 'F', CONNECTING, 'lose bytes of the stream', { outcome: 'rolledBack' }),

  cell(12, 'P', at('prepare', 'before'), 'let the journal tear a line and take no more', {
    outcome: 'rolledBack',
  }),
  cell(12, 'P', at('prepare', 'before'), 'fill the disk of the target', { outcome: 'rolledBack' }),
  cell(12, 'P', at('prepare', 'before'), 'take the memory of the target away'),
  cell(12, 'F', at('perform', 'during'), 'let the journal tear a line and take no more', {
    outcome: 'rolledBack',
  }),
  cell(12, 'F', at('perform', 'during'), 'fill the disk of the target'),
  cell(12, 'F', at('perform', 'during'), 'fill the disk of the source'),
  cell(12, 'F', at('perform', 'during'), 'take the memory of the target away', { outcome: 'rolledBack' }),

  cell(13, 'F', at('perform', 'during'), 'slow the QEMU of the target'),
  cell(13, 'F', at('perform', 'during'), 'slow the control ssh of the target', { outcome: 'migrated' }),
  cell(13, 'F', CONNECTING, 'slow the stream'),
  cell(13, 'F', at('perform', 'during'), 'set the clock an hour ahead', { outcome: 'migrated' }),
  cell(13, 'F', at('perform', 'during'), 'set the clock an hour back', { outcome: 'migrated' }),

  ...each('PF', (phase, point) => [
    cell(14, phase, point, 'cancel', { outcome: 'rolledBack' }),
    cell(14, phase, point, 'cancel twice', { outcome: 'rolledBack' }),
  ]),

  cell(15, 'P', at('begin', 'before'), 'a rival wants the same'),
  cell(15, 'P', at('begin', 'before'), 'a rival wants it elsewhere'),
  cell(15, 'P', at('prepare', 'before'), 'a rival wants the same'),

  cell(16, 'F', at('perform', 'during'), 'cont at the source', { outcome: 'migrated' }),
  cell(16, 'F', at('perform', 'during'), 'cont at the target', { outcome: 'migrated' }),
  cell(16, 'F', at('perform', 'during'), 'stop at the source'),
  cell(16, 'F', at('perform', 'during'), 'quit at the source', { outcome: 'lost' }),
  cell(16, 'F', at('perform', 'during'), 'quit at the target', { outcome: 'rolledBack' }),
  cell(16, 'F', at('perform', 'during'), 'reset at the source', { outcome: 'migrated' }),
  cell(16, 'F', at('perform', 'during'), 'the guest powers off', { outcome: 'lost' }),
]

function at(phase: Point['phase'], moment: Point['moment']): Point {
  return { phase, moment }
}

function cell(row: number, phase: Phase, point: Point, strike: StrikeName, more: More = {}): Cell {
  return { row, phase, at: point, strike, variant: strike, lasts: 30_000, recovers: 'journal', ...more }
}

/** The controller is struck by itself, at each moment of these phases. */
function themselves(
  row: number,
  phases: string,
  self: 'SIGKILL' | 'SIGSTOP',
  recovers: Cell['recovers'],
): Cell[] {
  return each(phases, (phase, point) => [
    { row, phase, at: point, self, variant: self, lasts: 0, recovers, ...outcomeOf(phase, point, recovers) },
  ])
}

/** What must come of a migration that is taken over: back before the commit was on file, forward after it. */
function outcomeOf(phase: Phase, { moment }: Point, recovers: Cell['recovers']): Pick<Cell, 'outcome'> {
  if (phase === 'P' || phase === 'F') return { outcome: 'rolledBack' }
  if (phase === 'N' || phase === 'C') return { outcome: 'migrated' }
  return recovers === 'journal' && moment !== 'stopped' ? { outcome: 'rolledBack' } : {}
}

/** A reply that is lost with the connection, where something was done; a copy to be cleaned up, in the last phase. */
function cut(phase: Phase, { moment }: Point): More {
  return { ...(moment === 'after' && { losesReply: true }), ...(phase === 'L' && { cancels: true }) }
}

function each(phases: string, make: (phase: Phase, point: Point) => Cell[]): Cell[] {
  return (phases.split('') as Phase[]).flatMap((phase) =>
    MOMENTS[phase].flatMap((point) => make(phase, point)),
  )
}
