// Appends in a loop, and says the number of each entry that it was told is kept.
import { fileJournal } from '../dist/index.js'

const [folder, migration] = process.argv.slice(2)
const journal = fileJournal({ folder })
const at = new Date().toISOString()
for (let seq = 1; ; seq++) {
  await journal.append({ migration, seq, at, step: 'finish', domain: 'x'.repeat(seq % 200) })
  process.stdout.write(`${seq}\n`)
}
