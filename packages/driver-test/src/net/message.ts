import { vmError } from '@vmferry/core/driver'

/** Number of the protocol: both ends must have the same. */
const VERSION = 1

/** One line of the protocol. */
export type Message = Readonly<Record<string, unknown>>

/** The first line of a connection, in either direction. */
export function greeting(more: object): string {
  return JSON.stringify({ 'vmferry-test': VERSION, ...more })
}

/** Reads a line. VM_PROTOCOL if it is no JSON object. */
export function messageOf(line: string): Message {
  let message: unknown = null
  try {
    message = JSON.parse(line)
  } catch {
    // told below, with the line
  }
  if (typeof message === 'object' && message !== null && !Array.isArray(message)) return message as Message
  throw vmError('VM_PROTOCOL', `the other end does not speak the protocol of test hosts: ${shown(line)}`, {
    remedy: 'look whether a vmferry-test-host listens there',
  })
}

/** Reads the first line. VM_PROTOCOL also for another version of the protocol. */
export function greetingOf(line: string): Message {
  const message = messageOf(line)
  const version = message['vmferry-test']
  if (version === VERSION) return message
  const spoken = version === undefined ? 'no version' : `version ${shown(JSON.stringify(version))}`
  throw vmError(
    'VM_PROTOCOL',
    `the other end speaks ${spoken} of the protocol of test hosts, not ${VERSION}`,
    {
      remedy: 'install one version of @vmferry/driver-test at both ends',
    },
  )
}

/** Somebody else's words, short and without control characters. */
function shown(words: string): string {
  const plain = words.slice(0, 60).replaceAll(/[^ -~]/g, '?')
  return `'${plain}${words.length > 60 ? '…' : ''}'`
}
