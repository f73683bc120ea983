import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { vmError } from '@vmferry/core/driver'
import { parse } from 'ssh-config'
import type { SshQuestion, SshSettings } from './ssh-config.ts'

const defaults = {
  identityfile: ['id_rsa', 'id_ecdsa', 'id_ed25519'].map((name) => `~/.ssh/${name}`),
  userknownhostsfile: ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'],
  globalknownhostsfile: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
}

/** Reads the user's configuration where there is no OpenSSH to ask. The system's belongs to OpenSSH and is not read. */
export async function readConfigFile(question: SshQuestion): Promise<SshSettings> {
  const settings = new Map<string, readonly string[]>(Object.entries(defaults))
  if (question.config === null) return settings
  const path = question.config ?? `${homedir()}/.ssh/config`
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && question.config === undefined) return ''
    throw vmError('VM_INVALID', `ssh's configuration ${path} cannot be read`, {
      causes: [{ host: 'controller', words: error.message }],
    })
  })
  if (/^\s*(include|match\s.*exec)\b/im.test(text)) {
    throw vmError(
      'VM_UNSUPPORTED',
      `${path} uses Include or Match exec, which only OpenSSH itself can follow`,
      {
        remedy: 'install the OpenSSH client on the controller, or give another file by the option `config`',
      },
    )
  }
  const found = parse(text).compute(question.host, { ignoreCase: true })
  for (const [keyword, value] of Object.entries(found)) {
    settings.set(keyword.toLowerCase(), Array.isArray(value) ? value : [value])
  }
  const host = settings.get('hostname')?.[0]
  if (host !== undefined) settings.set('hostname', [host.replace(/%h/g, question.host).replace(/%%/g, '%')])
  return settings
}
