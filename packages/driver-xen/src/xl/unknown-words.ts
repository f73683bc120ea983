import { type VmError, vmError } from '@vmferry/core/driver'

/** VM_PROTOCOL for what xl said in a shape that this driver does not know, with a sample of it: nothing is guessed. */
export function unknownWords(message: string, words: string, host: string): VmError {
  return vmError('VM_PROTOCOL', message, {
    host,
    causes: [{ host, words: words.slice(0, 200) || '(nothing)' }],
    remedy: 'the words are what it said: report them, with the version of Xen',
  })
}
