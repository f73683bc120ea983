import { type HostProvider, vmError } from '@vmferry/core/driver'
import { detach } from './detach.ts'
import { hostChannel } from './host-channel.ts'
import { hostId } from './host-id.ts'
import { lifeline } from './lifeline.ts'
import { localFiles } from './local-file.ts'
import { runHere, startHere } from './local-process.ts'
import { dialHere, listenHere } from './local-socket.ts'
import { checkHere } from './process-check.ts'
import type { Route } from './route.ts'

/** Options of {@link local}. */
export interface LocalOptions {
  /**
   * Absolute path of the file that keeps this host's id; default: `vmferry/host-id` under `/run` for root, else under
   * the user's runtime folder, else under `/tmp/vmferry-<uid>`. Tests that play several hosts give several files.
   */
  readonly idFile?: string
}

const place = 'localhost'

/** This machine as a host, for URIs without a transport (`qemu:///system`). It must run Linux. */
export function local(options: LocalOptions = {}): HostProvider {
  return {
    name: 'local',
    async open(uri, call) {
      if (uri.host !== null || uri.transport !== null) {
        throw vmError('VM_INVALID', `${uri.text} names a host or a transport; this machine has neither`)
      }
      const life = lifeline()
      const id = await life.run(call, (stop) => hostId(runHere, place, options.idFile ?? '', stop))
      const route: Route = {
        place,
        files: localFiles,
        check: checkHere,
        run: runHere,
        start: startHere,
        dial: dialHere,
        listen: listenHere,
        detach: (argv, settings, stop) => detach(runHere, argv, settings, place, stop),
        close: async () => {},
      }
      return hostChannel(id, route, life)
    },
  }
}
