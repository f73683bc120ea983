import { ENDED, type Verbs } from '@vmferry/fence'
import { CODES } from './code.ts'
import { FIND_COPY } from './find-copy.ts'
import { SOURCE_VERBS } from './source-verbs.ts'
import { TARGET_VERBS } from './target-verbs.ts'

/** What the fence does with xl. */
export const XEN_VERBS: Verbs = {
  script: `${FIND_COPY}${SOURCE_VERBS}${TARGET_VERBS}`,
  failures: (guest) => ({
    [ENDED.gone]: ['VM_PHASE_FAILED', `there is no domain ${guest} any more`],
    [CODES.noList]: [
      'VM_PROTOCOL',
      `xl does not list the domains where ${guest} should be`,
      'its words are the cause',
    ],
    [CODES.exists]: ['VM_EXISTS', `the name or the uuid of ${guest} is taken`, 'see vmferry list'],
    [CODES.noSender]: ['VM_PHASE_FAILED', `the xl that sends ${guest} has ended, or does not go on`],
    [CODES.notStopped]: [
      'VM_PHASE_FAILED',
      `${guest} should be stopped after the copy, and is not`,
      'somebody else gave xl a command: find out who',
    ],
    [CODES.runs]: ['VM_PHASE_FAILED', `${guest} runs, and is not ended`, 'look at it before anything else'],
    [CODES.noCopy]: ['VM_PHASE_FAILED', `there is no domain ${guest} to be brought back`],
    [CODES.notRevived]: [
      'VM_CONNECTION',
      `${guest} was asked to run again and does not`,
      'vmferry recover tries again',
    ],
  }),
}
