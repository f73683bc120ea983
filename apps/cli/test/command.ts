import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package: the command runs in it. */
export const PACKAGE: string = fileURLToPath(new URL('..', import.meta.url))
export const BIN: string = fileURLToPath(new URL('../bin/vmferry.js', import.meta.url))

/** The journal of these tests is not that of whoever runs them. */
const STATE = mkdtempSync(join(tmpdir(), 'vmferry-state-'))
process.once('exit', () => rmSync(STATE, { recursive: true, force: true }))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface World {
  readonly bytesPerSecond?: number
  readonly faults?: readonly object[]
  readonly announce?: true
  readonly gate?: string
  readonly stray?: 'connect' | 'prepare'
}

export interface Running {
  readonly child: ChildProcess
  /** Resolves when the text has been written to standard output or standard error. */
  seen(text: string): Promise<void>
  readonly ended: Promise<Ended>
}

/** Starts a program with pipes; by default the built command line. */
export function begin(args: readonly string[], options: Options = {}): Running {
  const { program = process.execPath, env = {}, cwd = PACKAGE } = options
  const argv = options.program ? args : [BIN, ...args]
  const { NO_COLOR: _, FORCE_COLOR: __, VMFERRY_DEBUG: ___, CI: ____, ...inherited } = process.env
  const child = spawn(program, argv, { cwd, env: { ...inherited, XDG_STATE_HOME: STATE, ...env } })
  const kill = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', kill)
  child.once('close', () => process.off('exit', kill))
  let stdout = ''
  let stderr = ''
  let watchers: (() => void)[] = []
  const wake = (): void => {
    for (const watcher of watchers) watcher()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    wake()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const seen = async (text: string): Promise<void> => {
    const there = (): boolean => stdout.includes(text) || stderr.includes(text)
    const read = new Promise<void>((resolve) => {
      watchers.push(() => there() && resolve())
      if (there()) resolve()
    })
    await Promise.race([
      read,
      ended.then((end) => {
        if (!there()) throw new Error(`it ended without "${text}": ${JSON.stringify(end)}`)
      }),
    ])
    watchers = []
  }
  return { child, seen, ended }
}

export interface Options {
  readonly program?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Runs the built command line to its end. */
export function vmferry(args: readonly string[], options: Options = {}): Promise<Ended> {
  return begin(args, options).ended
}

/** The same in a world of its own. */
export function vmferryIn(world: World, args: readonly string[], env: Options['env'] = {}): Running {
  const inWorld = { ...env, FAKE_WORLD: JSON.stringify(world) }
  return begin(['--driver', './test/fake-world.mjs', ...args], { env: inWorld })
}

/** Every line of a text as JSON; throws for one that is not. */
export function jsonLines(text: string): Record<string, unknown>[] {
  if (!text.endsWith('\n')) throw new Error(`the last line has no end: ${text}`)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
