import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Lab } from '@vmferry/lab'
import { rawMonitor, startRaw } from './raw-guest.ts'

/** By which the stream goes: the hosts' ssh, or a bare connection. */
export type Way = 'ssh' | 'tcp'

/** One way to move a guest from alpha to beta. */
export interface Contender {
  readonly name: `${'raw' | 'vmferry'} ${Way}`
  start(lab: Lab, argv: readonly string[]): Promise<void>
  /** Runs the whole process that moves it; its own figures, in milliseconds. */
  migrate(lab: Lab, argv: readonly string[]): Promise<Readonly<Record<string, number>>>
  stop(lab: Lab): Promise<void>
}

const SOURCE = 'qemu+ssh://root@alpha/system'
const TARGET = 'qemu+ssh://root@beta/system'
const DOMAIN = 'web1'

/** The bare QMP sequence. */
export function rawContender(way: Way): Contender {
  const program = fileURLToPath(new URL('../bin/raw-migration.js', import.meta.url))
  return {
    name: `raw ${way}`,
    async start({ alpha }, argv) {
      startRaw(alpha, argv, [])
      await (await rawMonitor(alpha)).close()
    },
    async migrate({ folder }, argv) {
      const { stdout } = await promisify(execFile)(process.execPath, [program, folder, way, ...argv])
      return JSON.parse(stdout) as Record<string, number>
    },
    async stop({ beta }) {
      await (await rawMonitor(beta)).execute('quit')
    },
  }
}

/** The command as it is typed. `state`: the folder of its journal. */
export function ferryContender(way: Way, state: string): Contender {
  const cli = createRequire(import.meta.url).resolve('vmferry/package.json')
  const run = async ({ controller }: Lab, ...words: readonly string[]): Promise<string> => {
    const command = [
      'env',
      `XDG_STATE_HOME=${state}`,
      process.execPath,
      join(dirname(cli), 'bin/vmferry.js'),
      ...words,
    ]
    const { code, stdout, stderr } = await controller.exec(command, { timeout: 60_000 })
    if (code !== 0) throw new Error(`vmferry ${words[0]} ended with ${code}: ${stderr}`)
    return stdout
  }
  return {
    name: `vmferry ${way}`,
    start: async (lab, argv) => void (await run(lab, 'start', SOURCE, DOMAIN, '--', ...argv)),
    async migrate(lab) {
      const words = [SOURCE, DOMAIN, TARGET, '--live', '--json', '--uri', `${way}://beta`]
      return figures(await run(lab, 'migrate', ...words))
    },
    stop: async (lab) => void (await run(lab, 'stop', TARGET, DOMAIN, '--force')),
  }
}

/** The phases and the report of `--json`. */
function figures(stdout: string): Record<string, number> {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const phases = lines
    .filter(({ type }) => type === 'phase-end')
    .map(({ phase, ms }) => [`${String(phase)}Ms`, Number(ms)] as const)
  const { report } = lines.at(-1) as { readonly report: Readonly<Record<string, number>> }
  const { setupMs = 0, totalMs: callMs = 0, downtimeMs = 0 } = report
  return { setupMs, callMs, downtimeMs, ...Object.fromEntries(phases) }
}
