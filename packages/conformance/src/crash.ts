import type { Side } from '@vmferry/core/driver'
import type { Bench } from './bench.ts'
import { ensure } from './ensure.ts'
import { GUEST } from './guest.ts'

/** Ends the process of the guest's copy on that side. */
export async function crash({ stage }: Bench, side: Side, name: string = GUEST): Promise<void> {
  ensure(stage.crash !== undefined, 'the setup has no crash(), which a hypervisor with phases needs')
  await stage.crash(side, name)
}
