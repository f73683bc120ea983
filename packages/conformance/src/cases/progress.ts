import type { Progress, TransferProgress } from '@vmferry/core/driver'
import type { Bench, Wish } from '../bench.ts'
import { type Case, check, checkGuest } from '../case.ts'
import { ensure } from '../ensure.ts'
import { GUEST, slowly } from '../guest.ts'
import { moved } from '../moved.ts'
import { MIGRATES, PHASED, says } from '../needs.ts'

const BYTES = [...MIGRATES, says('progress', 'bytes')]
const COARSE = [...MIGRATES, says('progress', 'coarse')]
const TOLD = [...MIGRATES, says('progress', 'bytes', 'coarse')]

export const progressCases: readonly Case[] = [
  checkGuest('progress.optional', MIGRATES, 'a migration that nobody listens to goes on', async (bench) => {
    await moved(bench, {}, null)
  }),

  check('progress.told', COARSE, 'progress is told', async (bench) => {
    const events = await transfers(bench)
    ensure(events.length > 0, 'not one event of the type transfer')
  }),

  check('progress.rises', TOLD, 'bytes and rounds never fall', async (bench) => {
    const events = await transfers(bench)
    for (const [at, { bytes, round }] of events.entries()) {
      const before = events[at - 1]
      ensure(bytes >= (before?.bytes ?? 0), `${before?.bytes} bytes, then ${bytes}`)
      ensure(round >= (before?.round ?? 1), `round ${before?.round}, then ${round}`)
    }
  }),

  check(
    'progress.whole',
    TOLD,
    'figures are whole numbers, and the size of the whole is known',
    async (bench) => {
      for (const { bytes, remainingBytes, totalBytes } of await transfers(bench)) {
        const whole = [bytes, remainingBytes, totalBytes].every(
          (value) => Number.isSafeInteger(value) && value >= 0,
        )
        ensure(whole, `bytes ${bytes}, remainingBytes ${remainingBytes}, totalBytes ${totalBytes}`)
        ensure(totalBytes > 0, 'totalBytes is 0')
      }
    },
  ),

  check('progress.ends', BYTES, 'the last event says that nothing remains', async (bench) => {
    const last = (await transfers(bench)).at(-1)
    ensure(last?.remainingBytes === 0, `the last event says that ${last?.remainingBytes} bytes remain`)
  }),

  check('progress.moves', BYTES, 'bytes are told while they move, not only at the end', async (bench) => {
    const events = await transfers(bench, slowly(bench))
    const partial = events.some(({ bytes }) => bytes > 0 && bytes < bench.stage.guestBytes)
    ensure(partial, `${events.length} events, and none while the guest was half sent`)
  }),

  checkGuest('progress.stopped', PHASED, 'perform tells when the guest has stopped, once', async (bench) => {
    const events: Progress[] = []
    await moved(bench, { live: bench.capabilities.live }, (event) => {
      events.push(event)
    })
    const { length } = events.filter(({ type }) => type === 'stopped')
    ensure(length === 1, `it is told ${length} times; the downtime starts there`)
  }),

  check(
    'progress.silent',
    [...MIGRATES, says('progress', 'none')],
    'a driver that declares no progress tells none',
    async (bench) => {
      const { length } = await transfers(bench)
      ensure(length === 0, `${length} events were told: declare progress as coarse or bytes`)
    },
  ),
]

/** All transfer events of a move. */
async function transfers(bench: Bench, wish: Wish = {}): Promise<readonly TransferProgress[]> {
  await bench.stage.start('source', GUEST, 'running')
  const events: TransferProgress[] = []
  await moved(bench, { live: bench.capabilities.live, ...wish }, (event) => {
    if (event.type === 'transfer') events.push(event)
  })
  return events
}
