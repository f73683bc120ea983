import { isVmError, type VmError, vmError } from '@vmferry/core/driver'
import type { Credentials } from './ssh-auth.ts'
import { describeTarget, type SshTarget } from './ssh-target.ts'
import { systemError } from './system-error.ts'

/** The error for a connection that did not come about, in the words of whoever refused it. */
export function connectError(target: SshTarget, error: unknown, credentials: Credentials): VmError {
  if (isVmError(error)) return error
  const place = describeTarget(target)
  const { message, code, level } = systemError(error)
  const details = { host: target.host, causes: [{ host: target.host, words: message }], cause: error }
  if (level === 'client-authentication') return unauthorised(place, credentials, details)
  if (/no matching .* (format|algorithm|exchange|cipher|MAC)/i.test(message)) {
    return vmError('VM_REFUSED', `${place} and vmferry have no ssh algorithm in common`, {
      ...details,
      remedy:
        'the server must allow curve25519, ECDH or group 14 key exchange, AES and an ed25519, ECDSA or RSA key',
    })
  }
  const remedy =
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? `is the name right? Look for ${target.host} in DNS, /etc/hosts and the ssh configuration`
      : `is sshd running there, and does \`ssh ${target.port === 22 ? '' : `-p ${target.port} `}${target.user}@${target.host}\` work?`
  return vmError('VM_CONNECTION', `no ssh connection to ${place} could be made`, { ...details, remedy })
}

function unauthorised(place: string, credentials: Credentials, details: object): VmError {
  const { locked, tried } = credentials
  const what =
    tried.length === 0 ? 'no agent and no key file was found' : `it was offered: ${tried.join(', ')}`
  const unlock = `run \`ssh-add ${locked.join(' ')}\` first, for the key is encrypted and vmferry asks for no passphrase`
  return vmError('VM_REFUSED', `${place} does not let us in; ${what}`, {
    ...details,
    remedy:
      locked.length > 0
        ? unlock
        : `put a public key into ${place.split('@')[0]}'s authorized_keys there; passwords are never used`,
  })
}
