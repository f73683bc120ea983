import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Authority, type Lab, type LabHost, openAuthority, openLab } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { certify, HERE, THERE } from './certified.ts'
import {
  ALPHA,
  BETA,
  beatsOn,
  ferry,
  guestsOn,
  isWhole,
  leftOn,
  NOTHING,
  reportIn,
  startBeating,
  stop,
  stopAll,
  untilNothingOn,
  WHOLE,
} from './lab-guest.ts'
import { tapWire } from './wire.ts'

let lab: Lab
let authority: Authority
beforeAll(async () => {
  ;[lab, authority] = await Promise.all([openLab(), openAuthority()])
})
afterEach(async () => {
  await stopAll(lab)
  await Promise.all(
    [lab.alpha, lab.beta].map(({ run }) => rm(join(run, 'pki'), { recursive: true, force: true })),
  )
})
afterAll(async () => {
  await lab?.close()
  await authority?.[Symbol.asyncDispose]()
})

const certified = (): Promise<void> => certify(lab, authority)

async function keyed(key: (host: string) => string): Promise<void> {
  for (const { name, run } of [lab.alpha, lab.beta]) {
    await mkdir(join(run, 'pki'))
    await writeFile(join(run, 'pki', 'keys.psk'), `qemu:${key(name)}\n`, { mode: 0o600 })
  }
}

const KEY = /c0ffee|PRIVATE/
const KINDS = { certificates: certified, 'a shared key': () => keyed(() => 'c0ffee'.repeat(10)) }
const WAYS = (['certificates', 'a shared key'] as const).flatMap((kind) =>
  [1, 4].map((count) => [kind, count] as const),
)

test.each(WAYS)(
  'a guest moves by tls with %s over %i connections, and nobody on the wire can read it',
  async (kind, connections) => {
    await KINDS[kind]()
    const secret = `serial-${randomBytes(8).toString('hex')}`
    using watch = await startBeating(lab, { name: 'web1', extra: ['-smbios', `type=1,serial=${secret}`] })
    {
      await using wire = await tapWire(lab)
      const options = ['--live', '--connections', String(connections)]
      const way = `tls://${wire.place}`
      const { code, last, lines } = await ferry(lab, 'migrate', HERE, 'web1', THERE, ...options, '--uri', way)
      expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
      const carried = wire.heard(secret)
      expect(carried).toMatchObject({ connections: connections === 1 ? 1 : connections + 1, found: false })
      expect(carried.bytes).toBeGreaterThan(reportIn(last).bytes * 0.95)
      expect(JSON.stringify(lines)).not.toMatch(KEY)
      expect(await keysIn([lab.controller, lab.alpha, lab.beta])).toBe('')
      await beatsOn(watch, lab.beta)

      // back without encryption, from a QEMU that was the server: nothing of TLS is left in it
      expect((await ferry(lab, 'migrate', BETA, 'web1', ALPHA, '--live', '--uri', 'tcp://alpha')).code).toBe(
        0,
      )
      await beatsOn(watch, lab.alpha)
      // and there once more, so that the same watch is seen to find the words
      const plain = await ferry(
        lab,
        'migrate',
        ALPHA,
        'web1',
        BETA,
        ...options,
        '--uri',
        `tcp://${wire.place}`,
      )
      expect(plain.code).toBe(0)
      expect(wire.heard(secret).found).toBe(true)
      await beatsOn(watch, lab.beta)
    }
    expect(isWhole(watch.report())).toEqual(WHOLE)
    await stop(lab, BETA, 'web1')
    expect([await untilNothingOn(lab.alpha), await untilNothingOn(lab.beta)]).toEqual([NOTHING, NOTHING])
  },
)

test.each([
  ['keys that differ', 1, () => keyed((name) => (name === 'alpha' ? 'aa' : 'bb').repeat(20))],
  ['keys that differ', 4, () => keyed((name) => (name === 'alpha' ? 'aa' : 'bb').repeat(20))],
  ['a certificate that the target has revoked', 1, revoked],
  ['a certificate that the target has revoked', 4, revoked],
] as const)(
  '%s over %i connections are found out when they meet: rolled back, with the words of both',
  async (_what, connections, given) => {
    await given()
    using watch = await startBeating(lab, { name: 'web1' })
    const options = ['--live', '--connections', String(connections), '--uri', 'tls://beta']
    const { code, last } = await ferry(lab, 'migrate', HERE, 'web1', THERE, ...options)
    expect(code).toBe(1)
    expect(last).toMatchObject({
      outcome: 'rolledBack',
      error: {
        code: 'VM_PHASE_FAILED',
        phase: 'perform',
        guest: { source: 'running', target: 'none' },
        causes: [
          { host: 'alpha', words: expect.stringContaining('TLS') },
          { host: 'beta', words: expect.stringMatching(/TLS handshake failed|has been revoked/) },
        ],
      },
    })
    await beatsOn(watch, lab.alpha)
    expect(isWhole(watch.report())).toEqual(WHOLE)
    expect(await guestsOn(lab.beta)).toEqual([])
    expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
    expect((await leftOn(lab.alpha)).files.filter((file) => /outgoing|tunnel/.test(file))).toEqual([])

    // what was set for it is gone: the guest goes by the plain way
    expect((await ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live', '--uri', 'tcp://beta')).code).toBe(0)
    await beatsOn(watch, lab.beta)
  },
)

/** Files of vmferry, its journal among them, that have a key in them. */
async function keysIn(hosts: readonly LabHost[]): Promise<string> {
  const words = ['grep', '-rlE', '--devices=skip', KEY.source, '/run/state', '/run/vmferry']
  const found = await Promise.all(hosts.map((host) => host.exec(words)))
  return found.map(({ stdout }) => stdout).join('')
}

async function revoked(): Promise<void> {
  await certified()
  const [alpha, beta] = [lab.alpha, lab.beta].map(({ run }) => join(run, 'pki'))
  await authority.revoke(join(alpha ?? '', 'client-cert.pem'), join(beta ?? '', 'ca-crl.pem'))
}
