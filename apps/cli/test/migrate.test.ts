import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonLines, vmferry, vmferryIn, type World } from './command.ts'

const WAY = ['migrate', 'test:///default', 'web1', 'test:///other', '--live']
const JSON_WAY = [...WAY, '--json']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmferry-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A world whose guest is still being copied when the test is over. */
const SLOW: World = { bytesPerSecond: 200_000 }
const QUICK: World = { bytesPerSecond: 1e8 }
const AFTER_COMMIT = '"phase-start","phase":"finish"'

describe('a migration', () => {
  test('is exit code 0, its events are JSON lines in order, the outcome is the last', async () => {
    const { code, stdout, stderr } = await vmferry([...JSON_WAY, '--rename', 'web2', '--bandwidth', '2000'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const events = jsonLines(stdout)
    expect(events.map(({ seq }) => seq)).toEqual([...events.keys()])
    for (const { at, migration } of events) {
      expect(new Date(at as string).toISOString()).toBe(at)
      expect(migration).toBe(events[0]?.['migration'])
    }
    expect(events.at(-1)).toMatchObject({
      type: 'migration-complete',
      outcome: 'migrated',
      driver: 'test',
      domain: 'web2',
    })
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['migration-start', 'phase-start', 'phase-end', 'progress', 'switchover']),
    )
  })

  test('on a pipe is plain lines without an escape sequence', async () => {
    const { code, stdout, stderr } = await vmferry(WAY, { env: { FORCE_COLOR: '1' } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\r')
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^migrated: web1 is now on test:\/\/\/other, downtime /,
    )
  })

  test.each([
    ['failed and was rolled back', 1, [{ at: 'ready', kind: 'fail' }], 'rolledBack', 'running'],
    ['is in doubt', 3, [{ at: 'finish', kind: 'crash', when: 'during' }], 'inDoubt', 'stopped'],
    ['is lost', 4, [{ at: 'perform', kind: 'crash', side: 'source', when: 'during' }], 'lost', 'none'],
  ])('that %s is exit code %i', async (_, code, faults, outcome, source) => {
    const world = { bytesPerSecond: 1e8, faults }
    const json = await vmferryIn(world, JSON_WAY).ended
    expect(json).toMatchObject({ code, stderr: '' })
    const last = jsonLines(json.stdout).at(-1)
    expect(last).toMatchObject({ type: 'migration-complete', outcome, error: { guest: { source } } })
    const text = await vmferryIn(world, WAY).ended
    expect(text.code).toBe(code)
    expect(text.stderr).toMatch(
      new RegExp(`^VM_[A-Z_]+ in [a-z-]+ on \\S+: .*\nguest: ${source} on source, `),
    )
    expect(text.stderr).toMatch(/^next: /m)
  })

  test('goes on when a driver throws where nobody listens', async () => {
    const { code, stdout, stderr } = await vmferryIn({ ...QUICK, stray: 'prepare' }, JSON_WAY).ended
    expect(code).toBe(0)
    expect(jsonLines(stdout).at(-1)).toMatchObject({ outcome: 'migrated' })
    expect(stderr).toContain('VM_PROTOCOL: stray')
    expect(stderr).not.toContain('    at ')
  })

  test('is not begun when a driver throws where nobody listens before it', async () => {
    const hanging: World = { stray: 'connect', faults: [{ at: 'connect', kind: 'hang', times: 2 }] }
    const { code, stdout } = await vmferryIn(hanging, JSON_WAY).ended
    expect(code).toBe(1)
    expect(jsonLines(stdout)).toMatchObject([{ type: 'error', error: { message: 'stray' } }])
  })

  test('that takes longer than --timeout is cancelled, exit code 1', async () => {
    const { code, stdout } = await vmferryIn(SLOW, [...JSON_WAY, '--timeout', '0.2']).ended
    expect(code).toBe(1)
    expect(jsonLines(stdout).at(-1)).toMatchObject({
      outcome: 'rolledBack',
      error: { code: 'VM_ABORTED', guest: { source: 'running', target: 'none' } },
    })
  })
})

describe('a migration that takes longer than --timeout with the action suspend', () => {
  test('is copied to its end while the guest stands still', async () => {
    const suspended = vmferryIn({ bytesPerSecond: 20_000_000 }, [
      ...JSON_WAY,
      '--timeout',
      '0.2',
      '--timeout-action',
      'suspend',
    ])
    const { code, stdout, stderr } = await suspended.ended
    expect(stderr).toBe('after 0.2 s: the guest stands still until it is there\n')
    expect(code).toBe(0)
    const { report } = jsonLines(stdout).at(-1) as { report: { downtimeMs: number; totalMs: number } }
    expect(report.downtimeMs).toBeGreaterThan(report.totalMs / 2)
  })
})

describe('a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s half-way rolls back, on a pipe too: exit code %i', async (signal, code) => {
    const running = vmferryIn(SLOW, JSON_WAY)
    await running.seen('"type":"progress"')
    running.child.kill(signal)
    const ended = await running.ended
    expect(ended).toMatchObject({ code, signal: null })
    expect(ended.stderr).toContain(`${signal}: cancelling, the guest stays on the source\n`)
    expect(jsonLines(ended.stdout).at(-1)).toMatchObject({
      outcome: 'rolledBack',
      error: { code: 'VM_ABORTED', guest: { source: 'running', target: 'none' } },
    })
  })

  test('while it connects ends the attempt', async () => {
    const hanging = { announce: true, faults: [{ at: 'connect', kind: 'hang', times: 2 }] } as const
    const running = vmferryIn(hanging, JSON_WAY)
    await running.seen('connecting')
    running.child.kill('SIGINT')
    const { code, signal, stdout } = await running.ended
    expect({ code, signal }).toEqual({ code: 130, signal: null })
    expect(jsonLines(stdout)).toMatchObject([{ type: 'error', error: { code: 'VM_ABORTED' } }])
  })

  test('after the commit is told that it is too late, as often as it comes, and the outcome counts', async () => {
    const gate = join(folder, 'late')
    const running = vmferryIn({ gate }, JSON_WAY)
    await running.seen(AFTER_COMMIT)
    running.child.kill('SIGINT')
    await running.seen('SIGINT: too late to cancel, finishing\n')
    running.child.kill('SIGTERM')
    await running.seen('SIGTERM: too late to cancel, finishing\n')
    await writeFile(gate, '')
    const { code, stdout, stderr } = await running.ended
    expect(code).toBe(0)
    expect(jsonLines(stdout).at(-1)).toMatchObject({ outcome: 'migrated' })
    expect(stderr).not.toContain('cancelling')
  })

  test('that is repeated until the process has ended does not hurry the roll-back', async () => {
    const running = vmferryIn(SLOW, JSON_WAY)
    await running.seen('"type":"progress"')
    const again = setInterval(() => running.child.kill('SIGINT'), 1)
    const { code, signal, stdout } = await running.ended
    clearInterval(again)
    expect({ code, signal }).toEqual({ code: 130, signal: null })
    expect(jsonLines(stdout).at(-1)).toMatchObject({ outcome: 'rolledBack' })
  })
})

describe('a reader of stdout', () => {
  test.each([['--json'], ['--live']])('that goes away does not end the migration (%s)', async (option) => {
    const gate = join(folder, `reader${option}`)
    const running = vmferryIn({ gate }, [...WAY, option])
    await running.seen('finish')
    running.child.stdout?.destroy()
    await writeFile(gate, '')
    expect(await running.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  test('that goes away does not turn a failure into a success', async () => {
    const running = vmferryIn({ ...SLOW, faults: [{ at: 'perform', kind: 'fail' }] }, JSON_WAY)
    running.child.stdout?.destroy()
    expect(await running.ended).toMatchObject({ code: 1, signal: null })
  })
})
