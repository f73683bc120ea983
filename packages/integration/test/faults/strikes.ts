import { diskStrikes } from './disk-strikes.ts'
import { networkStrikes } from './network-strikes.ts'
import { operatorStrikes } from './operator-strikes.ts'
import { processStrikes } from './process-strikes.ts'
import type { Scene } from './scene.ts'
import { streamStrikes } from './stream-strikes.ts'

const ALL = { ...processStrikes, ...networkStrikes, ...streamStrikes, ...diskStrikes, ...operatorStrikes }

/** What can be done to a migration from outside. */
export type StrikeName = keyof typeof ALL

/** Each leaves in `mend` what lifts it. */
export const strikes: Readonly<Record<StrikeName, (scene: Scene) => Promise<void>>> = ALL
