import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { hostKeyPolicy, parseKnownHosts, ssh } from '@vmferry/host'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { makeKey, sshUri } from '../../../host/test/real-sshd.ts'
import { canary } from './canary.ts'
import { anyWord } from './words.ts'

const bird = canary()
makeKey(`${bird.folder}/key`)
const [TYPE = '', BASE64 = ''] = readFileSync(`${bird.folder}/key.pub`, 'utf8').split(' ')
const key = Buffer.from(BASE64, 'base64')
const file = '/known_hosts'

/** Whether a host of that name may show that key. */
function accepted(text: string, host: string): boolean {
  const entries = parseKnownHosts(text, file)
  const refusal = hostKeyPolicy(entries, { host, port: 22, alias: null, place: host, file }).judge(key)
  if (refusal !== null) expect(refusal).toMatchObject({ code: 'VM_REFUSED', remedy: expect.any(String) })
  return refusal === null
}

describe('a known_hosts file that is not what it should be', () => {
  test.each([
    ['nothing', ''],
    ['a key without a host', `${TYPE} ${BASE64}`],
    ['a key cut short', `alpha ${TYPE} ${BASE64.slice(0, 40)}`],
    ['a key of another type than it says', `alpha ssh-rsa ${BASE64}`],
    ['an unknown type', `alpha ssh-magic ${BASE64}`],
    ['an unknown marker', `@trusted alpha ${TYPE} ${BASE64}`],
    ['a revoked key', `@revoked alpha ${TYPE} ${BASE64}`],
    ['a revoked key that is also on file', `alpha ${TYPE} ${BASE64}\n@revoked * ${TYPE} ${BASE64}`],
    ['an authority', `@cert-authority alpha ${TYPE} ${BASE64}`],
    ['another host', `beta ${TYPE} ${BASE64}`],
    ['a longer name', `xalpha,alphax,alpha.example ${TYPE} ${BASE64}`],
    ['a pattern that excludes it', `*,!alpha ${TYPE} ${BASE64}`],
    ['a hash of nothing', `|1|| ${TYPE} ${BASE64}`],
    ['a hash of another kind', `|2|AAAA|AAAA ${TYPE} ${BASE64}`],
    ['a regular expression', `.*,^alpha$,al(pha)?,[a-z]+ ${TYPE} ${BASE64}`],
    ['a comment', `# alpha ${TYPE} ${BASE64}`],
    ['a NUL in the name', `alpha\0 ${TYPE} ${BASE64}`],
    ['a name that only looks alike', `аlphа ${TYPE} ${BASE64}`],
    ['a carriage return instead of a line end', `#\ralpha ${TYPE} ${BASE64}`],
  ])('%s does not let the host in', (_, text) => {
    expect(accepted(text, 'alpha')).toBe(false)
    expect(accepted(`${text}\nalpha ${TYPE} ${BASE64}\n`, 'alpha')).toBe(!text.includes('@revoked'))
  })

  test('a pattern of many stars is decided at once', () => {
    const started = performance.now()
    const name = 'a'.repeat(250)
    expect(accepted(`${'*a'.repeat(120)}*b ${TYPE} ${BASE64}`, name)).toBe(false)
    expect(accepted(`${'*a?'.repeat(60)}* ${TYPE} ${BASE64}`, name)).toBe(true)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('5,000 generated files let in only whoever has the key on a line of his own', () => {
    const field = fc.oneof(
      anyWord('/canary'),
      fc.constantFrom('beta', '*.org', '|1|AAAA|AAAA', '@revoked', '#'),
    )
    const line = fc.oneof(
      fc
        .tuple(field, fc.constantFrom(TYPE, 'ssh-rsa', ''), fc.constantFrom(BASE64, 'AAAA', ''))
        .map((parts) => parts.join(' ')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    )
    const lines = fc.array(line, { maxLength: 8 }).map((all) => all.join('\n'))
    fc.assert(
      fc.property(lines, (text) => {
        // A name that no generated line can hold, whatever pattern it has.
        const open = text.split('\n').some((one) => /[*?]/.test(one))
        if (accepted(text, 'gate-7.example.test') && !open) throw new Error('it was let in')
      }),
      { numRuns: 5000 },
    )
    expect(accepted(`gate-7.example.test ${TYPE} ${BASE64}`, 'gate-7.example.test')).toBe(true)
  })
})

describe('a server that is no sshd', () => {
  const open: (Server | Socket)[] = []
  afterEach(() => {
    for (const one of open.splice(0)) {
      if ('destroy' in one) one.destroy()
      else one.close()
    }
  })

  async function serve(talk: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      open.push(socket)
      socket.on('error', () => {})
      talk(socket)
    })
    open.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  const connect = (port: number): Promise<unknown> =>
    ssh({ config: null, knownHosts: [], identities: [], agent: null, connectTimeout: 1000 })
      .open(sshUri('127.0.0.1', port), { signal: new AbortController().signal })
      .catch((error: unknown) => error)

  test.each<[string, (socket: Socket) => void]>([
    ['a banner of 1 MB', (socket) => socket.write('x'.repeat(2 ** 20))],
    ['a banner of many lines', (socket) => socket.write('not yet\r\n'.repeat(100_000))],
    ['bytes without meaning', (socket) => socket.write(Buffer.alloc(100_000, 0xff))],
    [
      'a packet of 4 GB',
      (socket) => socket.write(Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(64, 0xff)])),
    ],
    ['an old protocol', (socket) => socket.write('SSH-1.5-old\r\n')],
    ['HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'one byte at a time',
      (socket) => {
        const drip = setInterval(() => socket.write('S'), 20)
        socket.on('close', () => clearInterval(drip))
      },
    ],
  ])('%s is given up in time, with a code', async (_, talk) => {
    const started = performance.now()
    const outcome = await connect(await serve(talk))
    expect(outcome).toMatchObject({
      kind: 'vmferry.error',
      code: expect.stringMatching(/^VM_(CONNECTION|PROTOCOL|TIMEOUT|REFUSED)$/),
    })
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
