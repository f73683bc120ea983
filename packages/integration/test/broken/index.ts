import { brokenAbilities } from './ability.ts'
import { brokenAborts } from './abort.ts'
import type { BrokenDriver } from './broken-driver.ts'
import { brokenCancels } from './cancel.ts'
import { brokenChecks } from './check.ts'
import { brokenClaims } from './claim.ts'
import { brokenConnections } from './connection.ts'
import { brokenDirects } from './direct.ts'
import { brokenInspections } from './inspect.ts'
import { brokenManifests } from './manifest.ts'
import { brokenMoves } from './move.ts'
import { brokenForOrchestrator } from './orchestrator.ts'
import { brokenPhases } from './phase.ts'
import { brokenPostCopies } from './post-copy.ts'
import { brokenProgress } from './progress.ts'
import { brokenRecalls } from './recall.ts'

/** A broken driver for each case of the kit, at least. */
export const BROKEN_DRIVERS: readonly BrokenDriver[] = [
  ...brokenManifests,
  ...brokenConnections,
  ...brokenClaims,
  ...brokenChecks,
  ...brokenPhases,
  ...brokenInspections,
  ...brokenMoves,
  ...brokenAborts,
  ...brokenRecalls,
  ...brokenCancels,
  ...brokenProgress,
  ...brokenPostCopies,
  ...brokenAbilities,
  ...brokenDirects,
  ...brokenForOrchestrator,
]
