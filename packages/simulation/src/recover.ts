import type { Connection, Ferry, RecoverOptions, Recovery } from '@vmferry/core'

/** Ends what other controllers have left: what the journal of this machine knows, then what the hosts know. */
export async function recover(
  ferry: Ferry,
  hosts: readonly Connection[],
  options: RecoverOptions,
): Promise<readonly Recovery[]> {
  const recovered = [...(await ferry.recover(undefined, options))]
  for (const host of hosts) recovered.push(...(await host.recover(undefined, options)))
  return recovered
}
