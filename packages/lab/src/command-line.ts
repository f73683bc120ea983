import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { showBeats } from './beat-display.ts'
import type { Lab } from './lab.ts'
import type { LabHost } from './lab-host.ts'
import { hostNames } from './lab-state.ts'
import { findLab, openLab, removeLab } from './open-lab.ts'
import { qemuRelease, qemuSeries } from './qemu-release.ts'
import { showXen } from './xen/xen-display.ts'

const usage = `vmferry-lab: three real hosts on this machine (Linux, root)

  vmferry-lab up                      make controller, alpha and beta, and leave them running
  vmferry-lab down                    end everything that runs on them and remove them
  vmferry-lab status                  say what runs where
  vmferry-lab run HOST -- ARGV...     run a command on a host
  vmferry-lab qemu                    say where each QEMU release is that guests can run on; downloads what is missing
  vmferry-lab xen                     boot two emulated Xen hosts (no root needed) and keep them until Ctrl-C
  vmferry-lab watch HOST DOMAIN       show the heartbeat of a guest that beats at /run/DOMAIN.beat, until Ctrl-C

  --folder FOLDER                     where the lab lives (default: .lab in the working directory)
  --help                              this text
`

/** Runs `vmferry-lab`. Resolves to the exit status: that of the command for `run`, 2 for words that make no sense. */
export async function commandLine(words: readonly string[]): Promise<number> {
  const parsed = parseWords(words)
  if (typeof parsed === 'string') {
    process.stderr.write(`vmferry-lab: ${parsed}\n\n${usage}`)
    return 2
  }
  const { folder, help, command, operands, rest } = parsed
  if (help) {
    process.stdout.write(usage)
    return 0
  }
  switch (command) {
    case 'up':
      await openLab({ folder, onProgress: (line) => process.stderr.write(`${line}\n`) })
      return 0
    case 'down':
      process.stderr.write(
        (await removeLab(folder)) ? `the lab in ${folder} is gone\n` : `no lab in ${folder}\n`,
      )
      return 0
    case 'status':
      return showStatus(folder)
    case 'run':
      return runOnHost(hostOf(await needLab(folder), operands[0]), rest)
    case 'qemu':
      return showReleases()
    case 'xen':
      await showXen()
      return 0
    case 'watch':
      await showBeats(hostOf(await needLab(folder), operands[0]), operands[1] ?? '')
      return 0
    default:
      return 2
  }
}

interface Words {
  readonly folder: string
  readonly help: boolean
  readonly command: string
  readonly operands: readonly string[]
  /** What stands behind `--`. */
  readonly rest: readonly string[]
}

const operandCount = new Map([
  ['up', 0],
  ['down', 0],
  ['status', 0],
  ['qemu', 0],
  ['xen', 0],
  ['run', 1],
  ['watch', 2],
])

/** Understands the words, or says as a string why not. */
export function parseWords(words: readonly string[]): Words | string {
  const dash = words.includes('--') ? words.indexOf('--') : words.length
  const rest = words.slice(dash + 1)
  try {
    const { values, positionals } = parseArgs({
      args: words.slice(0, dash),
      options: { folder: { type: 'string', default: '.lab' }, help: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    const [command = '', ...operands] = positionals
    const parsed = { folder: values.folder, help: values.help, command, operands, rest }
    if (values.help) return parsed
    const count = operandCount.get(command)
    if (count === undefined) return command === '' ? 'a command is missing' : `there is no command ${command}`
    if (operands.length !== count) return `${command} takes ${count} operands, not ${operands.length}`
    if (command === 'run' && rest.length === 0) return 'run needs a command behind --'
    return parsed
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function needLab(folder: string): Promise<Lab> {
  const lab = await findLab(folder)
  if (lab === null) throw new Error(`no lab is up in ${folder}: run \`vmferry-lab up\``)
  return lab
}

function hostOf(lab: Lab, wanted: string | undefined): LabHost {
  const name = hostNames.find((host) => host === wanted)
  if (name === undefined) throw new Error(`there is no host ${wanted}: the hosts are ${hostNames.join(', ')}`)
  return lab[name]
}

async function showStatus(folder: string): Promise<number> {
  const lab = await findLab(folder)
  if (lab === null) {
    process.stdout.write(`no lab is up in ${folder}\n`)
    return 1
  }
  for (const name of hostNames) {
    const { address, controlAddress, run } = lab[name]
    const data = name === 'controller' ? 'not on the data network' : `data ${address}`
    process.stdout.write(`${name}: control ${controlAddress}, ${data}, /run is ${run}\n`)
    for (const { pid, argv } of await lab[name].processes())
      process.stdout.write(`  ${pid} ${argv.join(' ')}\n`)
  }
  return 0
}

async function showReleases(): Promise<number> {
  let missing = 0
  for (const series of qemuSeries) {
    try {
      const { version, folder } = await qemuRelease(series, (line) => process.stderr.write(`${line} …\n`))
      process.stdout.write(`${version}\t${folder}\n`)
    } catch (error) {
      missing += 1
      process.stderr.write(`no QEMU ${series}: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  return missing === 0 ? 0 : 1
}

async function runOnHost(host: LabHost, argv: readonly string[]): Promise<number> {
  const child = host.spawn(argv, { stdio: 'inherit' })
  // The terminal sends Ctrl-C to both; which of them ends is the command's choice.
  const stay = (): void => {}
  process.on('SIGINT', stay)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
  } finally {
    process.off('SIGINT', stay)
  }
}
