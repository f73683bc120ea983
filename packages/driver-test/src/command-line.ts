import { vmError } from '@vmferry/core/driver'
import type { GuestOptions } from './guest.ts'

/** Reads `memory=64M dirty=1000 pages=256 uuid=… paused`. VM_INVALID for any other word. */
export function guestOptions(commandLine: readonly string[]): GuestOptions {
  return commandLine.reduce<GuestOptions>((options, word) => Object.assign(options, optionOf(word)), {})
}

function optionOf(word: string): GuestOptions {
  const [key, value = ''] = word.split(/=(.*)/s, 2)
  if (word === 'paused') return { paused: true }
  if (key === 'memory' && SIZE.test(value)) return { memoryBytes: bytesOf(value) }
  if (key === 'dirty' && /^\d{1,9}$/.test(value)) return { dirtyPerSecond: Number(value) }
  if (key === 'pages' && /^\d{1,9}$/.test(value)) return { pages: Number(value) }
  if (key === 'uuid' && UUID.test(value)) return { uuid: value.toLowerCase() }
  throw vmError('VM_INVALID', `'${word}' is no argument of a test domain`, {
    remedy: 'the arguments are memory=64M, dirty=PAGES_PER_SECOND, pages=256, uuid=UUID and paused',
  })
}

const SIZE = /^\d{1,9}[KMGT]?$/i
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Bytes, or a number with K, M, G or T: powers of 1024. */
function bytesOf(size: string): number {
  const power = ['K', 'M', 'G', 'T'].indexOf(size.slice(-1).toUpperCase()) + 1
  return Number.parseInt(size, 10) * 1024 ** power
}
