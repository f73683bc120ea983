/**
 * How the conformance kit gets hosts and guests of QEMU.
 *
 * @packageDocumentation
 */
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { ConformanceSetup } from '@vmferry/core/driver'
import { openQemuStage } from './stage.ts'

/** Two hosts between which guests are to move. */
export interface QemuPair {
  /** Connection URIs without parameters: `qemu+ssh://root@alpha/system`. Run directories are made and removed below /tmp. */
  readonly source: string
  readonly target: string
  /** The target as the source sees it, for migration URIs; null: both are one host. */
  readonly targetHost: string | null
}

/** Guests between two run directories of this machine, as an ordinary user: what carries them is a UNIX socket. */
export const setup: ConformanceSetup = {
  ...qemuSetup((transport) =>
    transport === null || transport === 'unix' || transport === 'relay'
      ? { source: 'qemu:///system', target: 'qemu:///system', targetHost: null }
      : null,
  ),
  async problem() {
    return (await isInstalled(BINARY)) ? null : `${BINARY} is not installed`
  },
}

/** Guests between hosts of your choice. `pairOf` gives two between which a transport works; null: there are none. */
export function qemuSetup(pairOf: (transport: string | null) => QemuPair | null): ConformanceSetup {
  return {
    async stage(loan) {
      const pair = pairOf(loan.transport)
      return pair ? openQemuStage(pair, BINARY, loan) : null
    },
  }
}

/** The guest is an x86 program, whatever the host is. */
const BINARY = 'qemu-system-x86_64'

async function isInstalled(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, program))))
  return found.some(({ status }) => status === 'fulfilled')
}
