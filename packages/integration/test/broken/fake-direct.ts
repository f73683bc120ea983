import {
  abortError,
  type Capabilities,
  type CopyState,
  type DirectMigration,
  type Driver,
  type DriverConnection,
  type DriverContext,
  defineCapabilities,
  type EffectOptions,
  type Incoming,
  type MigrationSource,
  type MigrationTarget,
  type Outgoing,
} from '@vmferry/core/driver'
import { test, type World } from '@vmferry/driver-test'

/** The test hypervisor as one that has a single call: it goes through the phases by itself. */
export function fakeDirect(world: World): Driver {
  const phased = test({ world })
  const narrowed = (all: Capabilities): Capabilities => defineCapabilities({ ...all, handover: 'direct' })
  return {
    ...phased,
    capabilities: narrowed(phased.capabilities),
    async connect(uri, context, call) {
      const { source, target: _, ...connection } = await phased.connect(uri, context, call)
      const capabilities = narrowed(connection.capabilities)
      const direct = directOver(phased, source as MigrationSource, context)
      return {
        ...connection,
        capabilities,
        direct: {
          ...direct,
          async inspect(id, inner) {
            // rejects where nothing can be asked any more
            await connection.migrations(inner)
            return direct.inspect(id, inner)
          },
        },
      }
    },
  }
}

/** A migration that this hypervisor has been asked for. */
interface Job {
  readonly stop: AbortController
  outgoing: Outgoing | null
  incoming: Incoming | null
  moved: boolean
}

const GONE: CopyState = {
  run: 'gone',
  complete: false,
  mayHaveRun: false,
  revivable: false,
  evidence: ['no copy'],
}

function directOver(driver: Driver, source: MigrationSource, context: DriverContext): DirectMigration {
  const jobs = new Map<string, Job>()
  const peer = async (request: { readonly target: { readonly uri: Parameters<Driver['connect']>[0] } }) => {
    const connection: DriverConnection = await driver.connect(request.target.uri, context, {
      signal: new AbortController().signal,
    })
    return connection.target as MigrationTarget
  }

  return {
    async check(domain, request, call) {
      const sent = await source.check(domain, request, call)
      const received = await (await peer(request)).check(sent.offer, request, call)
      return { ...sent, findings: [...sent.findings, ...received.findings] }
    },
    async migrate(domain, request, call) {
      if (call.signal.aborted) throw abortError(call.signal, 'the migration')
      const job: Job = { stop: new AbortController(), outgoing: null, incoming: null, moved: false }
      jobs.set(call.migration, job)
      const signal = AbortSignal.any([call.signal, job.stop.signal])
      const alone: EffectOptions = { ...call, signal: new AbortController().signal }
      try {
        const { offer } = await source.check(domain, request, { ...call, signal })
        job.outgoing = await source.begin(offer, request, { ...call, signal })
        job.incoming = await (await peer(request)).prepare(job.outgoing.offer, request, { ...call, signal })
        await job.outgoing.perform(job.incoming.ticket, noDial, { ...call, signal })
      } catch (error) {
        await job.incoming?.abort('it failed', alone)
        await job.outgoing?.abort('it failed', alone)
        throw error
      }
      await job.incoming.finish(alone)
      await job.outgoing.confirm(alone)
      job.moved = true
    },
    async inspect(id, call) {
      const job = jobs.get(id)
      const { outgoing = null, incoming = null, moved = false } = job ?? {}
      return {
        source: outgoing && !moved ? await outgoing.inspect(call) : GONE,
        target: incoming && moved ? await incoming.inspect(call) : GONE,
      }
    },
    async cancel(id) {
      jobs.get(id)?.stop.abort()
    },
  }
}

const noDial = async (): Promise<never> => {
  throw new Error('there is nothing to dial')
}
