/**
 * Exit codes of the scripts: a step was refused by the hypervisor, what it is about is gone, the domain is being migrated
 * already, the host holds a higher epoch, it took too long (the code of timeout(1)). A driver's own verbs may have more.
 */
export const ENDED = { refused: 65, gone: 69, taken: 75, stale: 76, late: 124 } as const
