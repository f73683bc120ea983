/**
 * Where in a migration a fault strikes: begin, prepare, perform, switchover (from the guest's stop to the commit),
 * finish, confirm, and what cleans up after a failure.
 */
export const STAGES = ['begin', 'prepare', 'perform', 'switchover', 'finish', 'confirm', 'cleanup'] as const
/** One of {@link STAGES}. */
export type Stage = (typeof STAGES)[number]

/**
 * What a fault waits for: a call is about to leave its controller, has arrived at its host, was carried out there, has
 * come back; the journal is about to be written, has been written, is kept. `call` and `any` stand for several.
 */
export type Point = 'send' | 'arrive' | 'answer' | 'return' | 'write' | 'sync' | 'kept'

/** One row of the matrix: a kind of fault, its variants, and the stages in which it must be survived. */
export interface MatrixRow {
  readonly row: number
  readonly what: string
  readonly stages: readonly Stage[]
  readonly variants: readonly Variant[]
}

/** One way in which a row's fault comes. */
export interface Variant {
  readonly name: string
  readonly points: readonly Point[]
}

const CALL: readonly Point[] = ['send', 'arrive', 'answer', 'return']
const ANY: readonly Point[] = [...CALL, 'write', 'sync', 'kept']
const SEND: readonly Point[] = ['send']
const ANSWER: readonly Point[] = ['answer']

const [B, P, F, S, N, C, L] = STAGES
const ALL: readonly Stage[] = STAGES
const AFTER_BEGIN: readonly Stage[] = [P, F, S, N, C, L]

/** Every fault in every stage in which it can strike: 104 cells. */
export const MATRIX: readonly MatrixRow[] = [
  row(1, 'the controller crashes', ALL, [
    ['restarts', ANY],
    ['is replaced', ANY],
  ]),
  row(2, 'the controller freezes, another takes over, it wakes', AFTER_BEGIN, [['freezes', ANY]]),
  row(3, "the source's guest process dies", [B, P, F, S, N, C], [['dies', ANY]]),
  row(4, "the target's guest process dies", AFTER_BEGIN, [['dies', ANY]]),
  row(5, 'the source host loses power', ALL, [['loses power', ANY]]),
  row(6, 'the target host loses power', AFTER_BEGIN, [['loses power', ANY]]),
  row(7, 'the controller is cut off', ALL, [
    ['from the source', ANY],
    ['from the target', ANY],
  ]),
  row(
    8,
    'the link between the hosts',
    [F, S, N],
    [
      ['is cut', ANY],
      ['is reset', ANY],
      ['is slow', ANY],
    ],
  ),
  row(9, 'a message is lost', ALL, [
    ['request', SEND],
    ['reply', ANSWER],
    ['reply, with the connection', ANSWER],
  ]),
  row(10, 'a request comes at another time', ALL, [
    ['twice', SEND],
    ['late', SEND],
  ]),
  row(11, 'a reply cannot be read', ALL, [['garbage', ANSWER]]),
  row(12, 'no space is left', ALL, [
    ['for the journal', ANY],
    ['on the host', ['arrive']],
    ['in the memory of the target', ANY],
  ]),
  row(13, 'time is not as it was', ALL, [
    ['a slow host', ANY],
    ['the clock jumps ahead', ANY],
    ['the clock jumps back', ANY],
  ]),
  row(14, 'the user cancels', ALL, [
    ['once', ANY],
    ['twice', ANY],
  ]),
  row(15, 'a second controller', ALL, [
    ['migrates it to the same host', ANY],
    ['migrates it elsewhere', ANY],
    ['recovers', ANY],
  ]),
  row(16, 'an administrator', ALL, [
    ['pauses the guest for a while', ANY],
    ['stops the guest', ANY],
  ]),
]

function row(
  number: number,
  what: string,
  stages: readonly Stage[],
  variants: readonly (readonly [name: string, points: readonly Point[]])[],
): MatrixRow {
  return { row: number, what, stages, variants: variants.map(([name, points]) => ({ name, points })) }
}

/** One cell of the matrix in one of its variants. */
export interface Cell {
  readonly row: number
  readonly stage: Stage
  readonly variant: string
}

/** All cells in all variants. */
export const CELLS: readonly Cell[] = MATRIX.flatMap(({ row: number, stages, variants }) =>
  stages.flatMap((stage) => variants.map(({ name }): Cell => ({ row: number, stage, variant: name }))),
)

/** Where that variant of a fault can strike. */
export function pointsOf({ row: number, variant }: Cell): readonly Point[] {
  const found = MATRIX[number - 1]?.variants.find(({ name }) => name === variant)
  return found?.points ?? []
}
