import {
  type CallOptions,
  type Finding,
  type HostChannel,
  isVmError,
  type MigrationRequest,
  type TransportChoice,
} from '@vmferry/core/driver'
import { blocker, warning } from '../facts/finding.ts'
import { failureIn } from '../xl/failure.ts'
import { type SshDestination, sshArguments, sshDestination } from './ssh.ts'

/** What one side can offer to carry the stream. */
export interface Transports {
  readonly transports: readonly TransportChoice[]
  readonly findings: readonly Finding[]
}

const SSH: TransportChoice = { name: 'ssh', why: 'host to host, encrypted, and no port is opened' }
const TCP: TransportChoice = { name: 'tcp', why: 'asked for by name' }
const RELAY: TransportChoice = {
  name: 'relay',
  why: 'through this controller: encrypted, and the hosts need no key for each other',
}

/** The transports that would work as the source sees it; those that would not are findings. */
export async function sourceTransports(
  host: HostChannel,
  request: MigrationRequest,
  call: CallOptions,
): Promise<Transports> {
  const { uri } = request
  if (uri?.transport === 'tcp') return sourceTcp(host, uri.host, call)
  const to = sshDestination(request)
  if (uri?.transport === 'relay' || (!uri && !to)) {
    if (!uri?.host) return { transports: [RELAY], findings: [] }
    return none(
      blocker(
        'source',
        'relay-has-no-host',
        `${uri.text} names a host, but this way goes through the controller`,
        'write relay:///',
      ),
    )
  }
  if (!to)
    return none(
      blocker(
        'source',
        'no-route',
        `${request.target.uri.text} does not tell how ${host.name} reaches that host`,
        `name the target as ${host.name} sees it: ssh://root@host/`,
      ),
    )
  const unreachable = await sshProblem(host, to, call)
  if (!unreachable) return { transports: uri ? [SSH] : [SSH, RELAY], findings: [] }
  if (uri) return none(unreachable)
  return { transports: [RELAY], findings: [{ ...unreachable, severity: 'warning' }] }
}

/** The transports that would work as the target sees it. */
export async function targetTransports(
  host: HostChannel,
  { uri }: MigrationRequest,
  call: CallOptions,
): Promise<Transports> {
  if (uri?.transport !== 'tcp') return { transports: [SSH, RELAY], findings: [] }
  const lacking = await pythonProblem(host, 'target', call)
  return lacking ? none(lacking) : { transports: [TCP], findings: [] }
}

/** The source's part of a connection without encryption, which nothing but its name in a URI asks for. */
async function sourceTcp(host: HostChannel, there: string | null, call: CallOptions): Promise<Transports> {
  if (!there)
    return none(
      blocker(
        'source',
        'tcp-has-no-host',
        'tcp:/// does not name the target',
        `name it as ${host.name} sees it, and a port if only one is open: tcp://host:port`,
      ),
    )
  const lacking = await pythonProblem(host, 'source', call)
  if (lacking) return none(lacking)
  const plaintext = warning(
    'source',
    'plaintext',
    `the guest's memory goes to ${there} unencrypted`,
    'use ssh or relay, unless nobody else can listen on that network',
  )
  return { transports: [TCP], findings: [plaintext] }
}

async function pythonProblem(
  host: HostChannel,
  side: Finding['side'],
  call: CallOptions,
): Promise<Finding | null> {
  const { code } = await host.exec(['sh', '-c', 'command -v python3 >/dev/null'], call)
  if (code === 0) return null
  return blocker(
    side,
    'python-missing',
    `${host.name} has no python3 to open a TCP connection with`,
    'go by ssh or through the controller: relay:///',
  )
}

async function sshProblem(host: HostChannel, to: SshDestination, call: CallOptions): Promise<Finding | null> {
  const remedy = `make 'ssh ${to.host}' work on ${host.name} without a question, or go through the controller: relay:///`
  try {
    const { code, stderr } = await host.exec([...sshArguments(to), 'true'], call)
    if (code === 0) return null
    const words = stderr.trim()
    const known = failureIn(words)
    const why = known ? `: ${known.message}` : ''
    return blocker(
      'source',
      'ssh-unreachable',
      `${host.name} cannot reach ${to.host} over ssh${why}`,
      remedy,
      {
        words,
        error: known?.code ?? 'VM_CONNECTION',
      },
    )
  } catch (error) {
    if (!isVmError(error, 'VM_NOT_FOUND')) throw error
    return blocker('source', 'ssh-missing', `${host.name} has no ssh to carry the guest`, remedy)
  }
}

function none(finding: Finding): Transports {
  return { transports: [], findings: [finding] }
}
