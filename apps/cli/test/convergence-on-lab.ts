import { type Lab, openLab } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ALPHA, BETA, beatsOn, ferry, isWhole, type Line, startBeating, stopAll, WHOLE } from './lab-guest.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
})
afterEach(() => stopAll(lab))
afterAll(() => lab?.close())

/** Writes 41 MB in a second into 32 MiB: a link of 30 MB/s is never done with it, and needs it to stand still for a second. */
const HOT = { name: 'web1', ringMiB: 32, fillMiB: 16, pagesPerTick: 40 } as const

/** A link of 30 MB/s. */
const SLOW = ['--live', '--uri', 'tcp://beta', '--bandwidth', '240']

/** The warnings and their numbers. */
function warnings(lines: readonly Line[]): string[] {
  return lines
    .filter(({ type, code }) => type === 'warning' && code !== 'plaintext' && code !== 'writes-missed')
    .map(({ code, message }) => `${String(code)} ${/for (\d+) ms/.exec(String(message))?.[1] ?? ''}`.trim())
}

test('a guest that writes faster than the link carries may stand still for longer, step by step', async () => {
  using watch = await startBeating(lab, HOT)
  const { code, lines } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...SLOW, '--max-downtime', '9000')
  expect(code).toBe(0)
  const steps = warnings(lines)
  expect(steps.length).toBeGreaterThan(0)
  const doubled = ['600', '1200', '2400', '4800', '9000'].map((ms) => `downtime-raised ${ms}`)
  expect(steps).toEqual(doubled.slice(0, steps.length))
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})

test('without a longer downtime the user is told once what may help, and suspending it at the time limit does', async () => {
  using watch = await startBeating(lab, HOT)
  const late = ['--timeout', '8', '--timeout-action', 'suspend']
  const { code, lines, stderr } = await ferry(lab, 'migrate', ALPHA, 'web1', BETA, ...SLOW, ...late)
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'after 8 s: the guest stands still until it is there\n',
  })
  expect(warnings(lines)).toEqual(['not-converging'])
  await beatsOn(watch, lab.beta)
  expect(isWhole(watch.report())).toEqual(WHOLE)
})
