import type { Case } from './case.ts'
import { abortCases } from './cases/abort.ts'
import { cancelCases } from './cases/cancel.ts'
import { checkCases } from './cases/check.ts'
import { claimCases } from './cases/claim.ts'
import { connectionCases } from './cases/connection.ts'
import { directCases } from './cases/direct.ts'
import { domainCases } from './cases/domain.ts'
import { inspectCases } from './cases/inspect.ts'
import { liveCases } from './cases/live.ts'
import { manifestCases } from './cases/manifest.ts'
import { moveCases } from './cases/move.ts'
import { orchestratorCases } from './cases/orchestrator.ts'
import { pausedCases } from './cases/paused.ts'
import { phaseCases } from './cases/phase.ts'
import { postCopyCases } from './cases/post-copy.ts'
import { progressCases } from './cases/progress.ts'
import { recallCases } from './cases/recall.ts'
import { refusalCases } from './cases/refusal.ts'
import { renameCases } from './cases/rename.ts'
import { resourceCases } from './cases/resource.ts'
import { uriCases } from './cases/uri.ts'

/** All cases, in the order in which a driver is best built. */
export const CASES: readonly Case[] = [
  ...manifestCases,
  ...connectionCases,
  ...domainCases,
  ...claimCases,
  ...checkCases,
  ...phaseCases,
  ...inspectCases,
  ...moveCases,
  ...abortCases,
  ...recallCases,
  ...cancelCases,
  ...progressCases,
  ...liveCases,
  ...postCopyCases,
  ...resourceCases,
  ...renameCases,
  ...uriCases,
  ...pausedCases,
  ...refusalCases,
  ...directCases,
  ...orchestratorCases,
]
