import { vmError } from '@vmferry/core/driver'
import { type BrokenDriver, briefly, broken, guestOn } from './broken-driver.ts'
import type { Scene, Tamper } from './tampered.ts'

/** Leaves the guest stopped if it is aborted when that phase was the last. */
const stoppedAfter =
  (phase: string) =>
  (scene: Scene): Tamper => {
    let last = ''
    const after =
      (name: string) =>
      <A extends unknown[], T>(next: (...words: A) => Promise<T>) =>
      async (...words: A): Promise<T> => {
        last = 'something else'
        const result = await next(...words)
        last = name
        return result
      }
    return {
      'source.begin': after('begin'),
      'target.prepare': after('prepare'),
      perform: after('perform'),
      ready: after('ready'),
      'hand-over': after('hand-over'),
      'source.abort':
        (next, { recalled }) =>
        async (reason, call) => {
          await next(reason, call)
          if (last === phase && !recalled && call.epoch === 1) briefly(scene, 'alpha', 'stopped')
        },
    }
  }

const PHASES = ['begin', 'prepare', 'perform', 'ready', 'hand-over']

export const brokenAborts: readonly BrokenDriver[] = [
  ...PHASES.map((phase) =>
    broken(
      `abort.after-${phase}`,
      `leaves the guest stopped when it is aborted after ${phase}`,
      stoppedAfter(phase),
    ),
  ),
  broken('abort.target-gone', 'leaves a copy at the target when it is aborted', ({ untilNextCall }) => ({
    'target.abort':
      (next, { host, recalled }) =>
      async (reason, call) => {
        const guest = guestOn(host)
        await next(reason, call)
        if (!guest || recalled) return
        host.guests.set(guest.name, guest)
        untilNextCall(() => host.guests.delete(guest.name))
      },
  })),
  broken('abort.target-stays-down', 'runs a target that is aborted', ({ world, untilNextCall }) => {
    let performed = false
    return {
      perform:
        (next) =>
        async (...words) => {
          const figures = await next(...words)
          performed = true
          return figures
        },
      'target.abort':
        (next, { host, recalled }) =>
        async (reason, call) => {
          const guest = guestOn(host)
          await next(reason, call)
          if (!guest || !performed || recalled) return
          host.guests.set(guest.name, guest)
          world.change(guest, 'running')
          untilNextCall(() => {
            world.change(guest, 'off')
            host.guests.delete(guest.name)
          })
        },
    }
  }),
  broken('abort.twice', 'cannot be aborted twice', () => ({
    'source.abort'(next) {
      let aborted = false
      return async (reason, call) => {
        if (aborted) throw vmError('VM_NOT_FOUND', 'there is no such migration')
        aborted = true
        return next(reason, call)
      }
    },
  })),
  broken('abort.no-leftovers', 'leaves something at the target when it is aborted', () => ({
    'target.abort':
      (next, { host }) =>
      async (reason, call) => {
        await next(reason, call)
        host.epochs.set('left', 1)
      },
  })),
  broken('abort.only-its-own', 'pauses other guests when it is aborted', ({ world }) => ({
    'target.abort':
      (next, { host }) =>
      async (reason, call) => {
        await next(reason, call)
        for (const guest of host.guests.values()) world.change(guest, 'paused')
      },
  })),
  broken('abort.again', 'keeps its hold of the guest after an abort', () => {
    let aborted = false
    let performed = false
    return {
      perform:
        (next) =>
        (...words) => {
          performed = true
          return next(...words)
        },
      'source.abort': (next) => async (reason, call) => {
        await next(reason, call)
        aborted = true
      },
      'source.begin':
        (next) =>
        async (...words) => {
          if (aborted && !performed) throw vmError('VM_BUSY', 'another migration holds it')
          return next(...words)
        },
    }
  }),
  broken('abort.target-crashed', 'cannot abort a target whose process is gone', () => {
    let performed = false
    return {
      perform:
        (next) =>
        (...words) => {
          performed = true
          return next(...words)
        },
      'target.abort':
        (next, { host }) =>
        async (reason, call) => {
          if (guestOn(host)?.state === 'failed' && !performed)
            throw vmError('VM_PHASE_FAILED', 'its process is gone')
          return next(reason, call)
        },
    }
  }),
]
