import { expect, test } from 'vitest'
import { settled } from './fake-clock.ts'
import { begin, begun, performed, performing, refusal, type TwoHosts, twoHosts } from './two-hosts.ts'

/** Every number of steps of the event queue by which a second call may come after a first. */
const STEPS = Array.from({ length: 60 }, (_, steps) => steps)

async function later(steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) await Promise.resolve()
}

/** Two hosts whose links and timers take no time, so that a copy is nothing but steps. */
async function timeless(): Promise<TwoHosts> {
  const at = await twoHosts({ linkBytesPerSecond: Number.POSITIVE_INFINITY })
  Object.assign(at.clock, {
    schedule(_ms: number, callback: () => void) {
      queueMicrotask(callback)
      return () => {}
    },
  })
  return at
}

test.each([true, false])(
  'an abort at any step of the copying leaves the guest running, live: %s',
  async (live) => {
    const ends = new Set<string>()
    for (const steps of STEPS) {
      const at = await timeless()
      const { outgoing, incoming } = await begun(at, { live })
      const work = performing(at, outgoing, incoming)
      await later(steps)
      await outgoing.abort('a test', at.call)
      ends.add(
        await work.then(
          () => 'performed',
          () => 'stopped',
        ),
      )
      expect(at.world.host('default').domain('web1')).toMatchObject({ state: 'running', heldBy: null })
    }
    expect([...ends].toSorted()).toEqual(['performed', 'stopped'])
  },
)

test('a perform that comes while an abort is under way does not stop the guest afterwards', async () => {
  for (const steps of STEPS) {
    const at = await twoHosts()
    const { outgoing, incoming } = await begun(at)
    const ending = outgoing.abort('a test', at.call)
    await later(steps)
    const work = performing(at, outgoing, incoming)
    await ending
    await refusal(at.clock.until(work))
    expect(at.world.host('default').domain('web1')).toMatchObject({ state: 'running', heldBy: null })
  }
})

test('from the moment of a claim a finish of the old epoch changes nothing', async () => {
  for (const steps of STEPS) {
    const at = await twoHosts()
    const { outgoing, incoming } = await begun(at)
    await performed(at, outgoing, incoming)
    const stateAtClaim = whenClaimed(at)
    const claiming = at.there.claim('web1', 2, at.call)
    // waiting for nothing is a step too
    if (steps > 0) await later(steps - 1)
    await incoming.finish(at.call).catch(() => {})
    await claiming
    await settled()
    expect(at.world.host('beta').domain('web1')?.state).toBe(stateAtClaim())
  }
})

/** The target's state in the very step in which its host takes a new epoch. */
function whenClaimed({ world }: TwoHosts): () => string | undefined {
  const { epochs } = world.host('beta')
  let state: string | undefined
  const set = epochs.set.bind(epochs)
  epochs.set = (domain, epoch) => {
    state = world.host('beta').domain(domain)?.state
    return set(domain, epoch)
  }
  return () => state
}

test('no copy is ever left without its record when prepare and abort meet', async () => {
  for (const steps of STEPS) {
    const at = await twoHosts()
    const { offer } = await begin(at.here.source, at.request(), at.call)
    const stop = new AbortController()
    at.world.faults.add({ at: 'prepare', kind: 'hang', when: 'during' })
    const hanging = at.there.target.prepare(offer, at.request(), { ...at.call, signal: stop.signal })
    await settled()
    stop.abort()
    await refusal(hanging)
    const half = await at.there.target.recall('m-1', at.call)
    const ending = half.abort('a test', at.call)
    await later(steps)
    await at.there.target.prepare(offer, at.request(), at.call).catch(() => {})
    await ending
    const { guests, incoming } = at.world.host('beta')
    expect(guests.size).toBe(incoming.size)
  }
})
