import {
  type CallOptions,
  type Capabilities,
  type CopyState,
  type Driver,
  type DriverConnection,
  defineCapabilities,
  type EffectOptions,
  type Incoming,
  type MigrationRequest,
  type Offer,
  type Outgoing,
  type Performed,
  type Survey,
  vmError,
} from '../src/driver/index.ts'

/** A place in the two halves where a test can interfere. */
export type Spot =
  | 'source.check'
  | 'target.check'
  | 'begin'
  | 'prepare'
  | 'perform'
  | 'ready'
  | 'handOver'
  | 'finish'
  | 'drain'
  | 'reopen'
  | 'confirm'
  | 'source.abort'
  | 'target.abort'
  | 'source.inspect'
  | 'target.inspect'
  | 'connect'

/** The world of one fake hypervisor: where the guest is, what was called, and what shall go wrong. */
export interface FakeWorld {
  readonly calls: string[]
  source: 'running' | 'paused' | 'stopped' | 'gone'
  target: 'none' | 'stopped' | 'running' | 'gone'
  complete: boolean
  /** `permitted` makes perform end in post-copy, which it then is. */
  postCopy: 'never' | 'permitted' | 'begun'
  mark: boolean
  begun: boolean
  /** Runs before the effect of a spot; rejecting there means that the effect does not happen. */
  before: Partial<Record<Spot, (call: CallOptions) => Promise<void> | void>>
  /** Runs after the effect: rejecting there loses the answer. */
  after: Partial<Record<Spot, (call: CallOptions) => Promise<void> | void>>
  requests: MigrationRequest[]
  /** The epochs that were asked for, the oldest first. */
  claims: number[]
  survey: Partial<Record<'source' | 'target', Partial<Survey>>>
  /** What confirm knows of the copy; null: nothing more than perform. */
  figures: Performed | null
}

export function fakeWorld(): FakeWorld {
  return {
    calls: [],
    source: 'running',
    target: 'none',
    complete: false,
    postCopy: 'never',
    mark: false,
    begun: false,
    before: {},
    after: {},
    requests: [],
    claims: [],
    survey: {},
    figures: null,
  }
}

/** What the fake can do unless a test says otherwise. */
export const FAKE_CAPABILITIES: Capabilities = defineCapabilities({
  live: true,
  resource: true,
  domainRename: true,
  uriTransports: ['wire', 'string'],
  streams: ['fake'],
  abortableUntil: 'hand-over',
  progress: 'bytes',
  pausedGuests: true,
  features: { maxDowntime: true },
})

/** A hypervisor of one domain, `web1`, that obeys the contract and whatever a test puts in its way. */
export function fakeDriver(world: FakeWorld, capabilities: Capabilities = FAKE_CAPABILITIES): Driver {
  const at = async <T>(spot: Spot, call: CallOptions, effect: () => T): Promise<T> => {
    world.calls.push(spot)
    await world.before[spot]?.(call)
    const result = effect()
    await world.after[spot]?.(call)
    return result
  }
  const survey = (side: 'source' | 'target'): Survey => ({
    findings: [],
    transports: capabilities.uriTransports.map((name) => ({ name, why: 'it is there' })),
    digest: 'same',
    ...world.survey[side],
  })
  const offer = (): Offer => ({
    domain: 'web1',
    uuid: null,
    stream: 'fake',
    runState: world.source === 'paused' ? 'paused' : 'running',
    memoryBytes: 1000,
    definition: {},
  })
  const before = world.source

  const outgoing = (given: Offer): Outgoing => ({
    offer: given,
    perform: async (_ticket, _dial, call) => {
      if (world.postCopy === 'permitted') await call.permit('postcopy')
      return at('perform', call, () => {
        call.onProgress?.({ type: 'transfer', round: 1, bytes: 600, remainingBytes: 400, totalBytes: 1000 })
        call.onProgress?.({ type: 'stopped' })
        call.onProgress?.({ type: 'transfer', round: 2, bytes: 1000, remainingBytes: 0, totalBytes: 1000 })
        world.source = 'stopped'
        if (world.postCopy === 'permitted') world.postCopy = 'begun'
        world.complete = world.postCopy === 'never'
        return { rounds: 2, bytes: 1000, hypervisorDowntimeMs: 3, postCopy: !world.complete }
      })
    },
    handOver: (call) => at('handOver', call, () => {}),
    drain: (call, again) => {
      if (again) world.calls.push(`again to ${again.transport}`)
      return at('drain', call, () => {
        if (world.source === 'gone') throw vmError('VM_PHASE_FAILED', 'there is nobody to send')
        world.complete = true
      })
    },
    confirm: (call) =>
      at('confirm', call, () => {
        world.source = 'gone'
        if (world.figures) return world.figures
      }),
    abort: (_reason, call) =>
      at('source.abort', call, () => {
        if (world.source === 'stopped') world.source = before
      }),
    inspect: (call) =>
      at('source.inspect', call, (): CopyState => {
        const run = world.source === 'paused' ? 'stopped' : world.source
        const revivable = world.postCopy !== 'begun'
        return { run, complete: true, mayHaveRun: true, revivable, evidence: [`source says ${run}`] }
      }),
    tune: async (change) => {
      world.calls.push(`tune ${JSON.stringify(change)}`)
    },
  })
  const incoming = (): Incoming => ({
    ticket: { transport: 'wire', endpoints: {} },
    ready: (call) => at('ready', call, () => {}),
    finish: (call) =>
      at('finish', call, () => {
        world.mark = true
        world.target = 'running'
      }),
    abort: (_reason, call) =>
      at('target.abort', call, () => {
        world.target = 'gone'
      }),
    inspect: (call) =>
      at('target.inspect', call, (): CopyState => {
        const run = world.target === 'none' ? 'gone' : world.target
        const { complete, mark: mayHaveRun } = world
        const revivable = complete || world.postCopy === 'begun'
        return { run, complete, mayHaveRun, revivable, evidence: [`target says ${run}`] }
      }),
    reopen: (call) => at('reopen', call, () => ({ transport: 'another wire', endpoints: {} })),
  })

  return {
    contract: 1,
    name: 'fake',
    capabilities,
    async connect(uri, _context, options) {
      await at('connect', options, () => {})
      let closed = false
      const connection: DriverConnection = {
        uri,
        capabilities,
        hostId: uri.path,
        hypervisor: 'fake 1.0',
        domains: async (call) => [await connection.domain('web1', call)],
        async domain(name) {
          if (name !== 'web1') throw vmError('VM_NOT_FOUND', `no domain ${name}`)
          const state = world.source === 'gone' ? 'failed' : world.source
          return { name, uuid: null, state, memoryBytes: 1000 }
        },
        async claim(domain, epoch) {
          world.claims.push(epoch)
          return { domain, epoch }
        },
        migrations: async () => [],
        source: {
          check: (_domain, request, call) => {
            world.requests.push(request)
            return at('source.check', call, () => ({ ...survey('source'), offer: offer() }))
          },
          begin: (given, request, call) => {
            world.requests.push(request)
            return at('begin', call, () => {
              world.begun = true
              return outgoing(given)
            })
          },
          recall: async (id, call: EffectOptions) => {
            world.calls.push('source.recall')
            if (!world.begun) throw vmError('VM_NOT_FOUND', `no migration ${id}`)
            void call
            const request = world.requests[0] as MigrationRequest
            return {
              ...outgoing(offer()),
              record: { migration: id, role: 'source', domain: 'web1', request, epoch: 1, phase: 'begin' },
            }
          },
        },
        target: {
          check: (_offer, _request, call) => at('target.check', call, () => survey('target')),
          prepare: (_offer, request, call) => {
            world.requests.push(request)
            return at('prepare', call, () => {
              world.target = 'stopped'
              return incoming()
            })
          },
          recall: async (id) => {
            world.calls.push('target.recall')
            if (world.target === 'none') throw vmError('VM_NOT_FOUND', `no migration ${id}`)
            const request = world.requests[0] as MigrationRequest
            return {
              ...incoming(),
              record: { migration: id, role: 'target', domain: 'web1', request, epoch: 1, phase: 'prepare' },
            }
          },
        },
        async close() {
          if (!closed) world.calls.push('close')
          closed = true
        },
        [Symbol.asyncDispose]: () => connection.close(),
      }
      return connection
    },
  }
}
