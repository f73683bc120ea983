import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { BeatLine } from '../beat.ts'
import type { CommandOptions, CommandResult } from '../command.ts'
import { runCommand } from '../command.ts'
import { shellWords } from '../shell-words.ts'
import { consoleBeats } from './console-beats.ts'
import type { XenGuestOptions } from './xen-guest.ts'
import { consoleLogs, xenGuest } from './xen-guest.ts'
import type { XenKeys } from './xen-keys.ts'
import type { XenHostName } from './xen-network.ts'
import { linkAddresses } from './xen-network.ts'

/** What a command on a Xen host is given. */
export type XenExecOptions = Pick<CommandOptions, 'input' | 'signal' | 'timeout'>

/** A machine that runs Xen, emulated. What is run on it is run in its dom0, as root. */
export interface XenHost {
  readonly name: XenHostName
  /** On the link to the other host. */
  readonly address: string
  /** Of 127.0.0.1: there its sshd answers. */
  readonly port: number
  /** The QEMU process that it is. */
  readonly pid: number
  /**
   * Runs a command over ssh and waits for its end, one to three seconds under emulation. Any exit status is a result, 255 also when ssh itself
   * fails. Rejects with the signal's reason, and after `timeout` milliseconds: then ssh has ended, and the command may go on.
   */
  exec(argv: readonly string[], options?: XenExecOptions): Promise<CommandResult>
  /** Starts a command over ssh for streaming. Default stdio: three pipes. */
  spawn(argv: readonly string[], options?: Pick<SpawnOptions, 'stdio'>): ChildProcess
  /** Writes a file. Its folder must be there. */
  write(path: string, content: string): Promise<void>
  /**
   * Starts a guest; its configuration stays at `/lab/NAME.cfg`. Linux beats within a quarter of a minute, {@link xenBeat} at once. Rejects
   * in the words of xl.
   */
  create<Guest extends XenGuestOptions>(guest: Guest, configure?: (guest: Guest) => string): Promise<void>
  /** What a guest of that name said on this host since the host was started, also one that is gone; nothing if there was none. */
  consoleLog(guest: string): Promise<string>
  /** The beats in it. */
  beats(guest: string): Promise<BeatLine[]>
  /** Stops the whole machine, as if it hung, until `thaw`. Its connections stand still. */
  freeze(): void
  thaw(): void
}

/** A handle on a running host. */
export function xenHost(name: XenHostName, port: number, pid: number, keys: XenKeys): XenHost {
  const ssh = (argv: readonly string[]): string[] => ['ssh', '-F', keys.config, '--', name, shellWords(argv)]
  const exec: XenHost['exec'] = (argv, options) => runCommand(ssh(argv), options)
  const must = async (argv: readonly string[], options?: XenExecOptions): Promise<string> => {
    const { code, stdout, stderr } = await exec(argv, options)
    if (code === 0) return stdout
    throw new Error(`\`${argv.join(' ')}\` on ${name} ended with ${code}: ${stderr.trim()}`)
  }
  const write: XenHost['write'] = async (path, content) => {
    await must(['sh', '-c', 'cat >"$1"', 'sh', path], { input: content })
  }
  const consoleLog = (guest: string): Promise<string> =>
    must(['sh', '-c', 'for log; do [ ! -e "$log" ] || cat "$log"; done', 'sh', ...consoleLogs(guest)])
  return {
    name,
    address: linkAddresses[name],
    port,
    pid,
    exec,
    spawn: (argv, options = {}) => {
      const [file = '', ...rest] = ssh(argv)
      return spawn(file, rest, options)
    },
    write,
    create: async (guest, configure = xenGuest) => {
      const file = `/lab/${guest.name}.cfg`
      await write(file, configure(guest))
      await must(['xl', 'create', '-q', file])
    },
    consoleLog,
    beats: async (guest) => consoleBeats([{ host: name, text: await consoleLog(guest) }]),
    freeze: () => process.kill(pid, 'SIGSTOP'),
    thaw: () => process.kill(pid, 'SIGCONT'),
  }
}
