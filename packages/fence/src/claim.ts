import { type CallOptions, type Claim, type HostChannel, vmError } from '@vmferry/core/driver'
import { stale } from './answer.ts'
import { ENDED } from './ended.ts'
import { CLAIM } from './script.ts'

/** The folder of a run directory in which claims are kept. */
export function claimsFolder(runDirectory: string): string {
  return `${runDirectory}/.claims`
}

/**
 * Where a domain's epoch and its lock are kept: a folder, and the name of the files in it. They outlive the guest: a late
 * call must still find a higher epoch.
 */
export function claimPlace(runDirectory: string, domain: string): readonly [folder: string, name: string] {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/.test(domain))
    throw vmError('VM_INVALID', `${JSON.stringify(domain.slice(0, 80))} is not the name of a domain`)
  return [claimsFolder(runDirectory), domain]
}

/**
 * Compares and sets the domain's epoch, under the lock under which calls are compared with it. Rejects with VM_STALE if the
 * host holds that epoch or a higher one, VM_TIMEOUT if another call holds the domain for too long.
 */
export async function claimDomain(
  host: HostChannel,
  runDirectory: string,
  domain: string,
  epoch: number,
  call: CallOptions,
): Promise<Claim> {
  const argv = ['sh', '-c', CLAIM, 'sh', ...claimPlace(runDirectory, domain), `${epoch}`]
  const { code, stdout, stderr } = await host.exec(argv, { ...call, leavesNobody: true })
  if (code === 0) return { domain, epoch }
  if (code === ENDED.stale) throw stale({ host: host.name, domain }, Number(stdout.trim()))
  const causes = [{ host: host.name, words: stderr.trim() }]
  if (code === ENDED.late)
    throw vmError('VM_TIMEOUT', `another call holds '${domain}' on ${host.name}`, { host: host.name, causes })
  throw vmError('VM_PHASE_FAILED', `the claim on '${domain}' could not be filed on ${host.name}`, {
    host: host.name,
    causes,
  })
}
