import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { labProblem, openLab } from '@vmferry/lab'
import { ferryContender, livingContender, rawContender } from './contender.ts'
import { type Run, sideBySide } from './side-by-side.ts'
import { medians, table } from './summary.ts'
import { commit, versions } from './versions.ts'

const RESULTS = fileURLToPath(new URL('../../../docs/results/', import.meta.url))

const { values } = parseArgs({ options: { runs: { type: 'string', default: '11' } } })
const times = Number(values.runs)
if (!Number.isInteger(times) || times < 1) throw new Error('--runs wants a whole number, 1 or more')

const problem = await labProblem()
if (problem !== null) throw new Error(`nothing can be measured here: ${problem}`)

const tell = ({ contender, wallMs, gapMs }: Run): void => {
  process.stderr.write(`${contender.padEnd(12)} ${wallMs.toFixed(0)} ms, silent for ${gapMs.toFixed(1)} ms\n`)
}
// /run of a host is memory, as on a machine of its own; the controller's journal is on a disk
const inMemory = existsSync('/dev/shm') ? { folder: await mkdtemp('/dev/shm/vmferry-bench-') } : {}
const journal = await mkdtemp(join(tmpdir(), 'vmferry-bench-'))
try {
  await using lab = await openLab(inMemory)
  const ways = ['ssh', 'tcp'] as const
  const contenders = ways.flatMap((way) => [
    rawContender(way),
    ferryContender(way, journal),
    livingContender(way, journal),
  ])
  const middle = medians(await sideBySide(lab, contenders, times, tell))
  for (const { close } of contenders) close?.()
  process.stdout.write(`${table(middle)}\n`)

  const result = { commit: await commit(), versions: await versions(), runs: times, medians: middle }
  await mkdir(RESULTS, { recursive: true })
  await writeFile(`${RESULTS}bench.json`, `${JSON.stringify(result, null, 2)}\n`)
} finally {
  for (const folder of [journal, ...Object.values(inMemory)])
    await rm(folder, { recursive: true, force: true })
}
