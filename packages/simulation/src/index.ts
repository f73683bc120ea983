/**
 * Seeded faults over vmferry's real orchestrator: whole deployments in virtual time, which a seed replays.
 *
 * @packageDocumentation
 */
export { type Breach, INVARIANTS, type Invariant } from './breach.ts'
export type { DriverMaker } from './deployment.ts'
export { type Fault, faultWords } from './fault.ts'
export {
  CELLS,
  type Cell,
  MATRIX,
  type MatrixRow,
  type Point,
  STAGES,
  type Stage,
  type Variant,
} from './matrix.ts'
export { type Scenario, scenarioOf } from './scenario.ts'
export { shrink } from './shrink.ts'
export { play, type SeedResult, type SimulateOptions, simulate } from './simulate.ts'
