import { deepStrictEqual } from 'node:assert/strict'
import type { HostRecord, Side } from '@vmferry/core/driver'
import { type Case, check, checkGuest } from '../case.ts'
import { crash } from '../crash.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { throughJson } from '../json-copy.ts'
import { abortableAfter, PHASED } from '../needs.ts'
import { receiver, sender } from '../surveys.ts'
import { countsOn, isGone } from '../watch.ts'
import { abort, arrived, type Begun, begin, confirmed, effects, handed, prepare } from '../way.ts'
import { expectState } from './inspect.ts'

export const recallCases: readonly Case[] = [
  check('recall.unknown', PHASED, 'a migration that a host never heard of is VM_NOT_FOUND', async (bench) => {
    const { id, effect } = effects(bench)
    await refusal(sender(bench.source).recall(id, effect()), 'source.recall of an unknown id', 'VM_NOT_FOUND')
    await refusal(
      receiver(bench.target).recall(id, effect()),
      'target.recall of an unknown id',
      'VM_NOT_FOUND',
    )
  }),

  checkGuest(
    'recall.record',
    PHASED,
    'what is recalled has its record: id, role, domain and request',
    async (bench) => {
      const way = await prepare(await begin(bench))
      const there = sender(await bench.takeOver('source'))
      expectRecord((await there.recall(way.id, way.effect())).record, way, 'source')
      const here = receiver(await bench.takeOver('target'))
      expectRecord((await here.recall(way.id, way.effect())).record, way, 'target')
    },
  ),

  checkGuest('recall.listed', PHASED, 'both hosts list a migration that is under way', async (bench) => {
    const { id } = await prepare(await begin(bench))
    for (const side of ['source', 'target'] as const) {
      const records = await (await bench.takeOver(side)).migrations(bench.call())
      const found = records.some(({ migration, role }) => migration === id && role === side)
      ensure(found, `the ${side} lists ${records.length} migrations, and not this one`)
    }
  }),

  checkGuest('recall.json', PHASED, 'records are JSON data', async (bench) => {
    await prepare(await begin(bench))
    const records = [
      ...(await bench.source.migrations(bench.call())),
      ...(await bench.target.migrations(bench.call())),
    ]
    deepStrictEqual(throughJson(records), records)
  }),

  checkGuest('recall.offer', PHASED, 'a source that is recalled has the offer of begin', async (bench) => {
    const { id, outgoing, effect } = await begin(bench)
    const { offer } = await sender(await bench.takeOver('source')).recall(id, effect())
    deepStrictEqual(throughJson(offer), throughJson(outgoing.offer))
  }),

  checkGuest('recall.abort-target', PHASED, 'a target that is recalled can be aborted', async (bench) => {
    const { id, effect } = await prepare(await begin(bench))
    const half = await receiver(await bench.takeOver('target')).recall(id, effect())
    await half.abort('another controller asks for it', effect())
    await isGone(bench, 'target', GUEST)
  }),

  checkGuest(
    'recall.abort-source',
    [...PHASED, abortableAfter('perform')],
    'a source that is recalled after perform can be aborted: it runs again',
    async (bench) => {
      const { id, incoming, effect } = await arrived(bench)
      await incoming.abort('another controller asks for it', effect())
      const half = await sender(await bench.takeOver('source')).recall(id, effect())
      await half.abort('another controller asks for it', effect())
      await countsOn(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'recall.finish',
    PHASED,
    'a target that is recalled after hand over can be finished',
    async (bench) => {
      const { id, effect } = await handed(bench)
      const half = await receiver(await bench.takeOver('target')).recall(id, effect())
      await half.finish(effect())
      await countsOn(bench, 'target', GUEST)
    },
  ),

  checkGuest(
    'recall.confirm',
    PHASED,
    'a source that is recalled after finish can be confirmed',
    async (bench) => {
      const { id, incoming, effect } = await handed(bench)
      await incoming.finish(effect())
      const half = await sender(await bench.takeOver('source')).recall(id, effect())
      await half.confirm(effect())
      await isGone(bench, 'source', GUEST)
    },
  ),

  checkGuest(
    'recall.source-crashed',
    PHASED,
    'a source whose process is gone is recalled, and told to be gone',
    async (bench) => {
      const { id, effect } = await arrived(bench)
      await crash(bench, 'source')
      const half = await sender(await bench.takeOver('source')).recall(id, effect())
      expectState(await half.inspect(bench.call()), { run: 'gone' })
    },
  ),

  checkGuest(
    'recall.target-crashed',
    PHASED,
    'a target whose process is gone is recalled, and told to be gone',
    async (bench) => {
      const { id, effect } = await arrived(bench)
      await crash(bench, 'target')
      const half = await receiver(await bench.takeOver('target')).recall(id, effect())
      expectState(await half.inspect(bench.call()), { run: 'gone' })
    },
  ),

  checkGuest('recall.aborted', PHASED, 'neither host has an aborted migration on file', async (bench) => {
    await abort(await prepare(await begin(bench)))
    for (const connection of [bench.source, bench.target]) {
      const { length } = await connection.migrations(bench.call())
      ensure(length === 0, `${connection.uri.text} lists ${length} migrations`)
    }
  }),

  checkGuest('recall.confirmed', PHASED, 'the source has no confirmed migration on file', async (bench) => {
    await confirmed(bench)
    const { length } = await bench.source.migrations(bench.call())
    ensure(length === 0, `it lists ${length} migrations`)
  }),
]

function expectRecord(record: HostRecord, { id, request, effect }: Begun, side: Side): void {
  const { migration, role, domain, epoch } = record
  ensure(migration === id, `the ${side}'s record is of ${migration}, not ${id}`)
  ensure(role === side, `the role of the ${side} is '${role}'`)
  ensure(domain === GUEST, `the domain of the ${side}'s record is '${domain}'`)
  ensure(epoch === effect().epoch, `the epoch of the ${side}'s record is ${epoch}`)
  const uris = (ends: HostRecord['request']): string => `${ends.source.uri.text} ${ends.target.uri.text}`
  ensure(uris(record.request) === uris(request), `the ${side}'s record has the URIs ${uris(record.request)}`)
}
