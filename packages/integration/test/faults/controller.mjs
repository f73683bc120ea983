/**
 * A controller as a process of its own, told what to do by one argument of JSON (`Errand` in controller-process.ts). It
 * stops at one point of the migration, prints `{"reached":true}` and waits for a line `go`; its last line is `ended`.
 */
import { createInterface } from 'node:readline'
import { createFerry, systemClock } from '@vmferry/core'
import { vmError } from '@vmferry/core/driver'
import { qemu } from '@vmferry/driver-qemu'
import { ssh } from '@vmferry/host'
import { fileJournal } from '@vmferry/host/journal'
import { gated } from './gates.mjs'
import { tampering } from './tampering.mjs'

const errand = JSON.parse(process.argv[2] ?? '{}')
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

let going = () => {}
const go = new Promise((resolve) => (going = resolve))
let migration = null
let ahead = 0

const at = errand.at ?? {}
let reached = false
/** Resolves once the controller may go on from a point of its way. */
async function reach(phase, moment) {
  if (errand.cancels && phase === 'perform' && moment === 'during') void cancel()
  if (reached || phase !== at.phase || moment !== at.moment) return
  reached = true
  if (errand.self) {
    process.kill(process.pid, errand.self)
    // the signal comes when it comes: nothing may happen until it has
    await new Promise((resolve) => setTimeout(resolve, 100))
    return
  }
  say({ reached: true })
  await go
  if (errand.losesReply) throw vmError('VM_CONNECTION', 'the reply was lost')
}

const cancel = () => migration?.cancel('asked for').catch(() => {})
const tamper = tampering()
const orders = {
  go: () => going(),
  cancel,
  faster: () => migration?.tune({ bandwidth: 0 }).catch(() => {}),
  jump: (ms) => (ahead = Number(ms)),
  tamper: (how) => tamper.next(how),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, word] = line.split(' ')
  void orders[order]?.(word)
})

const clock = { ...systemClock, now: () => systemClock.now() + ahead }
const { driver, host } = gated(qemu(), tamper.host(ssh({ keepAlive: 500, connectTimeout: 2_000 })), reach)
const journal = fileJournal({ folder: errand.journal })
const ferry = createFerry({ drivers: [driver], hosts: [host], journal, clock })

const told = ({ outcome, error, pending }) => ({
  outcome,
  code: error?.code ?? null,
  words: error?.message ?? null,
  pending: pending.map(({ what }) => what),
})

const doing = {
  async start({ source, domain, argv }) {
    await (await ferry.connect(source)).start(domain, argv)
    return []
  },
  async migrate({ source, target, domain, options }) {
    const [here, there] = [await ferry.connect(source), await ferry.connect(target)]
    migration = (await here.domain(domain)).migrate(there, options)
    const ended = await migration.done.then(
      () => ({ outcome: 'migrated', error: null }),
      (error) => ({ outcome: error.outcome ?? null, error }),
    )
    return [told({ ...ended, pending: migration.report?.pending ?? [] })]
  },
  async recover({ from, options }) {
    if (from.length === 0) return (await ferry.recover(undefined, options)).map(told)
    const all = []
    for (const uri of from) all.push(...(await (await ferry.connect(uri)).recover(undefined, options)))
    return all.map(told)
  },
}

const verdicts = await doing[errand.does](errand).catch((error) => [
  told({ outcome: error.outcome ?? null, error, pending: [] }),
])
say({ ended: verdicts })
await ferry.close().catch(() => {})
process.exit(0)
