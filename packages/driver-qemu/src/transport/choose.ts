import {
  type CallOptions,
  type Finding,
  type HostChannel,
  type MigrationRequest,
  type TransportChoice,
  vmError,
} from '@vmferry/core/driver'
import { blocker, warning } from '../facts/finding.ts'
import type { QemuHost } from '../qemu-host.ts'
import { type SshDestination, sshDestination } from './ssh.ts'

/** What one side can offer to carry the stream. */
export interface Transports {
  readonly transports: readonly TransportChoice[]
  readonly findings: readonly Finding[]
  /** What the host of a `tls` or `tcp` URI means as seen from the source. */
  readonly address: string | null
}

/** The host that sends. */
type Sender = Pick<QemuHost, 'host' | 'trials'>

/** The transports that would work as the source sees it; those that would not are findings. */
export async function sourceTransports(
  from: Sender,
  request: MigrationRequest,
  call: CallOptions,
): Promise<Transports> {
  const { host } = from
  const wanted = request.uri?.transport
  if (wanted && overNetwork(request)) return networkFromSource(host, wanted, request, call)
  if (wanted === 'relay') return relayFromSource(request)
  const sameHost = isSameHost(request)
  if (sameHost && wanted !== 'ssh' && !request.uri?.host) return only(UNIX)
  if (wanted === 'unix') {
    return blocked(
      'not-one-host',
      'the transport unix carries only between two guests of one host',
      'leave the migration URI out',
    )
  }
  const to = sshDestination(request)
  if (!request.uri) return bestBetweenHosts(from, request, to, call)
  if (!to)
    return blocked(
      'no-route',
      `${request.target.uri.text} does not tell how ${host.name} reaches that host`,
      `name the target as ${host.name} sees it, with a migration URI: ssh://root@host/`,
    )
  return sshFromSource(from, to, call)
}

/** The transports that would work as the target sees it. Where it will listen is told to whoever makes a way there meanwhile. */
export function targetTransports(
  request: MigrationRequest,
  runDirectory: string,
): readonly TransportChoice[] {
  const wanted = request.uri?.transport
  if (wanted && overNetwork(request)) return [byName(wanted)]
  const ssh = { ...SSH, cookie: { runDirectory } }
  return isSameHost(request) ? [UNIX, ssh, RELAY] : [ssh, RELAY]
}

/** Whether the source connects to a port of the target. */
export function overNetwork({ uri }: MigrationRequest): boolean {
  return uri?.transport === 'tls' || uri?.transport === 'tcp'
}

const UNIX: TransportChoice = { name: 'unix', why: 'both connections lead to one host' }
const SSH: TransportChoice = { name: 'ssh', why: 'encrypted, and no port is opened' }
const RELAY: TransportChoice = {
  name: 'relay',
  why: 'through this controller: encrypted, and the hosts need no key for each other',
}

/** Whether both connections lead to one host. */
export function isSameHost({ source, target }: MigrationRequest): boolean {
  return source.hostId !== null && source.hostId === target.hostId
}

/** The source's own ssh, else through the controller, which reaches both; why the first does not work is a warning then. */
async function bestBetweenHosts(
  from: Sender,
  request: MigrationRequest,
  to: SshDestination | null,
  call: CallOptions,
): Promise<Transports> {
  if (!to) return relayFromSource(request)
  if (request.postCopy) return sshFromSource(from, to, call)
  const { transports, findings } = await sshFromSource(from, to, call)
  const warnings = findings.map((finding) => ({ ...finding, severity: 'warning' as const }))
  return { transports: [...transports, RELAY], findings: warnings, address: null }
}

function relayFromSource({ uri, postCopy }: MigrationRequest): Transports {
  if (postCopy)
    return blocked(
      'relay-ends-with-controller',
      'post-copy cannot go through the controller: the guest would be lost with it',
      'let the source reach the target over ssh, or name tls:// or tcp:// in a migration URI',
    )
  if (!uri?.host) return only(RELAY)
  return blocked(
    'relay-has-no-host',
    `${uri.text} names a host, but this way goes through the controller`,
    'write relay:///',
  )
}

async function sshFromSource(
  { host, trials }: Sender,
  to: SshDestination,
  call: CallOptions,
): Promise<Transports> {
  const { code, stderr } = await trials.reaches(to, call).catch((error: unknown) => {
    throw vmError('VM_PHASE_FAILED', `${host.name} has no ssh to carry the guest`, {
      host: host.name,
      cause: error,
    })
  })
  if (code === 0) return only(SSH)
  return none({
    severity: 'blocker',
    code: 'ssh-unreachable',
    side: 'source',
    message: `${host.name} cannot reach ${to.host} over ssh${reasonIn(stderr)}`,
    remedy: `make 'ssh ${to.host}' work on ${host.name} without a question, or choose another way with a migration URI`,
    words: stderr.trim(),
    error: /Host key verification failed|Permission denied/.test(stderr) ? 'VM_REFUSED' : 'VM_CONNECTION',
  })
}

/** OpenSSH's words are kept as they are; the sentence names the usual reasons. */
function reasonIn(stderr: string): string {
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(stderr)) return ': its host key has CHANGED'
  if (/Host key verification failed/.test(stderr)) return ': its host key is not known there'
  if (/Permission denied/.test(stderr)) return ': it refuses the key'
  return ''
}

/** Resolves the name as the source does: the first address is the one that QEMU would take. */
async function networkFromSource(
  host: HostChannel,
  transport: string,
  { uri }: MigrationRequest,
  call: CallOptions,
): Promise<Transports> {
  const name = uri?.host
  if (!name)
    return blocked(
      'no-host',
      `a ${transport} migration URI needs a host`,
      `write ${transport}://host or ${transport}://host:port`,
    )
  const { stdout } = await host.exec(['getent', 'ahosts', name], { ...call, leavesNobody: true })
  const address = stdout.split(/\s/)[0]
  if (!address)
    return blocked(
      'name-unknown',
      `${host.name} does not know a host named ${name}`,
      'use a name or address that the source knows',
    )
  if (/^127\.|^::1$/.test(address))
    return blocked(
      'name-is-loopback',
      `${name} means ${address} on ${host.name}: itself`,
      'use an address of the target',
    )
  return { ...only(byName(transport)), findings: transport === 'tcp' ? [plaintext(address)] : [], address }
}

function byName(name: string): TransportChoice {
  return { name, why: 'asked for by name' }
}

function plaintext(address: string): Finding {
  return warning(
    'source',
    'plaintext',
    `the guest's memory goes to ${address} unencrypted`,
    'use tls or ssh, unless nobody else can listen on that network',
  )
}

function only(choice: TransportChoice): Transports {
  return { transports: [choice], findings: [], address: null }
}

function none(finding: Finding): Transports {
  return { transports: [], findings: [finding], address: null }
}

function blocked(code: string, message: string, remedy: string): Transports {
  return none(blocker('source', code, message, remedy))
}
