import { abortError, vmError } from '@vmferry/core/driver'
import type { ClientChannel } from 'ssh2'
import type { SshQuestion } from './ssh-config.ts'
import type { SshConnection } from './ssh-connection.ts'
import type { SshTarget } from './ssh-target.ts'

/** What to ask the configuration about a server to go through: `[user@]host[:port]` or `ssh://…` (ssh_config(5)). */
export function jumpQuestion(jump: string, config: string | null | undefined): SshQuestion {
  const text = jump.replace(/^ssh:\/\//, '').replace(/\/$/, '')
  const [, user = null, bracketed, plain, port] =
    /^(?:(.+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined) {
    throw vmError('VM_INVALID', `ProxyJump ${JSON.stringify(jump)} is not [user@]host[:port]`)
  }
  return { host, user, port: port === undefined ? null : Number(port), config }
}

/** A TCP connection from one server to the next. */
export function forward(via: SshConnection, target: SshTarget, stop: AbortSignal): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    if (stop.aborted) throw abortError(stop)
    via.client.forwardOut('127.0.0.1', 0, target.host, target.port, (error, channel) => {
      if (!error && !stop.aborted) return resolve(channel)
      channel?.destroy()
      const words = error?.message ?? 'aborted'
      const message = `${via.place} could not connect on to ${target.host}:${target.port}`
      const remedy = `is sshd running there, and does ${via.place} allow it (AllowTcpForwarding)?`
      reject(
        vmError('VM_CONNECTION', message, { host: via.place, remedy, causes: [{ host: via.place, words }] }),
      )
    })
  })
}
