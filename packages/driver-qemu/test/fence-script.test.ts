import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ENDED, fenceScript } from '@vmferry/fence'
import { expect, onTestFinished, test } from 'vitest'
import { NO_MONITOR, QEMU_VERBS } from '../src/fence/verbs.ts'
import { fakeFenceMonitor } from './fake-fence-monitor.ts'

const FENCE = fenceScript(QEMU_VERBS.script)

const LOCKED = { error: { class: 'GenericError', desc: 'Failed to get "write" lock' } }

/** Runs the fence with steps against a QEMU that answers so, and says how that ended. */
async function played(
  answers: Readonly<Record<string, object>>,
  marked: boolean,
  ...steps: readonly string[]
) {
  const folder = mkdtempSync(join(tmpdir(), 'vmferry-fence-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const monitor = fakeFenceMonitor(folder, answers)
  onTestFinished(() => monitor.close())
  const mark = join(folder, 'may-have-run')
  if (marked) writeFileSync(mark, '')
  const script = spawn('sh', ['-c', FENCE, 'sh', join(folder, '.claims'), 'web1', folder, ...steps])
  let stdout = ''
  script.stdout.on('data', (chunk) => (stdout += String(chunk)))
  script.stdin.end('1\n')
  const [code] = (await once(script, 'close')) as [number]
  const answered = [...stdout.matchAll(/"id": /g)].length
  return { code, answered, marked: existsSync(mark) }
}

/** Tells a guest to run, as `finish` does. */
async function finished(answers: Readonly<Record<string, object>>, marked: boolean) {
  const steps = ['mark', '', '', 'tell', '{"execute":"cont"}', '']
  const { answered: _answered, ...end } = await played(answers, marked, ...steps)
  return end
}

const problem = spawnSync('flock', ['--version']).error ? ' (flock is not installed)' : ''

test.skipIf(problem !== '')(
  `a copy that is told to run is marked first, and stays so${problem}`,
  async () => {
    expect(await finished({}, false)).toEqual({ code: 0, marked: true })
  },
)

test.skipIf(problem !== '')(`one that QEMU refuses to run has not run${problem}`, async () => {
  expect(await finished({ cont: LOCKED }, false)).toEqual({ code: ENDED.refused, marked: false })
})

test.skipIf(problem !== '')(`unless it was told before: then it may have${problem}`, async () => {
  expect(await finished({ cont: LOCKED }, true)).toEqual({ code: ENDED.refused, marked: true })
})

test.skipIf(problem !== '')(
  `a copy whose QEMU is there is marked, one whose QEMU is gone is not${problem}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmferry-fence-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const start =
      readFileSync(`/proc/${process.pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? ''
    const marking = (identity: string) => {
      writeFileSync(join(folder, 'process'), `${identity}\n`)
      const argv = [
        '-c',
        FENCE,
        'sh',
        join(folder, '.claims'),
        'web1',
        folder,
        'living',
        '',
        '',
        'mark',
        '',
        '',
      ]
      const { status, stdout } = spawnSync('sh', argv, { input: '1\n', encoding: 'utf8' })
      return { status, stdout, marked: existsSync(join(folder, 'may-have-run')) }
    }
    const unmarked = { status: ENDED.gone, stdout: `= ${ENDED.gone}\n`, marked: false }
    expect(marking(`${process.pid} ${Number(start) + 1} ${boot}`)).toEqual(unmarked)
    expect(marking(`4194304 ${start} ${boot}`)).toEqual(unmarked)
    expect(marking(`${process.pid} ${start} ${boot.replace(/./, 'x')}`)).toEqual(unmarked)
    expect(marking(`${process.pid} ${start} ${boot}`)).toEqual({ status: 0, stdout: '= 0\n', marked: true })
  },
)

test.skipIf(problem !== '')(
  `a guest whose folder has been removed is gone, one without its fence is not${problem}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmferry-fence-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const ask = (guest: string): number | null => {
      const argv = ['-c', FENCE, 'sh', join(folder, '.claims'), 'web1', guest, 'tell', '{}', '']
      return spawnSync('sh', argv, { input: '-\n' }).status
    }
    expect(ask(join(folder, 'moved-away'))).toBe(ENDED.gone)
    expect(ask(folder)).toBe(NO_MONITOR)
  },
)

test.skipIf(problem !== '')(
  `what QEMU may refuse is no reason to stop; what it must not is one${problem}`,
  async () => {
    const steps = ['{"execute":"object-del"}', '', 'tell', '{"execute":"stop"}', '']
    const refusing = { 'object-del': LOCKED }
    expect(await played(refusing, false, 'try', ...steps)).toMatchObject({ code: 0, answered: 2 })
    const refused = { code: ENDED.refused, answered: 1 }
    expect(await played(refusing, false, 'tell', ...steps)).toMatchObject(refused)
  },
)

test.skipIf(problem !== '')(
  `a QEMU without a fence is not taken for one that refuses${problem}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmferry-fence-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const steps = ['try', 'a', '{"execute":"stop","id":"a"}']
    const script = spawn('sh', ['-c', FENCE, 'sh', join(folder, '.claims'), 'web1', folder, ...steps])
    script.stdin.end('1\n')
    expect((await once(script, 'close'))[0]).toBe(NO_MONITOR)
  },
)
