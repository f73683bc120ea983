import { execFile } from 'node:child_process'
import { homedir, userInfo } from 'node:os'
import { promisify } from 'node:util'
import { vmError } from '@vmferry/core/driver'
import { readConfigFile } from './ssh-config-file.ts'
import { expandPath, type Tokens } from './ssh-path.ts'
import type { SshTarget } from './ssh-target.ts'
import { systemError } from './system-error.ts'

/** What is asked for: `host` as the user wrote it; null where the configuration decides. */
export interface SshQuestion {
  readonly host: string
  readonly port: number | null
  readonly user: string | null
  /** A configuration file; null: none; undefined: those that OpenSSH reads. */
  readonly config: string | null | undefined
}

/** Settings as `ssh -G` prints them: lower-case keywords, each with its values. */
export type SshSettings = ReadonlyMap<string, readonly string[]>

/** Resolves a host by OpenSSH's own reading of its configuration, or by ours where OpenSSH is not installed. */
export async function resolveTarget(
  question: SshQuestion,
  stop: AbortSignal,
  program = 'ssh',
): Promise<SshTarget> {
  checkHostName(question.host)
  return interpret(question, (await askOpenSsh(question, program, stop)) ?? (await readConfigFile(question)))
}

/** A host name goes to programs as an argument, so it must look like one and nothing else. */
export function checkHostName(host: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._:%-]{0,252}$|^::[0-9A-Fa-f:.%]*$/.test(host)) {
    throw vmError('VM_INVALID', `${JSON.stringify(host)} is not a host name or an address`)
  }
}

async function askOpenSsh(
  question: SshQuestion,
  program: string,
  stop: AbortSignal,
): Promise<SshSettings | null> {
  const { config, port, user, host } = question
  const file = config === undefined ? [] : ['-F', config ?? 'none']
  const args = [
    '-G',
    ...file,
    ...(port === null ? [] : ['-p', `${port}`]),
    ...(user === null ? [] : ['-l', user]),
  ]
  try {
    const { stdout } = await promisify(execFile)(program, [...args, '--', host], {
      signal: stop,
      timeout: 30_000,
    })
    const settings = new Map<string, string[]>()
    for (const line of stdout.split('\n')) {
      const [, keyword = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? []
      settings.set(keyword, [...(settings.get(keyword) ?? []), value])
    }
    return settings
  } catch (error) {
    stop.throwIfAborted()
    const { code, stderr, message } = systemError(error)
    if (code === 'ENOENT') return null
    throw vmError('VM_INVALID', `ssh's configuration for ${host} cannot be read`, {
      host,
      remedy: `see \`ssh -G ${host}\``,
      causes: [{ host: 'controller', words: (stderr || message).trim() }],
    })
  }
}

function interpret(question: SshQuestion, settings: SshSettings): SshTarget {
  const one = (keyword: string): string | null => {
    const value = settings.get(keyword)?.[0] ?? 'none'
    return value.toLowerCase() === 'none' ? null : value
  }
  const host = one('hostname') ?? question.host
  const user = question.user ?? one('user') ?? userInfo().username
  const port = question.port ?? Number(one('port') ?? 22)
  const tokens: Tokens = { alias: question.host, host, port, user, home: homedir() }
  const paths = (keyword: string, values = settings.get(keyword) ?? []): string[] =>
    values.filter((value) => value.toLowerCase() !== 'none').map((value) => expandPath(value, tokens))
  const lists = (keyword: string): string[] =>
    paths(keyword, (settings.get(keyword) ?? []).flatMap(splitWords))
  const seconds = Number(one('connecttimeout') ?? Number.NaN)
  const agent = settings.get('identityagent')?.[0] ?? 'SSH_AUTH_SOCK'
  return {
    alias: question.host,
    host,
    port,
    user,
    identities: paths('identityfile'),
    identitiesOnly: one('identitiesonly') === 'yes',
    agent:
      agent === 'SSH_AUTH_SOCK'
        ? (process.env['SSH_AUTH_SOCK'] ?? null)
        : (paths('identityagent')[0] ?? null),
    knownHosts: [...lists('userknownhostsfile'), ...lists('globalknownhostsfile')],
    hostKeyAlias: one('hostkeyalias'),
    jumps:
      one('proxyjump')
        ?.split(',')
        .map((jump) => jump.trim()) ?? [],
    proxyCommand: one('proxycommand'),
    connectTimeout: seconds > 0 ? seconds * 1000 : null,
  }
}

function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
}
