import { createHash } from 'node:crypto'
import {
  type CallOptions,
  type EffectOptions,
  type MigrationSource,
  type Offer,
  type Outgoing,
  vmError,
} from '@vmferry/core/driver'
import { type Guest, guestNamed, listGuests } from './guest-list.ts'
import { openMonitor } from './guest-process.ts'
import { hostRecord, type MigrationFile } from './migration-file.ts'
import { openOutgoing } from './outgoing.ts'
import type { QemuHost } from './qemu-host.ts'
import { sourceFacts } from './source-facts.ts'
import { sourceTransports } from './transport.ts'

/** Exit code of the script when another migration has the guest. */
const TAKEN = 75

/** Files the record, given on standard input, unless there is one: the link is what makes it ours. An arrival that is settled is forgotten. */
const TAKE_HOLD = `
cd "$1" && cat >"$2.new" && sync -d "$2.new" || exit 1
ln "$2.new" outgoing.json 2>/dev/null; taken=$?
rm -f "$2.new"
[ $taken = 0 ] || exit ${TAKEN}
rm -f incoming.json may-have-run
`

const NO_ADDRESS = { address: null }

export function qemuSource(at: QemuHost): MigrationSource {
  const { host } = at
  return {
    async check(domain, request, call) {
      const ways = sourceTransports(host, request, call)
      // what the guest says comes first, also of two errors
      ways.catch(() => {})
      const facts = await sourceFacts(at, await ready(at, domain, call), request, call)
      const { address, transports, findings } = await ways
      const offer = withAddress(facts.offer, address)
      const digest = createHash('sha256').update(JSON.stringify(offer)).digest('hex')
      return { offer, transports, findings: [...facts.findings, ...findings], digest }
    },
    async begin(domain, request, call) {
      const guest = await ready(at, domain, call)
      const { address } =
        request.uri?.transport === 'tcp' ? await sourceTransports(host, request, call) : NO_ADDRESS
      const facts = await sourceFacts(at, guest, request, call)
      const offer = withAddress(facts.offer, address)
      const file: MigrationFile = {
        migration: call.migration,
        epoch: call.epoch,
        phase: 'begin',
        request,
        offer,
      }
      await takeHold(at, guest, file, call)
      return opened(at, guest, file, call)
    },
    async recall(id, call) {
      const guests = await listGuests(host, at.runDirectory, call)
      const guest = guests.find(({ outgoing }) => outgoing?.migration === id)
      const file = guest?.outgoing
      if (!guest || !file)
        throw vmError('VM_NOT_FOUND', `${host.name} has no outgoing migration ${id}`, { host: host.name })
      const { perform: _perform, tune: _tune, ...half } = openOutgoing(at, guest, file, null)
      return { ...half, record: hostRecord('source', guest.definition.name, file) }
    },
  }
}

/** The offer with what a name in the migration URI means at the source. */
function withAddress(offer: Offer, address: string | null): Offer {
  return { ...offer, cookie: { ...offer.cookie, address } }
}

/** The guest, alive and in nobody's hands. */
async function ready({ host, runDirectory }: QemuHost, domain: string, call: CallOptions): Promise<Guest> {
  const guest = guestNamed(await listGuests(host, runDirectory, call), domain, host.name)
  if (!guest.alive)
    throw vmError('VM_NOT_FOUND', `'${domain}' on ${host.name} does not run: its QEMU is gone`, {
      host: host.name,
      remedy: 'stop it, then start it again',
    })
  if (guest.outgoing || (guest.incoming && !guest.mayHaveRun)) throw busy(domain, host.name)
  return guest
}

async function takeHold(
  { host }: QemuHost,
  { folder, definition }: Guest,
  file: MigrationFile,
  call: EffectOptions,
): Promise<void> {
  const argv = ['sh', '-c', TAKE_HOLD, 'sh', folder.path, file.migration]
  const { code, stderr } = await host.exec(argv, { ...call, input: JSON.stringify(file) })
  if (code === TAKEN) throw busy(definition.name, host.name)
  if (code === 0) return
  throw vmError('VM_PHASE_FAILED', `the migration could not be filed in ${folder.path} on ${host.name}`, {
    host: host.name,
    causes: [{ host: host.name, words: stderr.trim() }],
  })
}

/** Takes the monitor; if that is not to be had, nothing is left behind. */
async function opened(
  at: QemuHost,
  guest: Guest,
  file: MigrationFile,
  call: EffectOptions,
): Promise<Outgoing> {
  try {
    return openOutgoing(at, guest, file, await openMonitor(at.host, guest.folder.monitor, call))
  } catch (error) {
    await at.host.remove(guest.folder.outgoing, { signal: new AbortController().signal }).catch(() => {})
    throw error
  }
}

function busy(domain: string, host: string): Error {
  return vmError('VM_BUSY', `'${domain}' on ${host} is being migrated already`, {
    host,
    remedy: 'wait until that migration has settled',
  })
}
