export { claimDomain } from './claim.ts'
export { CONTENTS, type Contents, contentsIn } from './contents.ts'
export { type DeadMan, deadMan, END_DEAD_MAN, type Life, STOP_DEAD_MAN } from './dead-man.ts'
export { ENDED } from './ended.ts'
export { type Fence, type FencePlace, type Fences, fences, type Verbs } from './fence.ts'
export { hostRecord, type MigrationFile, migrationFileFromJson } from './migration-file.ts'
export { fenceScript, PROCESSES } from './script.ts'
export {
  type Answers,
  arrive,
  drop,
  end,
  hold,
  keep,
  mark,
  remove,
  type Step,
} from './step.ts'
