import type { Bench } from './bench.ts'
import { GUEST } from './guest.ts'
import type { Need } from './needs.ts'

/** One thing that a driver must do, and how that is seen. */
export interface Case {
  /** Stable: `GROUP.NAME`, kebab-case. */
  readonly id: string
  /** What must hold, as a sentence. */
  readonly says: string
  /** All of these must be met for the case to apply. */
  readonly needs: readonly Need[]
  /** Rejects if it does not hold. Resolves to a remark for the table, or to nothing. */
  prove(bench: Bench): Promise<string | void>
}

/** Makes a case. */
export function check(id: string, needs: readonly Need[], says: string, prove: Case['prove']): Case {
  return { id, says, needs, prove }
}

/** A case of a guest that runs at the source when it begins. */
export function checkGuest(id: string, needs: readonly Need[], says: string, prove: Case['prove']): Case {
  return check(id, needs, says, async (bench) => {
    await bench.stage.start('source', GUEST, 'running')
    return prove(bench)
  })
}
