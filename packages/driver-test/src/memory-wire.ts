import type { Finding, MigrationRequest } from '@vmferry/core/driver'
import { receiverOf } from './receiver.ts'
import { brokenStream } from './stream.ts'
import type { Wire } from './wire.ts'
import type { World } from './world.ts'
import type { WorldHost } from './world-host.ts'

/** The links of a world: what is written arrives at once, waiting is for the link. */
export function memoryWire(world: World): Wire {
  const targetOf = ({ target: { hostId, uri } }: MigrationRequest): WorldHost | undefined =>
    [...world.hosts.values()].find(({ id, name }) =>
      hostId === null ? name === uri.path.slice(1) : id === hostId,
    )
  return {
    // a hypervisor without any transport that could be asked for still has its own way
    transports: ({ uriTransports: [best = 'memory', ...others] }) => [
      { name: best, why: 'both hosts are in this process' },
      ...others.map((name) => ({ name, why: `an imitation of ${name}` })),
    ],
    obstacle({ name: from }, request) {
      const { uri: way } = request
      const { uri } = request.target
      const block = (code: string, message: string, more: Partial<Finding>): Finding => {
        return { severity: 'blocker', side: 'source', code, message, ...more }
      }
      const target = targetOf(request)
      if (!target) {
        const remedy = 'give both connections one world: test({ world })'
        return block('other-world', `${uri.text} is in another world than ${from}`, { remedy })
      }
      if (!way?.host || target.addresses.includes(way.host)) return null
      return block('unreachable', `${way.host} is no address of ${target.name} as seen from ${from}`, {
        error: 'VM_CONNECTION',
        remedy: `it has ${target.addresses.join(', ')}`,
      })
    },
    rate({ name: from }, request) {
      const to = targetOf(request)
      const { up, bytesPerSecond } = to ? world.link(from, to.name) : { up: false, bytesPerSecond: 0 }
      return up && Number.isFinite(bytesPerSecond) ? bytesPerSecond : null
    },
    endpoint: ({ name }, { transport }, migration) => `${transport}://${name}/${migration}`,
    open({ name: from }, ticket, migration) {
      const endpoint = ticket.endpoints['ram'] ?? ''
      const [, to = '', id = ''] = /^[a-z]+:\/\/([^/]+)\/(.+)$/.exec(endpoint) ?? []
      const broken = (why: string): Error => brokenStream(from, to || endpoint, why)
      const receiver = receiverOf(id === migration ? world.hosts.get(to) : undefined, id, broken)
      const link = world.link(from, to)
      const resets = link.resets
      const carried = (): typeof receiver => {
        if (link.resets !== resets) throw broken('connection reset by peer')
        return receiver
      }
      return {
        link,
        verify: () => carried().verify(),
        page: (number, words) => carried().page(number, words),
        turn: (registers, missing) => carried().turn(registers, missing),
        end: (registers) => carried().end(registers),
        close() {},
      }
    },
  }
}
