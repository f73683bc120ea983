import { type Clock, type Finding, isVmError, type VmError, vmError } from '@vmferry/core/driver'
import { brokenStream } from '../stream.ts'
import type { Wire } from '../wire.ts'
import type { World } from '../world.ts'
import type { WorldHost } from '../world-host.ts'
import { addressText, parseAddress, targetAddress } from './address.ts'
import { dial } from './dial.ts'
import { sender } from './sender.ts'

/** Sockets from the source's process to the target's. */
export function tcpWire(world: World, clock: Clock): Wire {
  return {
    // a hypervisor without any transport that could be asked for still has its own way
    transports: () => [{ name: 'tcp', why: 'the hosts are in processes of their own' }],
    async obstacle({ name: from }, { target: { hostId, uri }, uri: way }, call) {
      const address = targetAddress(uri, way)
      const block = (message: string, error: VmError): Finding => {
        const other = 'give an address that the source reaches as migration URI'
        const remedy = error.code === 'VM_CONNECTION' ? other : (error.remedy ?? other)
        return {
          severity: 'blocker',
          side: 'source',
          code: 'unreachable',
          message,
          error: error.code,
          remedy,
        }
      }
      if (uri.transport !== 'tcp') {
        const remedy = 'connect both hosts by test+tcp:// or both by test:///'
        const elsewhere = vmError('VM_PHASE_FAILED', `${uri.text} is not on the network`, { remedy })
        return block(`${uri.text} is in another world than ${from}`, elsewhere)
      }
      try {
        const { answer, lines } = await dial(address, { for: 'probe' }, UNHEARD, clock, call)
        lines.close(vmError('VM_CONNECTION', 'it was only looked at'))
        if (answer['hostId'] === hostId) return null
        const error = vmError('VM_CONNECTION', 'another host')
        return block(`${addressText(address)} as seen from ${from} is another host than ${uri.text}`, error)
      } catch (error) {
        if (call.signal.aborted || !isVmError(error)) throw error
        return block(`${from} cannot reach ${addressText(address)}: ${error.message}`, error)
      }
    },
    rate: () => null,
    endpoint(_to, { target, uri }, migration) {
      return `tcp://${addressText(targetAddress(target.uri, uri))}/${migration}`
    },
    open: (from: WorldHost, ticket, migration, signal) => {
      const endpoint = ticket.endpoints['ram'] ?? ''
      const [, where = '', id] = /^tcp:\/\/([^/]+)\/(.+)$/.exec(endpoint) ?? []
      const address = parseAddress(where)
      if (!address || id !== migration) throw brokenStream(from.name, endpoint, 'that is no endpoint')
      return sender({ world, clock, from: from.name, address, migration, signal })
    },
  }
}

const UNHEARD = { line() {}, closed() {} }
