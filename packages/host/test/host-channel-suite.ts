import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import type { HostChannel, VmError } from '@vmferry/core/driver'
import { afterEach, describe, expect, test } from 'vitest'

/** Argument vectors that do the same on every host of the suite. */
export interface Commands {
  /** Copies its input to its output. */
  readonly cat: readonly string[]
  /** Waits until it is killed. */
  readonly wait: readonly string[]
  exit(code: number): readonly string[]
  /** Writes its arguments, one per line. */
  say(...words: string[]): readonly string[]
  flood(bytes: number): readonly string[]
  /** Makes a file, then waits. */
  make(path: string): readonly string[]
  /** Complains, then fails. */
  complain(words: string): readonly string[]
}

export interface HostUnderTest {
  /** Opens one more channel to the same host. */
  open(): Promise<HostChannel>
  /** An absolute path that does not exist yet, in a folder that does. */
  path(): string
  readonly commands: Commands
}

const call = (): { signal: AbortSignal } => ({ signal: new AbortController().signal })

/** What every way to a host promises, whichever it is. */
export function describeHostChannel(name: string, host: () => HostUnderTest): void {
  describe(`${name} as a host channel`, () => {
    const channels: HostChannel[] = []
    const open = async (): Promise<HostChannel> => {
      const channel = await host().open()
      channels.push(channel)
      return channel
    }
    afterEach(async () => {
      await Promise.all(channels.splice(0).map((channel) => channel.close()))
    })

    test('two channels to one host have the same id', async () => {
      const [one, other] = [await open(), await open()]
      expect(one.id).toMatch(/^[0-9a-f]{32}$/)
      expect(other.id).toBe(one.id)
    })

    test('a command gets its arguments and its input, and its output and exit code come back', async () => {
      const channel = await open()
      const { commands } = host()
      expect(await channel.exec(commands.say('a b', '', "it's", '$HOME'), call())).toEqual({
        code: 0,
        signal: null,
        stdout: "a b\n\nit's\n$HOME\n",
        stderr: '',
      })
      const echo = await channel.exec(commands.cat, { ...call(), input: 'grüße\n\0\x1b[0m' })
      expect(echo.stdout).toBe('grüße\n\0\x1b[0m')
      expect((await channel.exec(commands.exit(3), call())).code).toBe(3)
    })

    test('a command may leave its input unread', async () => {
      const channel = await open()
      const result = await channel.exec(host().commands.exit(0), {
        ...call(),
        input: Buffer.alloc(3_000_000),
      })
      expect(result.code).toBe(0)
    })

    test('a program that exits with 127 is told from one that is not there', async () => {
      const channel = await open()
      expect((await channel.exec(host().commands.exit(127), call())).code).toBe(127)
      await expect(channel.exec(['no-such-program', 'x'], call())).rejects.toMatchObject({
        code: 'VM_NOT_FOUND',
      })
      await expect(channel.spawn(['no-such-program', 'x'], call())).rejects.toMatchObject({
        code: 'VM_NOT_FOUND',
      })
      const options = { ...call(), log: host().path() }
      await expect(channel.detach(['no-such-program'], options)).rejects.toMatchObject({
        code: 'VM_NOT_FOUND',
      })
    })

    test('a vector that no host could run is refused', async () => {
      const channel = await open()
      for (const argv of [[], [''], ['a\0b'], ['say', '\0'], ['-c', 'x']]) {
        await expect(channel.exec(argv, call())).rejects.toMatchObject({ code: 'VM_INVALID' })
        await expect(channel.spawn(argv, call())).rejects.toMatchObject({ code: 'VM_INVALID' })
        const options = { ...call(), log: '/log' }
        await expect(channel.detach(argv, options)).rejects.toMatchObject({ code: 'VM_INVALID' })
      }
    })

    test('output beyond the limit is an error, and up to it is not', async () => {
      const channel = await open()
      const { commands } = host()
      const whole = await channel.exec(commands.flood(100_000), { ...call(), maxBytes: 100_000 })
      expect(whole.stdout).toHaveLength(100_000)
      const options = { ...call(), maxBytes: 99_999 }
      await expect(channel.exec(commands.flood(100_000), options)).rejects.toMatchObject({
        code: 'VM_PROTOCOL',
      })
      expect((await channel.exec(commands.exit(0), call())).code).toBe(0)
    })

    test('thirty commands at once all come back', async () => {
      const channel = await open()
      const runs = Array.from({ length: 30 }, (_, index) =>
        channel.exec(host().commands.say(`${index}`), call()),
      )
      expect((await Promise.all(runs)).map((run) => run.stdout)).toEqual(runs.map((_, index) => `${index}\n`))
    })

    test('an abort ends the waiting for a command, with the reason given', async () => {
      const channel = await open()
      const { commands } = host()
      const reason = new Error('enough')
      for (const start of [
        (signal: AbortSignal) => channel.exec(commands.wait, { signal }),
        (signal: AbortSignal) =>
          channel.detach(commands.wait, { signal, log: host().path(), until: host().path() }),
      ]) {
        const controller = new AbortController()
        const running = start(controller.signal)
        setTimeout(() => controller.abort(reason), 50)
        const error = await running.catch((thrown: VmError) => thrown)
        expect(error).toMatchObject({ code: 'VM_ABORTED', name: 'AbortError', cause: reason })
      }
      expect((await channel.exec(commands.exit(0), call())).code).toBe(0)
    })

    test('a call with a signal that has fired does nothing', async () => {
      const channel = await open()
      const path = host().path()
      await expect(channel.writeFile(path, 'x', { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'VM_ABORTED',
      })
      await expect(channel.readFile(path, call())).rejects.toMatchObject({ code: 'VM_NOT_FOUND' })
    })

    test('a closed channel rejects every call, and closing again is no error', async () => {
      const channel = await open()
      await channel.close()
      await channel.close()
      const process = { pid: 4_000_000, startTime: '1', bootId: '00000000-0000-4000-8000-000000000000' }
      const path = host().path()
      for (const attempt of [
        channel.exec(host().commands.exit(0), call()),
        channel.spawn(host().commands.wait, call()),
        channel.detach(host().commands.wait, { ...call(), log: path }),
        channel.probe(process, call()),
        channel.kill(process, 'TERM', call()),
        channel.dial(path, call()),
        channel.listen(path, call()),
        channel.readFile(path, call()),
        channel.writeFile(path, 'x', call()),
        channel.remove(path, call()),
      ]) {
        await expect(attempt).rejects.toMatchObject({ code: 'VM_CONNECTION' })
      }
    })

    test('closing rejects what is under way', async () => {
      const channel = await open()
      const path = host().path()
      const running = channel.exec(host().commands.wait, call()).catch((error: VmError) => error.code)
      const listening = await channel.listen(path, call())
      const next = listening[Symbol.asyncIterator]()
        .next()
        .catch((error: VmError) => error.code)
      await channel.close()
      expect(await running).toBe('VM_CONNECTION')
      expect(await next).toBe('VM_CONNECTION')
    })

    test('a spawned process has open streams and an exit code', async () => {
      const channel = await open()
      const process = await channel.spawn(host().commands.cat, call())
      process.stdin.write('one')
      const [first] = (await once(process.stdout, 'data')) as [Buffer]
      expect(first.toString()).toBe('one')
      const rest = text(process.stdout)
      process.stdin.end('two')
      expect(await rest).toBe('two')
      expect(await process.exit).toEqual({ code: 0, signal: null })
      await process.kill()
    })

    test('a spawned process can be killed, twice', async () => {
      const channel = await open()
      const process = await channel.spawn(host().commands.wait, call())
      await process.kill('KILL')
      expect(await process.exit).toEqual({ code: null, signal: 'SIGKILL' })
      await process.kill('KILL')
    })

    test('a detached process outlives its channel and can be probed and killed from another', async () => {
      const channel = await open()
      const [log, until] = [host().path(), host().path()]
      const process = await channel.detach(host().commands.make(until), { ...call(), log, until })
      await channel.close()
      const other = await open()
      expect(await other.probe(process, call())).toBe('alive')
      expect(await other.probe({ ...process, startTime: '1' }, call())).toBe('gone')
      const otherBoot = { ...process, bootId: '11111111-1111-4111-8111-111111111111' }
      expect(await other.probe(otherBoot, call())).toBe('gone')
      await other.kill(otherBoot, 'KILL', call())
      await other.kill({ ...process, startTime: '1' }, 'KILL', call())
      expect(await other.probe(process, call())).toBe('alive')
      await other.kill(process, 'KILL', call())
      await expect.poll(() => other.probe(process, call())).toBe('gone')
      await other.kill(process, 'KILL', call())
    })

    test('the id of a process must be that of one process', async () => {
      const channel = await open()
      const sound = { pid: 4_000_000, startTime: '1', bootId: '00000000-0000-4000-8000-000000000000' }
      for (const wrong of [{ pid: 0 }, { pid: -1 }, { pid: 1.5 }, { startTime: '' }, { bootId: 'x' }]) {
        const process = { ...sound, ...wrong }
        await expect(channel.kill(process, 'KILL', call())).rejects.toMatchObject({ code: 'VM_INVALID' })
      }
    })

    test('a detached process that ends too early is an error with its own words', async () => {
      const channel = await open()
      const options = { ...call(), log: host().path(), until: host().path() }
      const error = await channel
        .detach(host().commands.complain('no such disk'), options)
        .catch((thrown: VmError) => thrown)
      expect(error).toMatchObject({ code: 'VM_PHASE_FAILED', causes: [{ words: 'no such disk' }] })
      expect(Buffer.from(await channel.readFile(options.log, call())).toString()).toBe('no such disk\n')
    })

    test('a detached process that does not get ready in time is killed', async () => {
      const channel = await open()
      const options = { ...call(), log: host().path(), until: host().path(), timeout: 60 }
      await expect(channel.detach(host().commands.wait, options)).rejects.toMatchObject({
        code: 'VM_TIMEOUT',
      })
    })

    test('two ends of a socket talk, and an end of one direction leaves the other open', async () => {
      const { accepted, dialled } = await connect(await open(), await open(), host().path())
      dialled.end('question')
      expect(await text(accepted)).toBe('question')
      accepted.end('answer')
      expect(await text(dialled)).toBe('answer')
    })

    test('a connection destroyed on one end ends on the other', async () => {
      const pair = await connect(await open(), await open(), host().path())
      const closed = text(pair.accepted)
      pair.dialled.destroy()
      expect(await closed).toBe('')
      const back = await connect(await open(), await open(), host().path())
      const ended = text(back.dialled)
      back.accepted.destroy()
      expect(await ended).toBe('')
    })

    test('a connection ends with the channel that made it', async () => {
      const dialling = await open()
      const { accepted, dialled } = await connect(await open(), dialling, host().path())
      const broken = new Promise((resolve) => dialled.once('error', resolve))
      const ended = text(accepted)
      await dialling.close()
      expect(await broken).toMatchObject({ code: 'VM_CONNECTION' })
      expect(await ended).toBe('')
    })

    test('bytes arrive whole in both directions at once', async () => {
      const { accepted, dialled } = await connect(await open(), await open(), host().path())
      const size = 8 * 1024 * 1024
      const counts = [count(accepted), count(dialled)]
      accepted.end(Buffer.alloc(size, 1))
      dialled.end(Buffer.alloc(size, 2))
      expect(await Promise.all(counts)).toEqual([size * 2, size])
    })

    test('nothing answers where nobody listens', async () => {
      const channel = await open()
      const error = await channel.dial(host().path(), call()).catch((thrown: VmError) => thrown)
      expect(['VM_NOT_FOUND', 'VM_CONNECTION']).toContain((error as VmError).code)
      await expect(channel.dial('relative', call())).rejects.toMatchObject({ code: 'VM_INVALID' })
      await expect(channel.dial(`/${'x'.repeat(200)}`, call())).rejects.toMatchObject({ code: 'VM_INVALID' })
    })

    test('one socket has one listener, until its iteration returns', async () => {
      const [channel, other] = [await open(), await open()]
      const path = host().path()
      const listening = await channel.listen(path, call())
      await expect(other.listen(path, call())).rejects.toMatchObject({ code: 'VM_BUSY' })
      await listening[Symbol.asyncIterator]().return?.()
      await expect(other.dial(path, call())).rejects.toHaveProperty('kind', 'vmferry.error')
      const again = await other.listen(path, call())
      await again[Symbol.asyncIterator]().return?.()
    })

    test('an abort ends the listening', async () => {
      const channel = await open()
      const controller = new AbortController()
      const listening = await channel.listen(host().path(), { signal: controller.signal })
      const next = listening[Symbol.asyncIterator]().next()
      controller.abort()
      await expect(next).rejects.toMatchObject({ code: 'VM_ABORTED' })
    })

    test('a file is written whole, replaced whole and read back, byte for byte', async () => {
      const channel = await open()
      const path = `${host().path()}/deep/er/it's a file`
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)
      await channel.writeFile(path, bytes, call())
      expect(await channel.readFile(path, call())).toEqual(bytes)
      await channel.writeFile(path, '', call())
      expect(await channel.readFile(path, call())).toEqual(new Uint8Array())
      await channel.writeFile(path, 'grüße', call())
      expect(new TextDecoder().decode(await channel.readFile(path, call()))).toBe('grüße')
    })

    test('a file that is not there is not found', async () => {
      const channel = await open()
      await expect(channel.readFile(host().path(), call())).rejects.toMatchObject({ code: 'VM_NOT_FOUND' })
      await expect(channel.readFile('relative', call())).rejects.toMatchObject({ code: 'VM_INVALID' })
      await expect(channel.writeFile('/a\0b', '', call())).rejects.toMatchObject({ code: 'VM_INVALID' })
    })

    test('a folder is removed with all in it, and what is not there is no error', async () => {
      const channel = await open()
      const folder = host().path()
      await channel.writeFile(`${folder}/a/b`, 'x', call())
      await channel.writeFile(`${folder}x`, 'x', call())
      await channel.remove(folder, call())
      await channel.remove(folder, call())
      await expect(channel.readFile(`${folder}/a/b`, call())).rejects.toMatchObject({ code: 'VM_NOT_FOUND' })
      expect(await channel.readFile(`${folder}x`, call())).toHaveLength(1)
    })

    test('neither the root nor a path that climbs is removed', async () => {
      const channel = await open()
      for (const path of ['/', '//', '/./', '/..', '/tmp/../etc', 'tmp', '']) {
        await expect(channel.remove(path, call())).rejects.toMatchObject({ code: 'VM_INVALID' })
      }
    })
  })
}

/** Unlike an iteration, leaves the other direction open. */
function text(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let all = ''
    stream.on('data', (chunk: Buffer) => (all += chunk.toString()))
    stream.once('end', () => resolve(all)).once('close', () => resolve(all))
  })
}

async function connect(
  listening: HostChannel,
  dialling: HostChannel,
  path: string,
): Promise<{ accepted: Duplex; dialled: Duplex }> {
  const connections = await listening.listen(path, call())
  const next = connections[Symbol.asyncIterator]().next()
  const dialled = await dialling.dial(path, call())
  return { accepted: ((await next) as IteratorYieldResult<Duplex>).value, dialled }
}

/** The sum of all bytes, which loss, repetition and mixing would change. */
async function count(stream: Readable): Promise<number> {
  let sum = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) for (const byte of chunk) sum += byte
  return sum
}
