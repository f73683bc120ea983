import { endLab } from './lab-end.ts'
import type { LabHost } from './lab-host.ts'
import { labHost } from './lab-host.ts'
import type { LabState } from './lab-state.ts'
import { setDataLink, setDataRate } from './network.ts'

/**
 * Three hosts on one machine. The controller reaches alpha and beta over a cable of their own each; alpha and beta reach
 * each other over the data network, which can be cut while the controller still sees both. All share /tmp and every
 * folder but /run and ~/.ssh: an image there is shared storage.
 */
export interface Lab extends AsyncDisposable {
  /** Where the lab keeps its keys, logs and the hosts' private folders. */
  readonly folder: string
  readonly controller: LabHost
  readonly alpha: LabHost
  readonly beta: LabHost
  /**
   * Takes down beta's end of the data cable. On alpha the carrier is lost: established connections stand still without
   * an error, new ones fail after ARP gives up (about 3 s); on beta there is no route.
   */
  cutLink(): Promise<void>
  restoreLink(): Promise<void>
  /** Limits the data network in both directions, in bits per second; null takes the limit away. */
  shapeLink(bitsPerSecond: number | null): Promise<void>
  /** Ends every process of the hosts, and with that the namespaces; then removes what the lab wrote. Idempotent. */
  close(): Promise<void>
}

/** A handle on the running lab in `folder`. */
export function labOf(folder: string, state: LabState): Lab {
  const host = (name: 'controller' | 'alpha' | 'beta'): LabHost => labHost(folder, name, state.hosts[name])
  const { alpha, beta } = state.hosts
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= endLab(folder, state))
  return {
    folder,
    controller: host('controller'),
    alpha: host('alpha'),
    beta: host('beta'),
    cutLink: () => setDataLink(beta.holder.pid, 'down'),
    restoreLink: () => setDataLink(beta.holder.pid, 'up'),
    shapeLink: async (bitsPerSecond) => {
      await Promise.all([alpha, beta].map(({ holder }) => setDataRate(holder.pid, bitsPerSecond)))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
