import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CONTENTS, contentsIn } from '../src/contents.ts'
import { ENDED } from '../src/ended.ts'
import { CLAIM, fenceScript, LAUNCH, PROCESSES, stayingAct, stayingScript } from '../src/script.ts'
import { arrive, drop, end, hold, keep, mark, remove, type Step } from '../src/step.ts'

const VERBS = `
do_run() { echo ran; }
do_refuse() { unmark; exit ${ENDED.refused}; }
`
const run: Step<null> = { words: ['run', '', ''] }
const refuse: Step<null> = { words: ['refuse', '', ''] }

/** A domain on a host: its claims and its guest's folder. `before`: what each script begins with. */
function domain(before = '') {
  const root = mkdtempSync(join(tmpdir(), 'vmferry-fence-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const place = [join(root, '.claims'), 'web1'] as const
  const guest = join(root, 'm-1')
  const sh = (script: string, words: readonly string[], input = '') => {
    const { status, stdout } = spawnSync('sh', ['-c', before + script, 'sh', ...place, ...words], { input })
    return { code: status, said: String(stdout).split('\n').slice(0, -2) }
  }
  return {
    guest,
    claim: (epoch: number) => sh(CLAIM, [`${epoch}`]).code,
    launch: (epoch: number, argv: readonly string[]) =>
      sh(LAUNCH, [`${epoch}`, join(guest, 'process'), ...argv]).code,
    act(epoch: number | '-', ...steps: readonly Step[]) {
      const input = [epoch, ...steps.flatMap(({ lines = [] }) => lines), ''].join('\n')
      return sh(fenceScript(VERBS), [guest, ...steps.flatMap(({ words }) => words)], input)
    },
    /** A shell that stays, and has all the acts to do. */
    stay(...acts: readonly (readonly [epoch: number | '-', ...steps: Step[]])[]) {
      const commands = acts.map(([epoch, ...steps]) =>
        stayingAct(
          epoch,
          ['web1', guest, ...steps.flatMap(({ words }) => words)],
          steps.flatMap(({ lines = [] }) => lines),
        ),
      )
      const input = [stayingScript(place[0], VERBS), ...commands].join('')
      const { status, stdout, stderr } = spawnSync('sh', { input })
      return { code: status, said: String(stdout).split('\n'), words: String(stderr) }
    },
  }
}

const problem = spawnSync('flock', ['--version']).error ? ' (flock is not installed)' : ''

test.skipIf(problem !== '')(
  `a claim must be higher than the last, and keeps out whoever has a lower one${problem}`,
  () => {
    const { claim, act } = domain()
    expect([claim(2), claim(2), claim(1)]).toEqual([0, ENDED.stale, ENDED.stale])
    expect(act(1, run)).toEqual({ code: ENDED.stale, said: ['2'] })
    expect(act(2, run)).toEqual({ code: 0, said: ['ran'] })
    expect(act('-', run)).toEqual({ code: 0, said: ['ran'] })
  },
)

test.skipIf(problem !== '')(
  `steps are done up to the first that fails, and its verdict is the last line${problem}`,
  () => {
    const { act, guest } = domain()
    expect(act(1, arrive({ a: 1 }, { name: 'web1' }), run, refuse, run)).toMatchObject({
      code: ENDED.refused,
      said: ['ran'],
    })
    expect(readFileSync(join(guest, 'incoming.json'), 'utf8')).toBe('{"a":1}')
    expect(readFileSync(join(guest, 'definition.json'), 'utf8')).toBe('{"name":"web1"}')
  },
)

test.skipIf(problem !== '')(
  `what this script marked is unmarked when the hypervisor refuses, and nothing else${problem}`,
  () => {
    const { act, guest } = domain()
    act(1, arrive({}, {}))
    const marked = () => existsSync(join(guest, 'may-have-run'))
    expect([act(1, mark(), refuse).code, marked()]).toEqual([ENDED.refused, false])
    expect([act(1, mark(), run).code, marked()]).toEqual([0, true])
    expect([act(1, mark(), refuse).code, marked()]).toEqual([ENDED.refused, true])
  },
)

test.skipIf(problem !== '')(
  `a guest leaves once at a time, and then its arrival is forgotten${problem}`,
  () => {
    const { act, guest } = domain()
    act(1, arrive({}, {}), mark())
    expect(act(1, hold({ one: 1 })).code).toBe(0)
    expect(['incoming.json', 'may-have-run'].some((file) => existsSync(join(guest, file)))).toBe(false)
    expect(act(1, hold({ two: 2 })).code).toBe(ENDED.taken)
    expect(act(1, keep('outgoing.json', { three: 3 }), drop('other')).code).toBe(0)
    expect(readFileSync(join(guest, 'outgoing.json'), 'utf8')).toBe('{"three":3}')
    expect([act(1, remove()).code, existsSync(guest)]).toEqual([0, false])
  },
)

test.skipIf(problem !== '')(
  `a program is filed before anybody can claim, and is ended only if it is that one${problem}`,
  () => {
    const { act, claim, launch, guest } = domain()
    act(1, arrive({}, {}))
    claim(2)
    expect(launch(1, ['true'])).toBe(ENDED.stale)
    expect(existsSync(join(guest, 'process'))).toBe(false)
    expect(launch(2, ['true'])).toBe(0)
    const [pid, start, boot] = readFileSync(join(guest, 'process'), 'utf8').trim().split(' ')
    expect([Number(pid) > 1, Number(start) > 0, boot?.length]).toEqual([true, true, 36])
    expect(act(2, end('process', 0)).code).toBe(0)
  },
)

test.skipIf(problem !== '')(
  `a shell that stays does one act after another, up to the first that fails, and lets go of the lock between${problem}`,
  () => {
    const { stay, act, guest } = domain()
    const record = { a: "it's\nend", b: '$(false)' }
    const done = stay([3, arrive(record, {})], [3, run], ['-', run, mark()], [3])
    expect(done).toEqual({
      code: 0,
      said: ['= 0', 'ran', '= 0', 'ran', '= 0', '= 0', '= 0', ''],
      words: '= 0\n'.repeat(4),
    })
    expect(JSON.parse(readFileSync(join(guest, 'incoming.json'), 'utf8'))).toEqual(record)
    expect(act(3, drop('may-have-run')).code).toBe(0)

    const refused = stay([3, mark(), run], [3, drop('may-have-run'), mark(), refuse, run], [3, run])
    expect(refused).toMatchObject({ code: ENDED.refused, said: ['ran', '= 0', `= ${ENDED.refused}`, ''] })
    expect(existsSync(join(guest, 'may-have-run'))).toBe(false)
  },
)

test.skipIf(problem !== '')(
  `a shell that stays is kept out by a higher claim, whenever it comes${problem}`,
  () => {
    const { stay, claim } = domain()
    expect(stay([3, run], [2, run]).said).toEqual(['ran', '= 0', 'ran', '= 0', '= 0', ''])
    claim(3)
    const { code, said } = stay([3, run], ['-', run], [2, run], [3, run])
    expect([code, said]).toEqual([ENDED.stale, ['ran', '= 0', 'ran', '= 0', '3', `= ${ENDED.stale}`, '']])
  },
)

test.skipIf(problem !== '')(`what ends with the boot is not written through${problem}`, () => {
  const synced = (filesystem: string): number => {
    const { act, claim } = domain(`sync() { echo synced; }\nstat() { echo ${filesystem}; }\n`)
    expect(claim(1)).toBe(0)
    const { code, said } = act(1, arrive({}, {}), mark())
    expect(code).toBe(0)
    return said.length
  }
  expect([synced('ext2/ext3'), synced('tmpfs')]).toEqual([3, 0])
})

test('what is removed while it is looked at is not there, and what cannot be read is no empty record', () => {
  const { guest } = domain()
  mkdirSync(guest)
  const looked = (grep = ''): Record<string, string> => {
    const script = `${CONTENTS}\n${grep}\ncd "$1" && contents *.json */*.json other`
    const { stdout } = spawnSync('sh', ['-c', script, 'sh', guest])
    const { names, of } = contentsIn(String(stdout).replaceAll(/^(?=.)/gm, 'm-1/'))
    return Object.fromEntries(names.map((name) => [name.slice(4), of('m-1', name.slice(4)) ?? 'absent']))
  }
  expect(looked()).toEqual({})
  writeFileSync(join(guest, 'one.json'), '{"a":"ü:1"}\n')
  writeFileSync(join(guest, 'two.json'), '')
  expect(looked()).toEqual({ 'one.json': '{"a":"ü:1"}', 'two.json': '' })
  expect(looked('grep() { return 2; }')).toEqual({ 'one.json': '', 'two.json': '' })
  expect(looked('grep() { rm one.json; return 2; }')).toEqual({ 'two.json': '' })
})

test('a process is there under its start time, in its boot, whatever it calls itself', () => {
  const { guest } = domain()
  mkdirSync(guest)
  const file = join(guest, 'process')
  const sh = (script: string): string =>
    String(spawnSync('sh', ['-c', `${PROCESSES}\n${script}`, 'sh', file]).stdout).trim()
  const living = 'living "$1" && echo "there $pid" || echo gone'
  expect(sh(living)).toBe('gone')
  expect(sh(`identity && echo "$self" >"$1"; ${living}; echo $$`)).toMatch(/^there (\d+)\n\1$/)
  expect(sh(living)).toBe('gone')
  expect(sh(`born $$; echo "$$ $((birth + 1)) $now" >"$1"; ${living}`)).toBe('gone')
  expect(sh(`identity; echo "$$ $birth another-boot" >"$1"; ${living}`)).toBe('gone')
  const renamed = `echo ') Z 1
' >"/proc/$$/comm"; identity; echo "$self" >"$1"; ${living}`
  expect(sh(renamed)).toMatch(/^there/)
})
