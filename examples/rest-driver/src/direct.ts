import { createHash } from 'node:crypto'
import {
  abortError,
  type CopyState,
  type DirectMigration,
  type Finding,
  isVmError,
  type MigrationRequest,
  vmError,
} from '@vmferry/core/driver'
import { domainNamed, domainsOf } from './domain.ts'
import type { Job } from './job.ts'
import type { RestNode } from './rest-node.ts'
import { untilEnded } from './until-ended.ts'

/** The one call, and what is known about it. */
export function restDirect(at: RestNode): DirectMigration {
  const { client } = at
  /** What was asked for here: a job that never began is known to nobody else. */
  const asked = new Map<string, Pick<Job, 'domain' | 'to'>>()

  const jobOf = async (id: string, call: Parameters<typeof client.get>[1]): Promise<Job | null> => {
    try {
      return await client.get<Job>(`/jobs/${id}`, call)
    } catch (error) {
      if (isVmError(error, 'VM_NOT_FOUND')) return null
      throw error
    }
  }

  return {
    async check(domain, request, call) {
      const found = await domainNamed(at, domain, call)
      const findings = await findingsAbout(at, domain, request, call)
      const digest = createHash('sha256')
        .update(JSON.stringify([found, findings]))
        .digest('hex')
      return {
        findings,
        transports: [{ name: 'cluster', why: 'the nodes have a network of their own' }],
        digest,
      }
    },

    async migrate(domain, request, call) {
      const { migration, epoch } = call
      const to = nodeOf(request)
      asked.set(migration, { domain, to })
      const wish = { id: migration, to, live: request.live, note: { request, epoch } }
      await client.post(`/nodes/${at.node}/domains/${domain}/migrate`, wish, call)
      const { state } = await untilEnded(at, migration, call)
      if (state === 'done') return
      if (call.signal.aborted) throw abortError(call.signal, 'the migration')
      throw vmError('VM_PHASE_FAILED', `the cluster's job ${migration} is ${state}`, { host: at.node })
    },

    async inspect(id, call) {
      const job = await jobOf(id, call)
      const known = job ?? asked.get(id)
      if (!known) throw vmError('VM_NOT_FOUND', `the cluster never heard of the migration ${id}`)
      const { domain, to } = known
      const target = await stateOn(at, to, domain, call)
      // as long as the job runs, a guest that is not there may be there a moment later
      const open = job?.state === 'running' && target.run === 'gone'
      return {
        source: await stateOn(at, at.node, domain, call),
        target: open ? { ...target, run: 'unknown', evidence: [`the job ${id} runs`] } : target,
      }
    },

    async cancel(id, call) {
      await client.post(`/jobs/${id}/cancel`, {}, call)
    },
  }
}

async function findingsAbout(
  at: RestNode,
  domain: string,
  request: MigrationRequest,
  call: Parameters<DirectMigration['check']>[2],
): Promise<readonly Finding[]> {
  const finding = { severity: 'blocker', side: 'target' } as const
  const { uri } = request.target
  if (uri.host !== at.uri.host || uri.port !== at.uri.port) {
    const message = `${uri.text} is in another cluster than ${at.uri.text}`
    return [{ ...finding, code: 'other-cluster', message, error: 'VM_UNSUPPORTED' }]
  }
  const there = await domainsOf(at, call, nodeOf(request))
  if (!there.some(({ name }) => name === domain)) return []
  const message = `there is a domain '${domain}' on ${nodeOf(request)} already`
  return [{ ...finding, code: 'name-taken', message, error: 'VM_EXISTS', remedy: 'choose another node' }]
}

function nodeOf({ target }: MigrationRequest): string {
  return target.uri.path.slice(1)
}

async function stateOn(
  at: RestNode,
  node: string,
  domain: string,
  call: Parameters<DirectMigration['inspect']>[1],
): Promise<CopyState> {
  const here = (await domainsOf(at, call, node)).some(({ name }) => name === domain)
  return {
    run: here ? 'running' : 'gone',
    complete: here,
    mayHaveRun: here,
    revivable: false,
    evidence: [`the cluster ${here ? 'lists' : 'does not list'} '${domain}' on ${node}`],
  }
}
