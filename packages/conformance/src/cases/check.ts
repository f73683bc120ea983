import { deepStrictEqual } from 'node:assert/strict'
import { type Case, check, checkGuest } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { throughJson } from '../json-copy.ts'
import { PHASED, some } from '../needs.ts'
import { receiver, sender, surveys, transportOf } from '../surveys.ts'
import { countsOn, leavesOnly } from '../watch.ts'
import { begin } from '../way.ts'

export const checkCases: readonly Case[] = [
  check(
    'check.no-effect',
    PHASED,
    'a check leaves no trace on either host, and the guest runs on',
    async (bench) => {
      const { stage } = bench
      await stage.start('source', GUEST, 'running')
      const [source, target] = [await stage.traces('source'), await stage.traces('target')]
      await surveys(bench)
      await leavesOnly(bench, 'source', source)
      await leavesOnly(bench, 'target', target)
      await countsOn(bench, 'source', GUEST)
    },
  ),

  checkGuest('check.digest', PHASED, 'the digest is the same while the facts are', async (bench) => {
    const [one, two] = [await surveys(bench), await surveys(bench)]
    ensure(one.sent.digest === two.sent.digest, 'the source’s digest differs for the same facts')
    ensure(one.received.digest === two.received.digest, 'the target’s digest differs for the same facts')
  }),

  checkGuest(
    'check.epoch',
    PHASED,
    'a survey that tells an epoch tells the one that its host holds',
    async (bench) => {
      const before = await surveys(bench)
      await bench.source.claim(GUEST, 7, bench.call())
      await bench.target.claim(GUEST, 9, bench.call())
      const after = await surveys(bench)
      const told = [before.sent, before.received, after.sent, after.received].map(({ epoch }) => epoch)
      if (told.every((epoch) => epoch === undefined)) return 'it tells none'
      for (const [at, holds] of [0, 0, 7, 9].entries())
        ensure(told[at] === undefined || told[at] === holds, `${told[at]} is told where ${holds} is held`)
      return undefined
    },
  ),

  checkGuest('check.json', PHASED, 'surveys are JSON data, the draft of the offer too', async (bench) => {
    const { sent, received } = await surveys(bench)
    deepStrictEqual(throughJson([sent, received]), [sent, received])
  }),

  checkGuest('check.offer', PHASED, 'the offer describes the guest', async (bench) => {
    const { domain, runState, memoryBytes, uuid, stream } = (await surveys(bench)).sent.offer
    const found = await bench.source.domain(GUEST, bench.call())
    ensure(domain === GUEST, `its domain is '${domain}'`)
    ensure(runState === 'running', `its run state is '${runState}', and the guest runs`)
    ensure(memoryBytes > 0, `it has ${memoryBytes} bytes of memory`)
    ensure(bench.capabilities.streams.includes(stream), `its stream '${stream}' is not one of the manifest`)
    ensure(uuid === found.uuid, `its uuid is ${uuid}, that of the domain is ${found.uuid}`)
  }),

  checkGuest(
    'check.transports',
    [...PHASED, some('uriTransports')],
    'each transport that is offered is one of the manifest, with why',
    async (bench) => {
      const { sent, received } = await surveys(bench)
      const { uriTransports } = bench.capabilities
      for (const { name, why } of [...sent.transports, ...received.transports]) {
        ensure(
          uriTransports.includes(name),
          `'${name}' is offered, the manifest has ${uriTransports.join(', ')}`,
        )
        ensure(why.trim() !== '', `'${name}' is offered without why`)
      }
    },
  ),

  checkGuest(
    'check.measure',
    PHASED,
    'what is measured is JSON data, each figure that is missing has a reason, and nothing is changed by it',
    async (bench) => {
      const source = sender(bench.source)
      if (!source.measure) return 'it measures nothing'
      const wish = { live: bench.capabilities.live }
      const { sent, received } = await surveys(bench, wish)
      const request = { ...bench.request(wish), transport: transportOf(bench.request(wish), sent, received) }
      const traces = [await bench.stage.traces('source'), await bench.stage.traces('target')] as const
      const measured = await source.measure(throughJson(sent.offer), request, bench.call())
      deepStrictEqual(throughJson(measured), measured)
      const { dirtyBytesPerSecond, linkBytesPerSecond, maxDowntime, unknown } = measured
      const figures = { dirtyBytesPerSecond, linkBytesPerSecond }
      for (const [name, figure] of Object.entries(figures))
        ensure(figure === null || figure >= 0, `${name} is ${figure}`)
      const missing = Object.values(figures).filter((figure) => figure === null)
      ensure(
        unknown.length >= missing.length,
        `${missing.length} figures are null, and ${unknown.length} reasons given`,
      )
      ensure(maxDowntime > 0, `the longest downtime is ${maxDowntime} ms`)
      await leavesOnly(bench, 'source', traces[0])
      await leavesOnly(bench, 'target', traces[1])
      await countsOn(bench, 'source', GUEST)
    },
  ),

  check('check.unknown', PHASED, 'a domain that is not there is VM_NOT_FOUND', async (bench) => {
    await refusal(
      sender(bench.source).check(GUEST, bench.request(), bench.call()),
      'check of a domain that is not there',
      'VM_NOT_FOUND',
    )
  }),

  checkGuest('check.busy', PHASED, 'a domain that another migration holds is VM_BUSY', async (bench) => {
    await begin(bench)
    await refusal(
      sender(bench.source).check(GUEST, bench.request(), bench.call()),
      'check of a held domain',
      'VM_BUSY',
    )
  }),

  checkGuest(
    'check.name-taken',
    PHASED,
    'a name that is taken at the target is a blocker VM_EXISTS',
    async (bench) => {
      await bench.stage.start('target', GUEST, 'running')
      const { offer } = await sender(bench.source).check(GUEST, bench.request(), bench.call())
      const { findings } = await receiver(bench.target).check(offer, bench.request(), bench.call())
      const found = findings.find(({ severity, error }) => severity === 'blocker' && error === 'VM_EXISTS')
      ensure(found !== undefined, 'the target’s check has no blocker with the error VM_EXISTS')
      ensure(found.side === 'target', `the finding is at the ${found.side}`)
    },
  ),
]
