import { type VmError, vmError } from '@vmferry/core/driver'
import type { Step } from '@vmferry/fence'
import type { QmpCommandName, QmpCommands } from '@vmferry/qmp'

/** Gives QEMU a command. */
export function tell<C extends QmpCommandName>(
  command: C,
  given?: QmpCommands[C]['arguments'],
): Step<QmpCommands[C]['return']> {
  return {
    words: ['tell', JSON.stringify({ execute: command, ...(given && { arguments: given }) }), ''],
    read: (line) => replyIn(line).return as QmpCommands[C]['return'],
    refusal: (line, host) => refusalOf(command, replyIn(line).error?.desc, host),
  }
}

/** Gives QEMU a command that it may refuse: what follows is done all the same. */
export function attempt<C extends QmpCommandName>(command: C, given?: QmpCommands[C]['arguments']): Step {
  const step = tell(command, given)
  return { ...step, words: ['try', step.words[1], ''] }
}

/** Throws away what QEMU has said unasked. */
export function skim(): Step<null> {
  return { words: ['skim', '', ''] }
}

/** Fails with VM_UNSUPPORTED if the QEMU has no fence monitor. */
export function fenced(): Step<null> {
  return { words: ['fenced', '', ''] }
}

/** Fails with VM_CONNECTION if the QEMU is gone. */
export function living(): Step<null> {
  return { words: ['living', '', ''] }
}

/** Cancels a migration that is under way. `revives`: whoever is stopped for it runs again. */
export function cancel(revives: boolean): Step<null> {
  return { words: ['cancel', revives ? 'cont' : '', ''] }
}

/**
 * Makes an image of so many bytes, in which nothing is allocated but these pieces, each at its 64 KiB. Whatever is at that path
 * already stays as it is, and the step fails. What is made is on file before.
 */
export function image(
  path: string,
  bytes: number,
  pieces: readonly (readonly [at: number, content: Uint8Array])[],
): Step<null> {
  const octal = (content: Uint8Array): string =>
    Array.from(content, (byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('')
  const line = pieces.map(([at, content]) => `${at}:${octal(content)}`).join(' ')
  return { words: ['image', path, `${bytes}`], lines: [line] }
}

/** Removes the images that {@link image} made for this guest, unless the copy that they belong to may have run. */
export function unmake(): Step<null> {
  return { words: ['unmake', '', ''] }
}

interface Reply {
  readonly return?: unknown
  readonly error?: { readonly desc?: string }
}

function replyIn(line: string): Reply {
  return JSON.parse(line) as Reply
}

/** QEMU's own refusal. */
function refusalOf(command: string, words = 'no description', host: string): VmError {
  const causes = [{ host, words }]
  return vmError('VM_PHASE_FAILED', `QEMU on ${host} refused ${command}: ${words}`, { host, causes })
}
