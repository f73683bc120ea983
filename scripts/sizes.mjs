/**
 * What an install costs: `node scripts/sizes.mjs` writes docs/sizes.json, `--check` compares with it and fails on growth that
 * nobody has written down.
 */
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pack, publicPackages } from './public-packages.mjs'
import { inEmptyFolder, install, installed } from './stranger.mjs'
import { root } from './workspace.mjs'

const FILE = join(root, 'docs/sizes.json')
/** Growth that passes: a tenth of the bytes, and no package at all. Others' packages may grow by a quarter. */
const TOLERANCE = { packedBytes: 1.1, unpackedBytes: 1.1, installedPackages: 1, installedMegabytes: 1.25 }

const bytes = (folder) =>
  readdirSync(folder, { recursive: true }).reduce((sum, name) => {
    const found = lstatSync(join(folder, name))
    return sum + (found.isFile() ? found.size : 0)
  }, 0)

/** The package and what it needs of ours. */
function closure(name, all, seen = new Set()) {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const other of Object.keys(all.get(name).manifest.dependencies ?? {}))
    if (all.has(other)) closure(other, all, seen)
  return seen
}

function measure() {
  const all = new Map(publicPackages().map((one) => [one.name, one]))
  return inEmptyFolder((tarballFolder) => {
    const tarballs = pack(tarballFolder)
    const rows = tarballs.map(({ name, packed, unpacked }) =>
      inEmptyFolder((folder) => {
        const needed = closure(name, all)
        install(
          folder,
          tarballs.filter((one) => needed.has(one.name)),
        )
        const weight = bytes(join(folder, 'node_modules'))
        const row = {
          packedBytes: packed,
          unpackedBytes: unpacked,
          installedPackages: new Set(installed(folder)).size,
          installedMegabytes: Math.round(weight / 1e5) / 10,
        }
        return [name, row]
      }),
    )
    return Object.fromEntries(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}

const now = measure()
process.stdout.write('package                 packed  unpacked  packages  installed\n')
for (const [name, row] of Object.entries(now))
  process.stdout.write(
    `${name.padEnd(21)} ${kilo(row.packedBytes)} ${kilo(row.unpackedBytes)}  ${String(row.installedPackages).padStart(8)}  ${String(row.installedMegabytes).padStart(6)} MB\n`,
  )

if (process.argv.includes('--check')) {
  const before = JSON.parse(readFileSync(FILE, 'utf8'))
  const grown = Object.entries(now).flatMap(([name, row]) => {
    if (before[name] === undefined) return [`${name} is not in docs/sizes.json`]
    return Object.entries(TOLERANCE)
      .filter(([what, factor]) => row[what] > before[name][what] * factor)
      .map(([what]) => `${name}: ${what} was ${before[name][what]} and is ${row[what]}`)
  })
  for (const words of grown) process.stderr.write(`${words}\n`)
  if (grown.length > 0) {
    process.stderr.write('if that is meant: npm run sizes, and say why in the changeset\n')
    process.exitCode = 1
  }
} else writeFileSync(FILE, `${JSON.stringify(now, null, 2)}\n`)

function kilo(count) {
  return `${(count / 1000).toFixed(1)} kB`.padStart(9)
}
