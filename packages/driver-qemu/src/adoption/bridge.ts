import { type CallOptions, isVmError, type VmError, vmError } from '@vmferry/core/driver'
import type { GuestFolder } from '../guest/run-directory.ts'
import type { QemuHost } from '../qemu-host.ts'
import { BRIDGE } from './bridge-program.ts'

/** Seconds after which a bridge ends whose guest was never filed. */
const PATIENCE = 60

/**
 * Starts the bridge to a QEMU's monitor, in a folder that is there. It has filed itself and the QEMU's process when this
 * resolves, and answers. Rejects with VM_UNSUPPORTED (no Python there), VM_BUSY (another client has the monitor),
 * VM_CONNECTION (nobody listens there), VM_PROTOCOL (it is no QEMU's monitor); then there is no bridge.
 */
export async function startBridge(
  at: QemuHost,
  folder: GuestFolder,
  monitor: string,
  call: CallOptions,
): Promise<void> {
  const { host } = at
  const { code } = await host.exec(['sh', '-c', 'command -v python3'], call)
  if (code !== 0)
    throw vmError('VM_UNSUPPORTED', `there is no python3 on ${host.name}, which adopting a guest needs`, {
      host: host.name,
      remedy: `install python3 on ${host.name}, or shut the guest down and start it with vmferry`,
    })
  const answers = `${folder.bridge}-${at.newId()}`
  const argv = ['python3', '-c', BRIDGE, monitor, folder.path, answers, `${PATIENCE}`]
  try {
    await host.detach(argv, { ...call, log: folder.bridgeLog, until: answers })
    await host.remove(answers, call)
  } catch (error) {
    if (!isVmError(error, 'VM_PHASE_FAILED')) throw error
    throw told(error, host.name, monitor)
  }
}

/** What the bridge's last word means. */
function told(error: VmError, host: string, monitor: string): VmError {
  const words = error.causes[0]?.words ?? ''
  const [verdict, rest = ''] = /^(\w+) ?(.*)$/m.exec(words)?.slice(1) ?? []
  const causes = rest === '' ? [] : [{ host, words: rest }]
  const details = { host, causes, cause: error }
  if (verdict === 'busy')
    return vmError('VM_BUSY', `the monitor ${monitor} on ${host} serves another client`, {
      ...details,
      remedy: 'end that client, as libvirt or a console: a QEMU serves one client on a socket',
    })
  if (verdict === 'unreachable')
    return vmError('VM_CONNECTION', `no QEMU listens at ${monitor} on ${host}: ${rest}`, {
      ...details,
      remedy: 'give the path of its -qmp unix:… socket',
    })
  if (verdict === 'stranger')
    return vmError('VM_PROTOCOL', `what listens at ${monitor} on ${host} is no QMP monitor: ${rest}`, {
      ...details,
      remedy: 'give the path of its -qmp unix:… socket, not that of a -monitor or a serial port',
    })
  if (verdict === 'other')
    return vmError('VM_EXISTS', `the QEMU at ${monitor} on ${host} is another one, process ${rest}`, {
      ...details,
      remedy: 'choose another name for it',
    })
  return error
}
