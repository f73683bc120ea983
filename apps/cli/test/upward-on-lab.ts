import { giveQemu, openLab, qemuRelease, qemuSeries } from '@vmferry/lab'
import { expect, onTestFinished, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  ferry,
  isWhole,
  NOTHING,
  startBeating,
  stop,
  untilNothingOn,
  WHOLE,
} from './lab-guest.ts'

test(`a guest moves from QEMU ${qemuSeries.join(' to ')}, and keeps its machine`, async () => {
  const lab = await openLab()
  onTestFinished(() => lab.close())
  const [oldest, next, newest] = await Promise.all(qemuSeries.map((series) => qemuRelease(series)))
  if (!oldest || !next || !newest) throw new Error('there are three releases')
  const steps = [
    { from: ALPHA, to: BETA, old: lab.alpha, host: lab.beta, release: next },
    { from: BETA, to: ALPHA, old: lab.beta, host: lab.alpha, release: newest },
  ]
  await giveQemu(lab.alpha, oldest)
  using watch = await startBeating(lab, { name: 'web1' })
  for (const { from, to, old, host, release } of steps) {
    await giveQemu(host, release)
    const { code, last } = await ferry(lab, 'migrate', from, 'web1', to, '--live')
    expect({ code, last }).toMatchObject({ code: 0, last: { outcome: 'migrated' } })
    await beatsOn(watch, host)
    expect(isWhole(watch.report())).toEqual(WHOLE)
    expect(await untilNothingOn(old)).toEqual(NOTHING)
    const [guest] = await host.processes('-name web1')
    expect(guest?.argv).toContain('pc-i440fx-7.2')
    expect(await host.exec(['qemu-system-x86_64', '--version'])).toMatchObject({
      stdout: expect.stringContaining(release.version),
    })
  }
  expect(watch.report().handOvers).toMatchObject([
    { from: 'alpha', to: 'beta', lostTicks: 0 },
    { from: 'beta', to: 'alpha', lostTicks: 0 },
  ])
  expect(await stop(lab, ALPHA, 'web1')).toBe(0)
}, 300_000)
