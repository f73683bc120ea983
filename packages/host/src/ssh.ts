import { type HostProvider, vmError } from '@vmferry/core/driver'
import { detach } from './detach.ts'
import { hostChannel } from './host-channel.ts'
import { hostId } from './host-id.ts'
import { lifeline } from './lifeline.ts'
import { checkByScript } from './process-check.ts'
import { remoteFiles } from './remote-file.ts'
import type { Route } from './route.ts'
import type { SshConnection } from './ssh-connection.ts'
import { type Lease, sshPool } from './ssh-pool.ts'
import { startOver } from './ssh-process.ts'
import { runOver } from './ssh-run.ts'
import { dialOver, listenOver } from './ssh-socket.ts'

/** Options of {@link ssh}. What is absent comes from ssh's own configuration. */
export interface SshOptions {
  /** An ssh_config file; null: none is read; default: those that OpenSSH reads. */
  readonly config?: string | null
  /** known_hosts files; default: UserKnownHostsFile and GlobalKnownHostsFile of the configuration. */
  readonly knownHosts?: readonly string[]
  /** Private key files, which must exist; default: IdentityFile of the configuration. */
  readonly identities?: readonly string[]
  /** The agent's socket; null: no agent; default: IdentityAgent of the configuration, else `SSH_AUTH_SOCK`. */
  readonly agent?: string | null
  /** Milliseconds for connecting and logging in to a server; default: ConnectTimeout of the configuration, else 10,000. */
  readonly connectTimeout?: number
  /** Milliseconds between signs of life; three that stay unanswered are a lost connection. Default 5000. */
  readonly keepAlive?: number
  /** The user for URIs that name none; default: User of the configuration, else the user who runs this. */
  readonly user?: string
}

/**
 * Hosts over ssh, for URIs with the transport `ssh` (`qemu+ssh://root@alpha/system`). The host's key must be in
 * known_hosts: StrictHostKeyChecking of the configuration is ignored on purpose. Logs in by agent or key file, never by
 * password. Channels to one server share one connection, which is closed with the last of them.
 */
export function ssh(options: SshOptions = {}): HostProvider {
  const {
    config,
    knownHosts,
    identities,
    agent,
    connectTimeout = null,
    keepAlive = 5000,
    user = null,
  } = options
  const pool = sshPool({
    connectTimeout,
    keepAlive,
    identitiesRequired: identities !== undefined,
    adapt: (target) => ({
      ...target,
      knownHosts: knownHosts ?? target.knownHosts,
      identities: identities ?? target.identities,
      agent: agent === undefined ? target.agent : agent,
    }),
  })
  return {
    name: 'ssh',
    async open(uri, call) {
      const { host } = uri
      if (host === null) throw vmError('VM_INVALID', `${uri.text} names no host to reach over ssh`)
      // A life of its own, for the time until the connection's is known.
      const opening = lifeline()
      return opening.run(call, async (stop) => {
        const lease = await pool.take({ host, port: uri.port, user: uri.user ?? user, config }, stop)
        const { connection } = lease
        const life = lifeline(connection.life.signal)
        try {
          const id = await life.run({ signal: stop }, (halt) =>
            hostId(runOver(connection), connection.place, '', halt),
          )
          if (stop.aborted) throw stop.reason
          return hostChannel(id, route(host, connection, lease), life)
        } catch (error) {
          await lease.release()
          throw error
        }
      })
    },
  }
}

function route(place: string, connection: SshConnection, lease: Lease): Route {
  const run = runOver(connection)
  return {
    place,
    run,
    files: remoteFiles(run, place),
    check: checkByScript(run, place),
    start: (argv, stop) => startOver(connection, argv, stop),
    detach: (argv, options, stop) => detach(run, argv, options, place, stop),
    dial: (path, stop) => dialOver(connection, path, stop),
    listen: (path, stop) => listenOver(connection, run, path, stop),
    close: () => lease.release(),
  }
}
