import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { text } from 'node:stream/consumers'
import type { HostChannel, VmError } from '@vmferry/core/driver'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { HostUnderTest } from './host-channel-suite.ts'
import { hostileWords } from './hostile-words.ts'

const call = (): { signal: AbortSignal } => ({ signal: new AbortController().signal })

/** What only a host with real processes and files can show. The host is this machine, whichever way leads to it. */
export function describeRealHost(name: string, host: () => HostUnderTest): void {
  describe(`${name} on a real host`, () => {
    const channels: HostChannel[] = []
    const open = async (): Promise<HostChannel> => {
      const channel = await host().open()
      channels.push(channel)
      return channel
    }
    afterEach(async () => {
      await Promise.all(channels.splice(0).map((channel) => channel.close()))
    })

    test('a command that a signal ends says which', async () => {
      const channel = await open()
      const result = await channel.exec(['sh', '-c', 'kill -KILL $$'], call())
      expect(result).toMatchObject({ code: null, signal: 'SIGKILL' })
    })

    test('an abort ends the command and what it started', async () => {
      const channel = await open()
      const file = host().path()
      const controller = new AbortController()
      const script = 'sleep 600 & echo $$ $! >"$0.new"; mv "$0.new" "$0"; wait'
      const running = channel.exec(['sh', '-c', script, file], { signal: controller.signal }).catch(() => {})
      await expect.poll(() => existsSync(file)).toBe(true)
      const pids = readFileSync(file, 'utf8').trim().split(' ')
      expect(pids.every(lives)).toBe(true)
      controller.abort()
      await running
      await expect.poll(() => pids.some(lives), { timeout: 5000 }).toBe(false)
    })

    test('hostile words reach the program as they are and run nothing', { timeout: 25_000 }, async () => {
      const channel = await open()
      const canary = host().path()
      const words = hostileWords(canary)
      const print = async (argv: readonly string[]): Promise<string> =>
        (await channel.exec(['printf', '%s\\0', ...argv], call())).stdout
      expect(await print(words)).toBe(words.map((word) => `${word}\0`).join(''))
      const word = fc.oneof(
        fc.constantFrom(...words.filter((one) => one.length < 1000)),
        fc.string({ unit: 'grapheme' }).map((raw) => raw.replaceAll('\0', '')),
        fc.string({ unit: fc.constantFrom(...`'"\\$\`;&|<>(){}[]*?!~#% \t\n=-`.split('')) }),
      )
      const vectors = fc.array(fc.array(word, { minLength: 1, maxLength: 20 }), {
        minLength: 10,
        maxLength: 10,
      })
      const property = fc.asyncProperty(vectors, async (list) => {
        const outputs = await Promise.all(list.map(print))
        expect(outputs).toEqual(list.map((argv) => argv.map((one) => `${one}\0`).join('')))
      })
      await fc.assert(property, { numRuns: 20 })
      expect(existsSync(canary)).toBe(false)
    })

    test('a vector that is too long for the host is refused', async () => {
      const channel = await open()
      const error = await channel
        .exec(['true', 'x'.repeat(200_000)], call())
        .catch((thrown: VmError) => thrown)
      expect(error).toHaveProperty('kind', 'vmferry.error')
      expect((await channel.exec(['true'], call())).code).toBe(0)
    })

    test('a shell word or a builtin in first place is no program', async () => {
      const channel = await open()
      for (const program of ['if', 'eval', 'exit', 'A=b', '$(touch x)', '!', '(', '/etc', '/etc/passwd']) {
        await expect(channel.exec([program, 'x'], call())).rejects.toMatchObject({ code: 'VM_NOT_FOUND' })
      }
    })

    test('a spawned process ends with its channel, even one that minds nothing', async () => {
      const [channel, other] = [await open(), await open()]
      const file = host().path()
      const script = 'trap "" TERM HUP PIPE; echo $$ >"$0.new"; mv "$0.new" "$0"; while :; do sleep 1; done'
      await channel.spawn(['sh', '-c', script, file], call())
      await expect.poll(() => existsSync(file)).toBe(true)
      const pid = readFileSync(file, 'utf8').trim()
      await channel.close()
      await expect.poll(() => lives(pid), { timeout: 5000 }).toBe(false)
      expect((await other.exec(['true'], call())).code).toBe(0)
    })

    test('a detached process is a session of its own, with no file of ours open and no deaf signal', async () => {
      const channel = await open()
      const log = host().path()
      const process = await channel.detach(['sleep', '600'], { ...call(), log })
      try {
        const of = `/proc/${process.pid}`
        await expect.poll(() => readFileSync(`${of}/comm`, 'utf8').trim()).toBe('sleep')
        const stat = readFileSync(`${of}/stat`, 'latin1')
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        expect(fields[19]).toBe(process.startTime)
        const session = Number(fields[3])
        expect(session).not.toBe(statSession())
        const files = readdirSync(`${of}/fd`).map((fd) => readlinkSync(`${of}/fd/${fd}`))
        expect(files.slice(0, 3)).toEqual(['/dev/null', log, log])
        // Where a file was left open for us, /dev/null takes its place.
        expect(files.slice(3).filter((file) => file !== '/dev/null')).toEqual([])
        expect(readFileSync(`${of}/status`, 'utf8')).toMatch(/^SigIgn:\s*0+$/m)
      } finally {
        await channel.kill(process, 'INT', call())
      }
      await expect.poll(() => channel.probe(process, call())).toBe('gone')
    })

    test('an aborted detach leaves no process', async () => {
      const channel = await open()
      const [log, until, file] = [host().path(), host().path(), host().path()]
      const controller = new AbortController()
      const argv = ['sh', '-c', 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec sleep 600', file]
      const starting = channel.detach(argv, { signal: controller.signal, log, until }).catch(() => {})
      await expect.poll(() => existsSync(file)).toBe(true)
      const pid = readFileSync(file, 'utf8').trim()
      controller.abort()
      await starting
      await expect.poll(() => lives(pid), { timeout: 5000 }).toBe(false)
    })

    test('a zombie is gone', async () => {
      const channel = await open()
      // A parent that never asks for its child: that child is a zombie as long as the parent lives.
      const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 600'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      try {
        const [chunk] = await new Promise<[Buffer]>((resolve) =>
          parent.stdout.once('data', (data: Buffer) => resolve([data])),
        )
        const pid = Number(chunk.toString())
        await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'latin1')).toContain(') Z ')
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
        const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
        const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
        expect(await channel.probe({ pid, startTime, bootId }, call())).toBe('gone')
        const living = { pid: parent.pid ?? 0, startTime: startTimeOf(parent.pid ?? 0), bootId }
        expect(await channel.probe(living, call())).toBe('alive')
      } finally {
        parent.kill('SIGKILL')
      }
    })

    test('a process with brackets and a newline in its name is found', async () => {
      const channel = await open()
      const program = `${host().path()}) Z 1 (\n`
      execFileSync('cp', ['/bin/sleep', program])
      const sleeper = spawn(program, ['600'], { stdio: 'ignore' })
      try {
        await new Promise((resolve) => sleeper.once('spawn', resolve))
        const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
        const id = { pid: sleeper.pid ?? 0, startTime: startTimeOf(sleeper.pid ?? 0), bootId }
        expect(await channel.probe(id, call())).toBe('alive')
      } finally {
        sleeper.kill('SIGKILL')
      }
    })

    test('files and folders are for their owner only', async () => {
      const channel = await open()
      const folder = host().path()
      await channel.writeFile(`${folder}/a/b`, 'x', call())
      expect(statSync(`${folder}/a`).mode & 0o777).toBe(0o700)
      expect(statSync(folder).mode & 0o777).toBe(0o700)
      expect(statSync(`${folder}/a/b`).mode & 0o777).toBe(0o600)
      expect(readdirSync(`${folder}/a`)).toEqual(['b'])
    })

    test('a file that cannot be written is an error in the host’s own words and leaves nothing', async () => {
      const channel = await open()
      const folder = host().path()
      mkdirSync(`${folder}/taken`, { recursive: true })
      await expect(channel.writeFile(`${folder}/taken`, 'x', call())).rejects.toMatchObject({
        code: 'VM_PHASE_FAILED',
      })
      await expect(channel.readFile(`${folder}/taken`, call())).rejects.toMatchObject({
        code: 'VM_PHASE_FAILED',
      })
      expect(readdirSync(folder)).toEqual(['taken'])
    })

    test('a file beyond the limit is refused, however it grows', async () => {
      const channel = await open()
      await expect(channel.readFile('/dev/zero', call())).rejects.toMatchObject({ code: 'VM_PROTOCOL' })
    })

    test('a socket that a dead process left is replaced, a file is not', async () => {
      const channel = await open()
      const [path, file] = [host().path(), host().path()]
      const server = [
        '-e',
        'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))',
      ]
      spawn(process.execPath, [...server, path], { stdio: 'ignore' })
      await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(true)
      await expect
        .poll(() =>
          channel.dial(path, call()).then(
            () => 'answers',
            () => 'dead',
          ),
        )
        .toBe('dead')
      const listening = await channel.listen(path, call())
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const iterator = listening[Symbol.asyncIterator]()
      const next = iterator.next()
      const dialled = await channel.dial(path, call())
      const accepted = await next
      dialled.end('x')
      expect(accepted.done === true ? '' : await text(accepted.value)).toBe('x')
      await iterator.return?.()
      expect(existsSync(path)).toBe(false)
      writeFileSync(file, 'keep')
      await expect(channel.listen(file, call())).rejects.toHaveProperty('kind', 'vmferry.error')
      expect(readFileSync(file, 'utf8')).toBe('keep')
    })

    test('who writes faster than the other side reads is held back', async () => {
      const [channel, other] = [await open(), await open()]
      const path = host().path()
      const next = (await channel.listen(path, call()))[Symbol.asyncIterator]().next()
      const dialled = await other.dial(path, call())
      const accepted = await next
      if (accepted.done === true) throw new Error('nothing came')
      const block = Buffer.alloc(1024 * 1024)
      let written = 0
      const total = 64
      const feed = (): void => {
        while (written < total) {
          written += 1
          if (!dialled.write(block)) return void dialled.once('drain', feed)
        }
        dialled.end()
      }
      feed()
      // Long enough for 64 MiB if nothing held them back; only ever too short for a failure to show.
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(written).toBeLessThan(total)
      let size = 0
      for await (const chunk of accepted.value as AsyncIterable<Buffer>) size += chunk.length
      expect(size).toBe(total * block.length)
    })
  })
}

function lives(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

function startTimeOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function statSession(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3])
}
