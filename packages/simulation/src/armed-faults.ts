import type { Moment } from './controller.ts'
import { type Fault, faultWords } from './fault.ts'
import { type Reach, strike } from './strike.ts'

/** The faults of a run that wait for their moment. */
export interface ArmedFaults {
  /** Those that have struck. */
  readonly hits: readonly Fault[]
  /** Lets those strike whose moment this is. */
  meet(moment: Moment): void
}

export function armFaults(faults: readonly Fault[], reach: Reach): ArmedFaults {
  const { deployment, oracle } = reach
  const waiting = new Map(faults.map((fault) => [fault, fault.skip]))
  const hits: Fault[] = []
  return {
    hits,
    meet(moment) {
      for (const [fault, skip] of waiting) {
        if (fault.stage !== moment.stage || fault.point !== moment.point) continue
        waiting.set(fault, skip - 1)
        // one that struck before this one may have ended the process
        if (skip > 0 || !moment.controller.runs) continue
        if (!oracle.disturb(() => strike(fault, moment, reach))) continue
        waiting.delete(fault)
        hits.push(fault)
        deployment.trace.tell(`fault ${faultWords(fault)}`)
      }
    },
  }
}
