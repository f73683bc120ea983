import type { VmError } from '@vmferry/core'
import type { Controller } from './controller.ts'
import type { Stage } from './matrix.ts'

/** The calls of the contract that go from a controller to a host. */
export type CallName =
  | 'connect'
  | 'domains'
  | 'domain'
  | 'migrations'
  | 'claim'
  | 'check'
  | 'begin'
  | 'prepare'
  | 'perform'
  | 'tune'
  | 'ready'
  | 'hand-over'
  | 'permit'
  | 'finish'
  | 'drain'
  | 'reopen'
  | 'confirm'
  | 'abort'
  | 'recall'
  | 'inspect'

/** One call on its way from a controller to a host and back. What is not readonly is for faults to change. */
export interface Passage {
  readonly controller: Controller
  readonly host: string
  readonly call: CallName
  readonly domain: string
  /** The epoch that it carries; null: none. */
  readonly epoch: number | null
  readonly stage: Stage | null
  /** Milliseconds that each delivery of the request takes longer than it should; none: it is lost. */
  deliveries: readonly number[]
  reply: 'comes' | 'is lost' | 'is lost with the connection' | 'cannot be read'
  /** What the host answers without doing anything. */
  refusal: VmError | null
}

const STAGE_OF: Partial<Record<CallName, Stage>> = {
  begin: 'begin',
  prepare: 'prepare',
  perform: 'perform',
  tune: 'perform',
  ready: 'switchover',
  'hand-over': 'switchover',
  permit: 'switchover',
  finish: 'finish',
  drain: 'finish',
  reopen: 'cleanup',
  confirm: 'confirm',
  abort: 'cleanup',
}

/** Looks and claims are part of the beginning until something has begun, and of the cleanup from then on. */
export function stageOf(call: CallName, { begun }: Controller): Stage {
  return STAGE_OF[call] ?? (begun ? 'cleanup' : 'begin')
}

const EFFECTS: ReadonlySet<CallName> = new Set([
  'begin',
  'prepare',
  'perform',
  'tune',
  'finish',
  'confirm',
  'abort',
] as const)

/** Whether the call has to write something down on its host before it does anything. */
export function filesSomething({ call }: Passage): boolean {
  return call === 'begin' || call === 'prepare' || call === 'finish'
}

/** Whether the call changes its host, so that a stale one must be kept out. */
export function hasEffect({ call }: Passage): boolean {
  return EFFECTS.has(call)
}
