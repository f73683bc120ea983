import { type CallOptions, type Claim, vmError } from '@vmferry/core/driver'
import { claimPlace } from '../guest/run-directory.ts'
import type { QemuHost } from '../qemu-host.ts'
import { stale } from './answer.ts'
import { CLAIM, ENDED } from './script.ts'

/** Compares and sets the domain's epoch, under the lock under which calls are compared with it. */
export async function claimDomain(
  { host, runDirectory }: QemuHost,
  domain: string,
  epoch: number,
  call: CallOptions,
): Promise<Claim> {
  const argv = ['sh', '-c', CLAIM, 'sh', ...claimPlace(runDirectory, domain), `${epoch}`]
  const { code, stdout, stderr } = await host.exec(argv, call)
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
