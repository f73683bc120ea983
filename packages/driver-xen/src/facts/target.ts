import type { CallOptions, Finding, JsonObject, MigrationRequest, Offer } from '@vmferry/core/driver'
import { lookAt, type Sight } from '../guest/list.ts'
import type { XenHost } from '../xen-host.ts'
import { readConfig, type XlConfig } from '../xl/config.ts'
import { parseInfo, type XlInfo } from '../xl/info.ts'
import { INCOMING } from '../xl/messages.ts'
import { blocker, warning } from './finding.ts'

/** Prints a line for each path or bridge that is not there, and whether dom0 gives memory away by itself. */
const LACKING = `
boot=$1 disks=$2
shift 2
for path; do
  if [ $boot -gt 0 ]; then kind=boot boot=$((boot - 1)); elif [ $disks -gt 0 ]; then kind=disk disks=$((disks - 1)); else kind=bridge; fi
  case $kind in
    bridge) [ -e "/sys/class/net/$path" ];;
    *) [ -e "$path" ];;
  esac || printf '%s %s\\n' $kind "$path"
done
grep -Eq '^[[:space:]]*autoballoon[[:space:]]*=[[:space:]]*"?(off|0)' /etc/xen/xl.conf 2>/dev/null || echo 'balloon 1'
exit 0
`

/** What the target's host says of an offer. */
export interface TargetFacts {
  readonly findings: readonly Finding[]
  /** The epoch that is held of the domain under the name that it would have. */
  readonly epoch: number
}

/** Everything at the target that stands in the way, at once. */
export async function targetFacts(
  at: XenHost,
  offer: Offer,
  request: MigrationRequest,
  call: CallOptions,
): Promise<TargetFacts> {
  const { host, runDirectory } = at
  const config = readConfig(offer.definition as JsonObject)
  const { boot, disks, bridges } = config
  const counts = [`${boot.length}`, `${disks.length}`]
  const [sight, lacking] = await Promise.all([
    lookAt(host, runDirectory, call, { info: true }),
    host.exec(['sh', '-c', LACKING, 'sh', ...counts, ...boot, ...disks, ...bridges], call),
  ])
  const told = lacking.stdout.split('\n').filter(Boolean)
  const xen = parseInfo(sight.info, host.name)
  const own = request.source.hostId !== null && request.source.hostId === request.target.hostId
  const findings = [
    ...(own ? [oneHost(host.name)] : takenFindings(sight, offer, request, host.name)),
    ...versionFindings(offer, xen, host.name),
    ...kindFindings(config, xen, host.name),
    ...memoryFindings(config, sight, xen, told.includes('balloon 1'), host.name),
    ...told.flatMap((line) => lackingFinding(line, host.name)),
  ]
  return { findings, epoch: sight.epochOf(request.rename ?? offer.domain) }
}

/** Names and uuids that are taken by domains, or promised to another arrival. */
export function takenFindings(
  { domains, halves }: Sight,
  { domain, uuid }: Offer,
  { rename }: MigrationRequest,
  host: string,
): Finding[] {
  const name = rename ?? domain
  const arriving = halves.filter(({ role, mayHaveRun }) => role === 'target' && !mayHaveRun)
  const sameName =
    domains.some((other) => [name, `${name}${INCOMING}`].includes(other.name)) ||
    arriving.some((other) => other.name === name)
  const sameUuid = domains.find((other) => other.uuid === uuid)
  const taken = { error: 'VM_EXISTS' }
  return [
    ...(sameName
      ? [
          blocker(
            'target',
            'name-taken',
            `the name '${name}' is taken on ${host}`,
            'choose another one with --rename',
            taken,
          ),
        ]
      : []),
    ...(sameUuid
      ? [
          blocker(
            'target',
            'uuid-taken',
            `the uuid ${uuid} is taken on ${host} by '${sameUuid.name}'`,
            `find out what it is; a copy that was left over: xl destroy ${sameUuid.name}`,
            taken,
          ),
        ]
      : []),
  ]
}

function oneHost(host: string): Finding {
  return blocker('target', 'one-host', `both connections lead to ${host}`, 'choose another target', {
    error: 'VM_UNSUPPORTED',
  })
}

/** Xen reads streams of its own and older releases. */
function versionFindings({ cookie }: Offer, { version }: XlInfo, host: string): Finding[] {
  const { version: told } = cookie ?? {}
  const there = typeof told === 'string' ? told : ''
  const [from, to] = [there, version].map((text) => {
    const [major = 0, minor = 0] = text.split('.').map(Number)
    return major * 1000 + minor
  })
  if (!from || !to || from <= to) return []
  return [
    blocker(
      'target',
      'xen-older',
      `Xen on ${host} is ${version}, older than the source's ${there}: it may not read its stream`,
      'choose a target with that release or a newer one',
    ),
  ]
}

function kindFindings({ type }: XlConfig, { abilities }: XlInfo, host: string): Finding[] {
  const needs = type === 'pv' ? 'pv' : 'hvm'
  if (abilities.length === 0 || abilities.includes(needs)) return []
  return [
    blocker(
      'target',
      'kind-missing',
      `${host} cannot run guests of the type ${type}`,
      'choose another target',
    ),
  ]
}

/** What other arrivals were promised and do not hold yet counts as well. */
function memoryFindings(
  { memoryKiB, overheadKiB }: XlConfig,
  { domains, halves }: Sight,
  { freeMiB }: XlInfo,
  balloons: boolean,
  host: string,
): Finding[] {
  const promised = halves
    .filter(
      ({ role, mayHaveRun, uuid }) =>
        role === 'target' && !mayHaveRun && !domains.some((one) => one.uuid === uuid),
    )
    .reduce((sum, { file }) => sum + file.offer.memoryBytes / 1024 ** 2, 0)
  const needed = Math.ceil((memoryKiB + overheadKiB) / 1024)
  if (freeMiB - promised >= needed) return []
  const message = `the guest needs ${needed} MiB on ${host}, and Xen has ${freeMiB - promised} MiB free there`
  if (balloons)
    return [
      warning('target', 'memory-short', `${message}: dom0 has to give memory away`, 'free memory there'),
    ]
  return [blocker('target', 'memory-short', message, 'free memory there, or choose another target')]
}

function lackingFinding(line: string, host: string): Finding[] {
  const path = line.slice(line.indexOf(' ') + 1)
  const kind = line.split(' ')[0]
  if (kind === 'disk')
    return [
      blocker(
        'target',
        'disk-missing',
        `${host} does not have the disk ${path}`,
        'xl copies no disks: both hosts must reach it at the same path',
      ),
    ]
  if (kind === 'bridge')
    return [
      blocker('target', 'bridge-missing', `${host} has no network bridge ${path}`, 'make it there first'),
    ]
  if (kind === 'boot')
    return [
      warning(
        'target',
        'boot-file-missing',
        `${host} does not have ${path}: the guest moves, but cannot be started anew there`,
        'put it there before the guest restarts',
      ),
    ]
  return []
}
