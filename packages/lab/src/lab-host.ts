import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { CommandOptions, CommandResult } from './command.ts'
import { runCommand } from './command.ts'
import { hostEnvironment, inside } from './host-namespace.ts'
import type { HostName, HostState } from './lab-state.ts'
import type { Unmask } from './mask.ts'
import { hidePath, replacePath } from './mask.ts'
import { addresses } from './network.ts'
import type { LiveProcess } from './process-table.ts'
import { processesIn } from './process-table.ts'

/** What a command on a host is given. */
export interface ExecOptions extends CommandOptions {
  /** Added to a login's environment: PATH, HOME, USER, LOGNAME, HOSTNAME, LANG, TERM. */
  readonly env?: Readonly<Record<string, string>>
  /** The working directory, as the host sees it. Default: `/`. */
  readonly cwd?: string
}

/** What a streaming command on a host is given. */
export interface SpawnOnHost extends Pick<SpawnOptions, 'stdio' | 'detached'> {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** One machine of the lab: own network, own mounts, own name, and the kernel, programs and process numbers of this one. */
export interface LabHost {
  readonly name: string
  /** On the data network. The controller is not on it and has its control address here. */
  readonly address: string
  /** By which the controller reaches it. */
  readonly controlAddress: string
  /** The host's /run as a path that works outside: its UNIX sockets can be dialled there. */
  readonly run: string
  /**
   * Runs a command and waits for its end. Any exit status is a result. Rejects if it cannot be started, with the
   * signal's reason, and after `timeout` milliseconds (the command and its group are ended then).
   */
  exec(argv: readonly string[], options?: ExecOptions): Promise<CommandResult>
  /** Starts a command for streaming. Default stdio: three pipes. What outlives its parent is ended by the lab's `close()`. */
  spawn(argv: readonly string[], options?: SpawnOnHost): ChildProcess
  /**
   * The live processes of this host (no zombies) whose command line contains `pattern`, without the lab's own. The
   * sessions of sshd are left out unless the pattern names sshd.
   */
  processes(pattern?: string): Promise<readonly LiveProcess[]>
  /** Makes a file or folder vanish on this host only. Resolves to what brings it back. */
  hide(path: string): Promise<Unmask>
  /** Covers an existing file by one with this content (mode: as before), on this host only. Resolves to what uncovers it. */
  replace(path: string, content: string, mode?: number): Promise<Unmask>
}

/** A handle on a running host. */
export function labHost(folder: string, name: HostName, state: HostState): LabHost {
  const { pid } = state.holder
  const home = join(folder, 'hosts', name)
  const masks = join(home, 'masks')
  // nsenter enters a mount namespace at its root; its own --wd names a folder of the old one.
  const command = (argv: readonly string[], cwd?: string): string[] =>
    inside(pid, cwd === undefined ? argv : ['env', `--chdir=${cwd}`, ...argv])
  const environment = (env?: Readonly<Record<string, string>>): Record<string, string> => ({
    ...hostEnvironment(name),
    ...env,
  })
  return {
    name,
    address: addresses[name].data,
    controlAddress: addresses[name].control,
    run: join(home, 'run'),
    exec: (argv, { env, cwd, ...options } = {}) =>
      runCommand(command(argv, cwd), { ...options, env: environment(env) }),
    spawn: (argv, { env, cwd, ...options } = {}) => {
      const [file = '', ...rest] = command(argv, cwd)
      return spawn(file, rest, { ...options, env: environment(env) })
    },
    processes: async (pattern = '') => {
      const all = await processesIn(state.net)
      return all.filter((process) => {
        const line = process.argv.join(' ')
        if (process.pid === pid || isListener(line)) return false
        return line.includes(pattern) && (pattern.includes('sshd') || !isSession(line))
      })
    },
    hide: (path) => hidePath(pid, masks, path),
    replace: (path, content, mode) => replacePath(pid, masks, path, content, mode),
  }
}

// sshd writes what it is doing over its own command line.
const isListener = (line: string): boolean => /^(sshd: )?\S*\/sshd -D .*sshd_config/.test(line)
const isSession = (line: string): boolean => /^sshd(-session|-auth)?: /.test(line)
