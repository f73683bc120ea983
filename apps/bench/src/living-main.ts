import { createInterface } from 'node:readline'
import { createFerry } from '@vmferry/core'
import { qemu } from '@vmferry/driver-qemu'
import { fileJournal, ssh } from '@vmferry/host'
import { DOMAIN, SOURCE, TARGET } from './contender.ts'
import { type FerryEvent, figures } from './figures.ts'

/** `living-ferry.js JOURNAL`: each line that it reads is a way, by which it moves the guest with the same ferry; the figures as JSON. */
const [folder = ''] = process.argv.slice(2)
const ferry = createFerry({ drivers: [qemu()], hosts: [ssh()], journal: fileJournal({ folder }) })
try {
  const [source, target] = [await ferry.connect(SOURCE), await ferry.connect(TARGET)]
  for await (const way of createInterface({ input: process.stdin })) {
    const migration = (await source.domain(DOMAIN)).migrate(target, { live: true, uri: `${way}://beta` })
    const events: FerryEvent[] = []
    for await (const event of migration) events.push(event)
    await migration
    process.stdout.write(`${JSON.stringify(figures(events, migration.report))}\n`)
  }
} finally {
  await ferry.close()
}
