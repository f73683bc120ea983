import { execFileSync } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HostChannel } from '@vmferry/core/driver'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ssh } from '../src/index.ts'
import { killQuietly, noSshd, type RealSshd, realSshd } from './real-sshd.ts'

const call = { signal: new AbortController().signal }
// eleven calls wait at once
setMaxListeners(0, call.signal)

describe.skipIf(noSshd)(`commands of a shell that stays ${noSshd}`, () => {
  let server: RealSshd
  let channel: HostChannel
  beforeAll(async () => {
    server = await realSshd()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    channel = await ssh(server.options).open(server.uri(), call)
  })
  afterEach(() => channel.close())
  const said = async (...argv: string[]): Promise<string> => (await channel.exec(argv, call)).stdout.trim()

  /** Children of sshd's sessions: these shells. */
  const shells = (): string[] =>
    execFileSync('pgrep', ['-P', server.workers().join(',')])
      .toString()
      .trim()
      .split('\n')

  test('are all its own: sshd starts nothing for them', async () => {
    const before = shells()
    expect(before).toHaveLength(1)
    expect(await said('echo', 'one')).toBe('one')
    expect(await said('cat', '/proc/sys/kernel/ostype')).toBe('Linux')
    expect((await channel.exec(['cat'], { ...call, input: "it's\n\\n$HOME\n" })).stdout).toBe(
      "it's\n\\n$HOME\n",
    )
    expect(shells()).toEqual(before)
  })

  test('are not for the next command where one is given up, even if that comes to its end by itself just then', async () => {
    for (let early = 0; early < 24; early += 1) {
      const stop = new AbortController()
      const given = channel.exec(['sleep', '0.04'], { signal: stop.signal }).catch(() => null)
      setTimeout(() => stop.abort(), 48 - early)
      await given
      expect(await said('echo', 'one')).toBe('one')
      await sleep(20)
      expect(await said('echo', 'two')).toBe('two')
    }
  })

  test('leave no trace in each other: folder, variables, umask, input', async () => {
    const long = 'x'.repeat(5000)
    await channel.exec(['sh', '-c', `cd /; umask 0; A=b; export A; : ${long}`], call)
    const [home, mask, set] = (await said('sh', '-c', 'pwd; umask; env | grep -c "^A=\\|xxx"; cat')).split(
      '\n',
    )
    expect(home).not.toBe('/')
    expect([mask, set]).toEqual([expect.not.stringMatching(/^0*$/), '0'])
  })

  /** A script as the packages here write theirs: $0 is `sh`. */
  const script = (text: string, ...args: string[]): string[] => ['sh', '-c', text, 'sh', ...args]

  test('start no program if they are scripts, and leave no trace either', async () => {
    const self = 'read -r pid rest </proc/self/stat; tr "\\0" " " <"/proc/$pid/cmdline"'
    expect([await said(...script(self)), await said('sh', '-c', self)]).toEqual(['sh', `sh -c ${self}`])
    const words = ["it's", '$HOME', '', '-n', '*', 'two words\n', 'x'.repeat(5000)]
    const { stdout } = await channel.exec(script('printf "%s|" "$0" "$#" "$@"', ...words), call)
    expect(stdout).toBe(`${['sh', words.length, ...words].join('|')}|`)
    const trace =
      'cd /; umask 0; A=b; IFS=x; set -f; mark=1; f() { :; }; exec 5>/dev/null; trap "echo bye" EXIT; exit 7'
    expect(await channel.exec(script(trace), call)).toMatchObject({ code: 7, stdout: 'bye\n' })
    const left =
      'pwd; umask; echo "$A$mark"; case $- in *f*) echo f;; esac; type f; { : >&5; } && echo open; cat; trap'
    const [home, mask, ...others] = (await said(...script(left))).split('\n')
    expect([home === '/', /^0*$/.test(mask ?? '')]).toEqual([false, false])
    expect(others.filter((line) => line !== '' && !line.startsWith('f:'))).toEqual([])
    expect((await channel.exec(script('cat; exec cat'), { ...call, input: 'all\n' })).stdout).toBe('all\n')
    expect((await channel.exec(script('if'), call)).code).not.toBe(0)
    expect(await said('echo', 'on')).toBe('on')
  })

  test('have a program if they ask for their own pid', async () => {
    expect(shells()).not.toContain(await said(...script('echo $$')))
  })

  test('are told with their exit where they leave nobody, one answer after another', async () => {
    const alone = { ...call, leavesNobody: true }
    for (let at = 0; at < 20; at += 1) {
      expect(await channel.exec(script('echo "$1"; echo err >&2; exit 3', `${at}`), alone)).toEqual({
        code: 3,
        signal: null,
        stdout: `${at}\n`,
        stderr: 'err\n',
      })
      expect((await channel.exec(['cat'], { ...alone, input: `${at}` })).stdout).toBe(`${at}`)
    }
    const pid = await channel.exec(script('sleep 60 </dev/null >/dev/null 2>&1 & echo "$!"'), alone)
    expect(await said('kill', '-KILL', pid.stdout.trim())).toBe('')
  })

  test('are waited for as long as somebody holds their output, and nobody speaks in the next answer', async () => {
    expect(await said('sh', '-c', '(sleep 0.3; echo late) & echo soon')).toBe('soon\nlate')
    await channel.exec(['sh', '-c', '(sleep 0.2; echo stray >&2) & exec >&-'], call)
    for (let left = 30; left > 0; left -= 1) expect(await said('echo', 'mine')).toBe('mine')
  })

  test('may write anything: the end is no word of theirs', async () => {
    const file = join(server.folder, 'bytes')
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, at) => at % 256))
    writeFileSync(file, bytes)
    expect(Buffer.from(await channel.readFile(file, call)).equals(bytes)).toBe(true)
    expect(await channel.exec(['printf', '\\n\\nvmferry-0 0\\n'], call)).toMatchObject({
      code: 0,
      stdout: '\n\nvmferry-0 0\n',
    })
  })

  test('give their place to whoever needs a session', async () => {
    await Promise.all(Array.from({ length: 6 }, () => channel.exec(['sleep', '0.1'], call)))
    const spawned = await Promise.all(Array.from({ length: 7 }, () => channel.spawn(['cat'], call)))
    expect(await said('echo', 'on')).toBe('on')
    for (const one of spawned) await one.kill('KILL')
  })

  test('give it up as well while they are at work', async () => {
    const working = Array.from({ length: 4 }, () => channel.exec(['sleep', '0.5'], call))
    const spawned = await Promise.all(Array.from({ length: 7 }, () => channel.spawn(['cat'], call)))
    expect((await Promise.all(working)).map(({ code }) => code)).toEqual([0, 0, 0, 0])
    for (const one of spawned) await one.kill('KILL')
  })

  test('leave room on a server that allows one session', async () => {
    const narrow = await realSshd(['MaxSessions 1'])
    try {
      const one = await ssh(narrow.options).open(narrow.uri(), call)
      const spawned = await one.spawn(['echo', 'spawned'], call)
      expect(await spawned.exit).toEqual({ code: 0, signal: null })
      expect((await one.exec(['echo', 'on'], call)).stdout).toBe('on\n')
      await one.close()
    } finally {
      await narrow.stop()
    }
  })

  test('find room after processes whose output nobody read to its end', { timeout: 20_000 }, async () => {
    for (let left = 10; left > 0; left -= 1) {
      const chatty = await channel.spawn(['sh', '-c', 'while :; do echo on and on; done'], call)
      chatty.exit.catch(() => {})
      for await (const _ of chatty.stdout) break
      await chatty.kill('KILL')
    }
    expect(await said('echo', 'on')).toBe('on')
  })

  test('find another when theirs was ended', async () => {
    for (let at = 0; at < 3; at += 1) {
      for (const pid of shells()) killQuietly(Number(pid))
      await expect.poll(() => said('echo', 'on').catch(() => '')).toBe('on')
    }
  })

  test('that do not exist are told as such, and the shell goes on', async () => {
    await expect(channel.exec(['no-such-program'], call)).rejects.toMatchObject({ code: 'VM_NOT_FOUND' })
    expect(await said('echo', 'on')).toBe('on')
  })
})
