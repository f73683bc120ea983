import { readFile } from 'node:fs/promises'
import { vmError } from '@vmferry/core/driver'
import ssh2, { type AnyAuthMethod, type OpenSSHAgent, type ParsedKey } from 'ssh2'
import type { SshTarget } from './ssh-target.ts'

/** What there is to log in with. Never a password. */
export interface Credentials {
  /** To be tried in this order. */
  readonly methods: readonly AnyAuthMethod[]
  /** Key files that need a passphrase. */
  readonly locked: readonly string[]
  /** What was found, in words. */
  readonly tried: readonly string[]
}

/** @param required whether a key file that is not there is an error: the caller named it */
export async function gatherCredentials(target: SshTarget, required: boolean): Promise<Credentials> {
  const files = await Promise.all(target.identities.map((path) => readKey(path, required)))
  const found = files.filter((file) => file !== null)
  const username = target.user
  const agent =
    target.agent === null
      ? []
      : [
          orderedAgent(
            target,
            found.flatMap((file) => file.publicKey ?? []),
          ),
        ]
  return {
    methods: [
      ...agent.map((one) => ({ type: 'agent', username, agent: one }) as const),
      ...found.flatMap((file) => (file.key ? [{ type: 'publickey', username, key: file.key } as const] : [])),
    ],
    locked: found.filter((file) => file.locked).map((file) => file.path),
    tried: [...(target.agent === null ? [] : [`agent ${target.agent}`]), ...found.map((file) => file.path)],
  }
}

interface KeyFile {
  readonly path: string
  readonly key: ParsedKey | null
  readonly locked: boolean
  /** As it goes over the wire. */
  readonly publicKey: Buffer | null
}

async function readKey(path: string, required: boolean): Promise<KeyFile | null> {
  const text = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (!required) return null
    throw vmError('VM_INVALID', `the key file ${path} cannot be read`, {
      causes: [{ host: 'controller', words: error.message }],
    })
  })
  if (text === null) return null
  const key = firstKey(ssh2.utils.parseKey(text))
  if (!(key instanceof Error) && key.isPrivateKey()) {
    return { path, key, locked: false, publicKey: key.getPublicSSH() }
  }
  const beside = await readFile(`${path}.pub`).catch(() => null)
  const half = beside === null ? null : firstKey(ssh2.utils.parseKey(beside))
  const publicKey = half === null || half instanceof Error ? null : half.getPublicSSH()
  return { path, key: null, locked: key instanceof Error && /encrypted/i.test(key.message), publicKey }
}

function firstKey(parsed: ParsedKey | ParsedKey[] | Error): ParsedKey | Error {
  return Array.isArray(parsed) ? (parsed[0] ?? new Error('no key')) : parsed
}

/** Servers give up after a few keys (MaxAuthTries), so those that the configuration names come first. */
function orderedAgent(target: SshTarget, named: readonly Buffer[]): OpenSSHAgent {
  const agent = new ssh2.OpenSSHAgent(target.agent ?? '')
  const list = agent.getIdentities.bind(agent)
  const isNamed = (key: ParsedKey): boolean => named.some((one) => one.equals(key.getPublicSSH()))
  agent.getIdentities = (callback) => {
    list((error, keys) => {
      if (error || keys === undefined) return callback(error ?? undefined, keys)
      // The declarations allow for raw entries as well, which this agent never gives.
      const parsed = keys.filter((key): key is ParsedKey => 'getPublicSSH' in key)
      const others = target.identitiesOnly ? [] : parsed.filter((key) => !isNamed(key))
      callback(undefined, [...parsed.filter(isNamed), ...others])
    })
  }
  return agent
}
