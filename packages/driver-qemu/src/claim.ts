import { type CallOptions, type Claim, vmError } from '@vmferry/core/driver'
import type { QemuHost } from './qemu-host.ts'

/** Exit code of the script when the host holds an epoch that is not lower. */
const STALE = 76

/** Compares and sets the epoch under a lock, in one round trip. */
const CLAIM = `
mkdir -p "$1" || exit 1
exec 9>"$1/$2.lock" && flock 9 || exit 1
held=$(cat "$1/$2.epoch" 2>/dev/null || echo 0)
[ "$3" -gt "$held" ] || { echo "$held"; exit ${STALE}; }
echo "$3" >"$1/$2.new" && sync -d "$1/$2.new" && mv "$1/$2.new" "$1/$2.epoch"
`

export async function claimDomain(
  { host, runDirectory }: QemuHost,
  domain: string,
  epoch: number,
  call: CallOptions,
): Promise<Claim> {
  // It becomes a file name.
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/.test(domain))
    throw vmError('VM_INVALID', `${JSON.stringify(domain.slice(0, 80))} is not the name of a domain`)
  const folder = `${runDirectory}/.claims`
  const { code, stdout, stderr } = await host.exec(
    ['sh', '-c', CLAIM, 'sh', folder, domain, String(epoch)],
    call,
  )
  if (code === 0) return { domain, epoch }
  if (code === STALE)
    throw vmError(
      'VM_STALE',
      `${host.name} holds epoch ${stdout.trim()} of '${domain}', not lower than ${epoch}`,
      {
        host: host.name,
        epoch: Number(stdout.trim()),
        remedy: 'another controller has taken over: look at the domain first',
      },
    )
  const causes = [{ host: host.name, words: stderr.trim() }]
  throw vmError('VM_PHASE_FAILED', `the claim on '${domain}' could not be filed on ${host.name}`, {
    host: host.name,
    causes,
  })
}
