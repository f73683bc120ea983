import { formatConnectionUri, isVmError, parseConnectionUri, parseMigrationUri } from '@vmferry/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAuthority } from '../../../core/src/edge/uri-authority.ts'
import { HOSTILE_URIS } from './uris.ts'
import { anyWord, words } from './words.ts'

/** What fast-check draws is a part of a URI; drawn once, parts are put together anew for each run: that is fast. */
function pool<T>(arbitrary: fc.Arbitrary<T>, size = 2000): readonly T[] {
  return fc.sample(arbitrary, size)
}

const word = pool(fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/))
const scheme = pool(fc.stringMatching(/^[a-z][a-z0-9+.-]{0,8}$/))
const user = pool(fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,12}$/)))
const label = fc.stringMatching(/^[A-Za-z]([A-Za-z0-9-]{0,5}[A-Za-z0-9])?$/)
const zone = fc.stringMatching(/^[a-z][a-z0-9.-]{0,7}$/)
const host = pool(
  fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')),
    fc.ipV4(),
    fc.ipV6(),
    fc.tuple(fc.ipV6(), zone).map((parts) => parts.join('%')),
  ),
)
const port = pool(fc.option(fc.integer({ min: 1, max: 65_535 })))
const plain = fc
  .oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), anyWord('/canary'))
  .filter((text) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) && text.length < 60)
const segment = plain.filter((text) => !text.includes('/') && text !== '.' && text !== '..')
const path = pool(
  fc.array(segment, { maxLength: 4 }).map((segments) => segments.map((text) => `/${text}`).join('')),
)
const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,8}$/)
const query = pool(fc.dictionary(key, plain, { maxKeys: 4, noNullPrototype: true }))

/** 100,000 times one of each pool, by numbers that the seed decides. */
function combinations(runs: number, work: (draw: <T>(from: readonly T[]) => T) => void): void {
  let [state] = fc.sample(fc.integer({ min: 1 }), 1)
  const draw = <T>(from: readonly T[]): T => {
    state = (Math.imul(state ?? 1, 1_103_515_245) + 12_345) & 0x7fffffff
    return from[(state >>> 8) % from.length] as T
  }
  for (let run = 0; run < runs; run++) work(draw)
}

const HERE = { transport: null, user: null, host: null, port: null }

describe('what is written as a URI is read as it was', () => {
  test('over 100,000 connection URIs', () => {
    const wrong: unknown[] = []
    combinations(100_000, (draw) => {
      const driver = draw(word)
      const far = { transport: draw(word), user: draw(user), host: draw(host), port: draw(port) }
      const parts = { driver, ...(draw([true, false]) ? far : HERE), path: draw(path), query: draw(query) }
      const text = formatConnectionUri(parts)
      const { text: _, ...read } = parseConnectionUri(text)
      const same =
        /^[!-~]+$/.test(text) &&
        read.driver === parts.driver &&
        read.transport === parts.transport &&
        read.user === parts.user &&
        read.host === parts.host &&
        read.port === parts.port &&
        read.path === parts.path &&
        JSON.stringify(read.query) === JSON.stringify(parts.query)
      if (!same) wrong.push({ text, parts })
    })
    expect(wrong).toEqual([])
  })

  test('over 100,000 migration URIs', () => {
    const wrong: unknown[] = []
    combinations(100_000, (draw) => {
      const bare = draw([true, false, false])
      const authority = { user: bare ? null : draw(user), host: draw(host), port: draw(port) }
      const parts = { transport: bare ? null : draw(scheme), ...authority, path: bare ? '' : draw(path) }
      const way = parts.path.split('/').map(encodeURIComponent).join('/')
      const text = `${parts.transport === null ? '' : `${parts.transport}://`}${formatAuthority(authority)}${way}`
      // A word that QEMU would take for a transport is refused on purpose.
      if (
        bare &&
        parts.port !== null &&
        /^(exec|fd|file|rdma|relay|ssh|tcp|tls|unix|vsock)$/.test(parts.host)
      )
        return
      const read = parseMigrationUri(text)
      const same =
        read.transport === parts.transport &&
        read.user === parts.user &&
        read.host === parts.host &&
        read.port === parts.port &&
        read.path === parts.path
      if (!same) wrong.push({ text, parts, read })
    })
    expect(wrong).toEqual([])
  })
})

describe('what is hostile is refused in one sentence of printable ASCII', () => {
  const refusal = (parse: (text: string) => unknown, text: string): unknown => {
    try {
      return { taken: parse(text) }
    } catch (error) {
      return error
    }
  }
  const refused = {
    code: 'VM_INVALID',
    message: expect.stringMatching(/^[ -~…]{1,2000}$/),
    remedy: expect.any(String),
  }

  test.each(HOSTILE_URIS.map((text) => [text.slice(0, 60), text] as const))(
    '%j as a connection URI',
    (_, text) => {
      expect(refusal(parseConnectionUri, text)).toMatchObject(refused)
    },
  )

  test('a hostile word in any place of a URI is refused, or comes back as it was and is no host, user or port', () => {
    const all = [...words('/tmp/canary'), ...fc.sample(anyWord('/tmp/canary'), 1000)]
    for (const bad of all) {
      for (const text of [
        `qemu+ssh://${bad}/system`,
        `qemu+ssh://${bad}@alpha/system`,
        `qemu+ssh://alpha:${bad}/system`,
        `${bad}:///system`,
        `qemu+${bad}://alpha/`,
        `qemu:///${bad}`,
        `qemu:///system?run=${bad}`,
        `qemu:///system?${bad}=x`,
        bad,
        `ssh://${bad}/`,
        `ssh://${bad}@beta`,
        `${bad}:4444`,
      ]) {
        for (const parse of [parseConnectionUri, parseMigrationUri]) {
          try {
            const read = parse(text)
            expect(`${read.host} ${read.user} ${read.port}`).toMatch(
              /^[A-Za-z0-9._:%+-]+ [A-Za-z0-9._+-]+ (\d+|null)$/,
            )
            expect(read.path.split('/')).not.toContain('..')
          } catch (error) {
            if (!isVmError(error, 'VM_INVALID')) throw error
            expect(error.message).toMatch(/^[ -~…]{1,2000}$/)
          }
        }
      }
    }
  })
})
