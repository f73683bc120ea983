import {
  type Capabilities,
  type ChosenRequest,
  type ConnectionUri,
  type DriverConnection,
  type Endpoint,
  type MigrationRequest,
  type SourceSurvey,
  type Survey,
  type Tuning,
  vmError,
} from '../driver/index.ts'
import { bytesPerSecondFromMbps } from '../edge/bandwidth.ts'
import { checkName } from '../edge/names.ts'
import { parseMigrationUri } from '../edge/uri.ts'
import type { MigrateOptions, TuneOptions } from './options.ts'

/** A connection as negotiation sees it. */
type End = Pick<DriverConnection, 'uri' | 'hostId' | 'capabilities' | 'source' | 'target' | 'direct'>

/**
 * The one place that reads manifests: turns the user's wishes into a request that both ends can fulfil, or rejects
 * before any host is touched. VM_INVALID for a malformed wish, VM_UNSUPPORTED for one that an end lacks.
 */
export function negotiate(options: MigrateOptions, source: End, target: End): MigrationRequest {
  const lacking = (wish: string, able: (abilities: Capabilities) => boolean, remedy: string): void => {
    const end = [source, target].find(({ capabilities }) => !able(capabilities))
    if (!end) return
    throw vmError('VM_UNSUPPORTED', `${wish}: the driver of ${end.uri.text} cannot do that`, {
      phase: 'check',
      host: hostName(end.uri),
      remedy,
    })
  }
  const feature = (wanted: boolean, name: string, wish: string): void => {
    if (wanted) lacking(wish, ({ features }) => features[name] === true, 'leave that option out')
  }

  const bandwidth = bytesPerSecondFromMbps(options.bandwidth ?? 0)
  const rename = options.rename === undefined ? null : checkName(options.rename, 'new name')
  const uri = options.uri === undefined ? null : parseMigrationUri(options.uri)
  const connections = options.connections ?? 1
  const maxDowntime = options.maxDowntime ?? null
  if (!Number.isSafeInteger(connections) || connections < 1 || connections > 255)
    throw vmError('VM_INVALID', `${connections} connections: it takes a whole number from 1 to 255`)
  if (maxDowntime !== null) checkDowntime(maxDowntime)

  checkPairing(source, target)
  if (options.live)
    lacking('a live migration', ({ live }) => live, 'leave live out: the guest is stopped first')
  if (bandwidth > 0)
    lacking(
      'a bandwidth limit',
      ({ resource }) => resource,
      'leave the limit out, or give 0: a suitable default',
    )
  if (rename !== null) lacking('a new name', ({ domainRename }) => domainRename, 'leave the new name out')
  if (options.postCopy) lacking('post-copy', ({ postCopy }) => postCopy, 'leave post-copy out')
  feature(options.paused === true, 'startPaused', 'leaving the guest paused')
  feature(maxDowntime !== null, 'maxDowntime', 'a longest downtime')
  feature(options.autoConverge === true, 'autoConverge', 'auto-converge')
  feature(options.abortOnError === true, 'abortOnError', 'giving up at an I/O error of the guest')
  feature(options.copyStorage === true, 'copyStorage', 'copying storage')
  feature(connections > 1, 'multifd', 'parallel connections')
  if (uri?.transport) checkTransport(uri.transport, source, target)

  return {
    source: endpoint(source),
    target: endpoint(target),
    live: options.live ?? false,
    bandwidth,
    rename,
    uri,
    paused: options.paused ?? false,
    maxDowntime,
    autoConverge: options.autoConverge ?? false,
    postCopy: options.postCopy ?? false,
    copyStorage: options.copyStorage ?? false,
    abortOnError: options.abortOnError ?? false,
    connections,
  }
}

/**
 * A change of limits in the words of the driver that sends. VM_INVALID for a malformed one, VM_UNSUPPORTED for what the
 * driver lacks.
 */
export function tuningFrom(change: TuneOptions, { uri, capabilities }: End): Tuning {
  const { bandwidth, maxDowntime, postCopy, suspend } = change
  const { features, resource } = capabilities
  if (maxDowntime !== undefined) checkDowntime(maxDowntime)
  const lacking = [
    bandwidth !== undefined && !resource && 'the bandwidth',
    maxDowntime !== undefined && !features['maxDowntime'] && 'the longest downtime',
    postCopy && !capabilities.postCopy && 'to post-copy',
    suspend && !features['suspend'] && 'to a guest that stands still',
  ].find((what) => typeof what === 'string')
  if (lacking !== undefined)
    throw vmError('VM_UNSUPPORTED', `the driver of ${uri.text} cannot change ${lacking} while it copies`)
  return {
    ...(bandwidth !== undefined && { bandwidth: bytesPerSecondFromMbps(bandwidth) }),
    ...(maxDowntime !== undefined && { maxDowntime }),
    ...(postCopy && { postCopy }),
    ...(suspend && { suspend }),
  }
}

/** The transport that both surveys offer, first in the source's order, with why. VM_PHASE_FAILED if there is none. */
export function chooseTransport(
  request: MigrationRequest,
  source: Survey,
  target: Survey,
): { readonly request: ChosenRequest; readonly why: string } {
  const wanted = request.uri?.transport
  for (const choice of source.transports) {
    const other = target.transports.find(({ name }) => name === choice.name)
    if (!other || (wanted && choice.name !== wanted)) continue
    if (request.bandwidth > 0 && (choice.resource === false || other.resource === false)) continue
    const why = wanted ? `asked for by ${request.uri?.text}` : choice.why
    const { cookie } = other
    return { request: { ...request, transport: choice.name, ...(cookie && { cookie }) }, why }
  }
  const names = (survey: Survey): string => survey.transports.map(({ name }) => name).join(', ') || 'none'
  throw vmError(
    'VM_PHASE_FAILED',
    `no transport works from both sides: source ${names(source)}; target ${names(target)}`,
    {
      phase: 'check',
      host: hostName(request.source.uri),
      remedy: 'the causes say what each transport lacks; or name one with a migration URI',
      causes: [...source.findings, ...target.findings].map(({ side, message, words }) => ({
        host: hostName(request[side].uri),
        words: words ? `${message}: ${words}` : message,
      })),
    },
  )
}

/** The wire format that the offer uses must be one that the target takes. */
export function checkStream({ offer }: SourceSurvey, target: End): void {
  if (target.capabilities.streams.includes(offer.stream)) return
  throw vmError(
    'VM_UNSUPPORTED',
    `${target.uri.text} cannot receive a stream of the format ${offer.stream}`,
    {
      phase: 'check',
      host: hostName(target.uri),
      remedy: `it takes ${target.capabilities.streams.join(', ') || 'none'}: choose a target of the same hypervisor`,
    },
  )
}

/** How a host is called in messages. */
export function hostName(uri: ConnectionUri): string {
  return uri.host ?? 'localhost'
}

function endpoint({ uri, hostId }: End): Endpoint {
  return { uri, hostId }
}

function checkPairing(source: End, target: End): void {
  const refuse = (end: End, message: string, remedy: string): never => {
    throw vmError('VM_UNSUPPORTED', message, { phase: 'check', host: hostName(end.uri), remedy })
  }
  const common = source.capabilities.streams.some((stream) => target.capabilities.streams.includes(stream))
  if (!common)
    refuse(
      target,
      `${source.uri.text} and ${target.uri.text} have no migration stream in common`,
      'choose a target of the same hypervisor',
    )
  if (source.capabilities.handover !== target.capabilities.handover)
    refuse(target, `${source.uri.text} and ${target.uri.text} hand over differently`, 'choose a like target')
  if (source.capabilities.handover === 'direct') {
    if (!source.direct) refuse(source, `${source.uri.text} cannot migrate`, 'choose another source')
    return
  }
  if (!source.source) refuse(source, `${source.uri.text} cannot send a domain`, 'choose another source')
  if (!target.target) refuse(target, `${target.uri.text} cannot receive a domain`, 'choose another target')
}

function checkDowntime(ms: number): void {
  if (!(ms > 0))
    throw vmError('VM_INVALID', `a longest downtime of ${ms}: it takes a positive number of milliseconds`)
}

function checkTransport(transport: string, source: End, target: End): void {
  for (const { uri, capabilities } of [source, target]) {
    if (capabilities.uriTransports.includes(transport)) continue
    const names = capabilities.uriTransports.join(', ') || 'none'
    throw vmError(
      'VM_UNSUPPORTED',
      `the transport '${transport}' is not one that ${uri.text} has: it has ${names}`,
      {
        phase: 'check',
        host: hostName(uri),
        remedy: `use one of ${names}, or leave the migration URI out`,
      },
    )
  }
}
