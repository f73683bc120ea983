/**
 * A controller as a process of its own: migrates the guest `web1` from one run directory to another, and sends itself a
 * signal at one line of its journal, `before` or `after` that is written, or once bytes move: `copying`. Prints how it
 * ended, if it ever gets there.
 */
import { createFerry } from '@vmferry/core'
import { qemu } from '@vmferry/driver-qemu'
import { local } from '@vmferry/host'
import { fileJournal } from '@vmferry/host/journal'

const [source = '', target = '', folder = '', step = '', when = '', signal = '', more = '{}'] =
  process.argv.slice(2)
const { deadManLimit, ...options } = JSON.parse(more)
const kept = fileJournal({ folder })
const strike = async (entry, moment) => {
  if (entry.step !== step || when !== moment) return
  process.kill(process.pid, signal)
  // the signal comes when it comes: nothing may happen until it has
  await new Promise((resolve) => setTimeout(resolve, 100))
}
const journal = {
  entries: () => kept.entries(),
  async append(entry) {
    await strike(entry, 'before')
    await kept.append(entry)
    await strike(entry, 'after')
  },
}
const ferry = createFerry({ drivers: [qemu({ deadManLimit })], hosts: [local()], journal })
const here = await ferry.connect(source)
const there = await ferry.connect(target)
const web1 = await here.domain('web1')
const migration = web1.migrate(there, { live: true, ...options })
const watch = async () => {
  for await (const event of migration)
    if (step === 'copying' && event.type === 'progress' && event.bytes > 0) process.kill(process.pid, signal)
}
void watch()
const ended = await migration.done.then(
  () => ({ outcome: 'migrated' }),
  ({ code, outcome }) => ({ code, outcome }),
)
process.stdout.write(JSON.stringify(ended))
await ferry.close()
