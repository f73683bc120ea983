import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Cluster, Node } from './cluster.ts'
import { type JobWish, startJob } from './job.ts'

/** The cluster's interface, as it listens. */
export interface RestServer {
  readonly port: number
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const ok = (body: unknown, status = 200): Answer => ({ status, body })
const no = (status: number, error: string): Answer => ({ status, body: { error } })

/**
 * | request | answer |
 * |---|---|
 * | `GET /nodes/NODE` | its version and id |
 * | `GET /nodes/NODE/domains` | its guests |
 * | `GET /nodes/NODE/jobs` | jobs that lead away from it and have not ended |
 * | `POST /nodes/NODE/domains/NAME/migrate` | begins `{ id, to, live, note }`; 404, 409 (name taken), 423 (it is being moved) |
 * | `GET /jobs/ID` | the job; 404 |
 * | `POST /jobs/ID/cancel` | asks it to end |
 */
export async function startServer(cluster: Cluster): Promise<RestServer> {
  const server = createServer((request, response) => {
    void answer(cluster, request)
      .catch((error: unknown) => no(500, String(error)))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer({ nodes, jobs }: Cluster, request: IncomingMessage): Promise<Answer> {
  const [kind, name = '', what, domain = '', verb] = (request.url ?? '').split('/').slice(1)
  if (kind === 'jobs') {
    const job = jobs.get(name)
    if (!job) return no(404, `there is no job ${name}`)
    if (what === 'cancel' && job.state === 'running') job.state = 'cancelled'
    return ok(job)
  }
  const node = nodes.get(name)
  if (kind !== 'nodes' || !node) return no(404, `there is no node '${name}'`)
  if (verb === 'migrate') {
    const { to, ...wish } = (await json(request)) as JobWish & { readonly to: string }
    return begin(node, nodes.get(to), domain, wish)
  }
  if (what === 'jobs')
    return ok([...jobs.values()].filter(({ from, state }) => from === name && state === 'running'))
  if (what !== 'domains') return ok({ version: 'rest 1.0', id: node.id })
  return ok(
    [...node.guests.values()].map((guest) => ({
      name: guest.name,
      uuid: guest.uuid,
      bytes: guest.memory.length,
    })),
  )

  function begin(from: Node, to: Node | undefined, guestName: string, wish: JobWish): Answer {
    const guest = from.guests.get(guestName)
    if (!guest || !to) return no(404, `there is no ${guest ? 'such node' : `domain '${guestName}'`}`)
    if (to.guests.has(guestName)) return no(409, `there is a domain '${guestName}' on ${to.name} already`)
    const busy = [...jobs.values()].some((job) => job.domain === guestName && job.state === 'running')
    if (busy) return no(423, `'${guestName}' is being moved`)
    const job = startJob(guest, from, to, wish)
    jobs.set(job.id, job)
    return ok(job, 202)
  }
}
