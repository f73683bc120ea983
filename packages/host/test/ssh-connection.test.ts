import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { VmError } from '@vmferry/core/driver'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ssh } from '../src/index.ts'
import { freePort, killQuietly, makeKey, noSshd, type RealSshd, realSshd, sshUri } from './real-sshd.ts'

const signal = new AbortController().signal
const call = { signal }

describe.skipIf(noSshd)(`connections to a real sshd ${noSshd}`, () => {
  let server: RealSshd
  beforeAll(async () => {
    server = await realSshd()
  })
  afterAll(() => server.stop())
  const refusal = async (options: Parameters<typeof ssh>[0], uri = server.uri()): Promise<VmError> => {
    const opened = ssh({ ...server.options, ...options }).open(uri, call)
    const error = await opened.then(
      (channel) => channel.close(),
      (thrown: VmError) => thrown,
    )
    expect(error).toHaveProperty('kind', 'vmferry.error')
    await expect.poll(() => server.connections()).toEqual([])
    return error as VmError
  }
  const file = (name: string, content: string): string => {
    const path = join(server.folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }

  test('channels share one connection, which the last of them closes', async () => {
    const provider = ssh(server.options)
    const channels = await Promise.all([1, 2, 3].map(() => provider.open(server.uri(), call)))
    expect(server.connections()).toHaveLength(1)
    await channels[0]?.close()
    await channels[1]?.close()
    expect((await channels[2]?.exec(['true'], call))?.code).toBe(0)
    expect(server.connections()).toHaveLength(1)
    await channels[2]?.close()
    await expect.poll(() => server.connections()).toEqual([])
  })

  test('who gives up while connecting leaves the connection to the others', async () => {
    const provider = ssh(server.options)
    const controller = new AbortController()
    const first = provider.open(server.uri(), { signal: controller.signal })
    const second = provider.open(server.uri(), call)
    controller.abort()
    await expect(first).rejects.toMatchObject({ code: 'VM_ABORTED' })
    await (await second).close()
    await expect.poll(() => server.connections()).toEqual([])
  })

  test('a closed channel leaves nothing behind that would keep a program from ending', async () => {
    const open = (): number =>
      process.getActiveResourcesInfo().filter((name) => /Socket|Pipe|Process|Timeout/.test(name)).length
    const before = open()
    const channel = await ssh(server.options).open(server.uri(), call)
    await channel.exec(['true'], call)
    expect(open()).toBeGreaterThan(before)
    await channel.close()
    await expect.poll(open, { interval: 20 }).toBeLessThanOrEqual(before)
  })

  test('an unknown host is refused with the fingerprint that OpenSSH prints', async () => {
    const error = await refusal({ knownHosts: [file('empty', '')] })
    const print = execFileSync('ssh-keygen', ['-l', '-f', join(server.folder, 'host_ed25519.pub')])
      .toString()
      .split(' ')[1]
    expect(error.code).toBe('VM_REFUSED')
    expect(error.message).toContain(`@127.0.0.1:${server.port}, ED25519 key ${print}, is not known`)
    const line = /: (\S+ \S+ \S+)$/.exec(error.remedy ?? '')?.[1] ?? ''
    const again = ssh({ ...server.options, knownHosts: [file('added', `${line}\n`)] })
    await (await again.open(server.uri(), call)).close()
  })

  test('a changed, a revoked and a certified key are refused', async () => {
    makeKey(join(server.folder, 'other'))
    const other = readFileSync(join(server.folder, 'other.pub'), 'utf8')
    const name = `[127.0.0.1]:${server.port}`
    const changed = await refusal({ knownHosts: [file('changed', `${name} ${other}`)] })
    expect([changed.code, changed.message]).toEqual(['VM_REFUSED', expect.stringContaining('has CHANGED')])
    const revoked = await refusal({
      knownHosts: [file('revoked', `${name} ${server.publicKey()}\n@revoked * ${server.publicKey()}\n`)],
    })
    expect([revoked.code, revoked.message]).toEqual(['VM_REFUSED', expect.stringContaining('REVOKED')])
    const certified = await refusal({ knownHosts: [file('ca', `@cert-authority * ${other}`)] })
    expect([certified.code, certified.message]).toEqual([
      'VM_REFUSED',
      expect.stringContaining('certificates'),
    ])
  })

  test('of two host keys the one on file is asked for; one of another type is refused', async () => {
    const two = await realSshd([], ['ed25519', 'rsa'])
    try {
      const name = `[127.0.0.1]:${two.port}`
      const known = file('rsa', `${name} ${two.publicKey('rsa')}\n`)
      await (await ssh({ ...two.options, knownHosts: [known] }).open(two.uri(), call)).close()
    } finally {
      await two.stop()
    }
    makeKey(join(server.folder, 'rsa-key'), 'rsa')
    const rsa = readFileSync(join(server.folder, 'rsa-key.pub'), 'utf8')
    const error = await refusal({ knownHosts: [file('type', `[127.0.0.1]:${server.port} ${rsa}`)] })
    expect([error.code, error.message]).toEqual([
      'VM_REFUSED',
      expect.stringContaining('of a type that is not on file'),
    ])
  })

  test('who has no key is not let in, and no password is ever tried', async () => {
    makeKey(join(server.folder, 'stranger'))
    const stranger = await refusal({ identities: [join(server.folder, 'stranger')] })
    expect(stranger).toMatchObject({
      code: 'VM_REFUSED',
      message: expect.stringContaining('stranger') as string,
    })
    expect(await refusal({ identities: [] })).toMatchObject({ code: 'VM_REFUSED' })
    const missing = await refusal({ identities: [join(server.folder, 'missing')] })
    expect(missing).toMatchObject({ code: 'VM_INVALID' })
  })

  test('an encrypted key asks for ssh-add, and then the agent opens the door', async () => {
    const locked = join(server.folder, 'locked')
    makeKey(locked, 'ed25519', 'secret')
    writeFileSync(join(server.folder, 'authorized_keys'), readFileSync(`${locked}.pub`), { flag: 'a' })
    const error = await refusal({ identities: [locked] })
    expect(error).toMatchObject({
      code: 'VM_REFUSED',
      remedy: expect.stringContaining(`ssh-add ${locked}`) as string,
    })

    const socket = join(server.folder, 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    try {
      await expect.poll(() => existsSync(socket)).toBe(true)
      expect((await refusal({ identities: [locked], agent: socket })).code).toBe('VM_REFUSED')
      const askpass = file('askpass', '#!/bin/sh\necho secret\n')
      execFileSync('chmod', ['700', askpass])
      const env = {
        ...process.env,
        SSH_AUTH_SOCK: socket,
        SSH_ASKPASS: askpass,
        SSH_ASKPASS_REQUIRE: 'force',
      }
      // More keys than sshd lets one try: the one that is named must come first.
      for (let index = 0; index < 8; index += 1) {
        makeKey(join(server.folder, `agent-${index}`))
        execFileSync('ssh-add', ['-q', join(server.folder, `agent-${index}`)], { env })
      }
      execFileSync('ssh-add', ['-q', locked], { env, stdio: 'ignore' })
      const channel = await ssh({ ...server.options, identities: [locked], agent: socket }).open(
        server.uri(),
        call,
      )
      await channel.close()
    } finally {
      agent.kill('SIGTERM')
    }
  })

  test('an agent that is not there leaves the key files', async () => {
    const channel = await ssh({ ...server.options, agent: '/nowhere/agent' }).open(server.uri(), call)
    expect((await channel.exec(['true'], call)).code).toBe(0)
    await channel.close()
  })

  test('a port where nobody listens and a name that nobody knows are named', async () => {
    const port = await freePort()
    const refused = await refusal({}, sshUri('127.0.0.1', port, 'bob'))
    expect(refused).toMatchObject({
      code: 'VM_CONNECTION',
      message: `no ssh connection to bob@127.0.0.1:${port} could be made`,
    })
    expect(refused.causes[0]?.words).toContain('ECONNREFUSED')
    const unknown = await refusal({}, sshUri('no-such-host.invalid', null, 'bob'))
    expect(unknown).toMatchObject({ code: 'VM_CONNECTION', remedy: expect.stringContaining('DNS') as string })
  })

  test('a server that never speaks is given up in time, or at an abort', async () => {
    const silent = createServer(() => {})
    const port = await freePort()
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
    try {
      const error = await refusal({ connectTimeout: 200 }, sshUri('127.0.0.1', port))
      expect(error).toMatchObject({ code: 'VM_CONNECTION', causes: [{ words: 'no answer within 200 ms' }] })
      const controller = new AbortController()
      const opening = ssh(server.options).open(sshUri('127.0.0.1', port), { signal: controller.signal })
      setTimeout(() => controller.abort(), 50)
      await expect(opening).rejects.toMatchObject({ code: 'VM_ABORTED' })
    } finally {
      silent.close()
    }
  })

  test('a server that talks nonsense is given up', async () => {
    const noisy = createServer((socket) => socket.on('error', () => {}).end(Buffer.alloc(1_000_000, 'x')))
    const port = await freePort()
    await new Promise<void>((resolve) => noisy.listen(port, '127.0.0.1', resolve))
    try {
      expect(await refusal({ connectTimeout: 5000 }, sshUri('127.0.0.1', port))).toMatchObject({
        code: 'VM_CONNECTION',
      })
    } finally {
      noisy.close()
    }
  })

  test('a lost connection rejects all that is under way, and the next channel gets a new one', async () => {
    const provider = ssh(server.options)
    const channel = await provider.open(server.uri(), call)
    const process = await channel.spawn(['sleep', '600'], call)
    const path = join(server.folder, 'lost.sock')
    const next = (await channel.listen(path, call))[Symbol.asyncIterator]().next()
    const dialled = await channel.dial(path, call)
    await next
    const broken = new Promise((resolve) => dialled.once('error', resolve))
    const running = channel.exec(['sleep', '5'], call).catch((error: VmError) => error.code)
    const pid = pidOf(server, 'sleep 600')
    for (const one of server.workers()) killQuietly(one)
    expect(await running).toBe('VM_CONNECTION')
    await expect(process.exit).rejects.toMatchObject({ code: 'VM_CONNECTION' })
    expect(await broken).toMatchObject({ code: 'VM_CONNECTION' })
    await expect(channel.exec(['true'], call)).rejects.toMatchObject({ code: 'VM_CONNECTION' })
    const again = await provider.open(server.uri(), call)
    expect((await again.exec(['true'], call)).code).toBe(0)
    // What was spawned does not outlive its connection; what was only run may.
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000, interval: 100 }).toBe(false)
    await again.close()
    await channel.close()
  })

  test('a frozen server is noticed by its silence', async () => {
    const channel = await ssh({ ...server.options, keepAlive: 50 }).open(server.uri(), call)
    const frozen = server.workers()
    try {
      for (const pid of frozen) process.kill(pid, 'SIGSTOP')
      await expect(channel.exec(['true'], call)).rejects.toMatchObject({ code: 'VM_CONNECTION' })
    } finally {
      for (const pid of frozen) killQuietly(pid)
      await channel.close()
    }
  })

  test('a server that stands still keeps nobody from closing', async () => {
    const channel = await ssh(server.options).open(server.uri(), call)
    const frozen = server.workers()
    try {
      for (const pid of frozen) process.kill(pid, 'SIGSTOP')
      await expect(channel.close()).resolves.toBeUndefined()
    } finally {
      for (const pid of frozen) killQuietly(pid)
    }
  })

  test('processes in all sessions keep nobody from closing', async () => {
    const channel = await ssh(server.options).open(server.uri(), call)
    await Promise.all(Array.from({ length: 8 }, () => channel.spawn(['sleep', '611'], call)))
    const pid = pidOf(server, 'sleep 611')
    await channel.close()
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false)
  })

  test('a file whose data break off is not written', async () => {
    const path = join(server.folder, 'half')
    const channel = await ssh(server.options).open(server.uri(), call)
    await channel.writeFile(path, 'whole', call)
    const writing = channel
      .writeFile(path, Buffer.alloc(64 * 1024 * 1024), call)
      .catch((error: VmError) => error.code)
    await expect
      .poll(() => execFileSync('find', [server.folder, '-name', '.vmferry.*', '-size', '+1k']).length > 0)
      .toBe(true)
    for (const pid of server.workers()) killQuietly(pid)
    expect(await writing).toBe('VM_CONNECTION')
    await expect
      .poll(() => execFileSync('find', [server.folder, '-name', '.vmferry.*']).toString(), { timeout: 5000 })
      .toBe('')
    expect(readFileSync(path, 'utf8')).toBe('whole')
    await channel.close()
  })

  test('more spawned processes than sessions make the next one wait its turn', async () => {
    const channel = await ssh(server.options).open(server.uri(), call)
    const processes = await Promise.all(Array.from({ length: 8 }, () => channel.spawn(['cat'], call)))
    const waiting = channel.exec(['echo', 'turn'], call)
    const impatient = channel.exec(['true'], { signal: AbortSignal.timeout(50) })
    await expect(impatient).rejects.toMatchObject({ code: 'VM_ABORTED' })
    const path = join(server.folder, 'free.sock')
    const accepted = (await channel.listen(path, call))[Symbol.asyncIterator]().next()
    const dialled = await channel.dial(path, call)
    dialled.end('sockets need no session')
    const taken = await accepted
    expect(taken.done === true ? '' : await text(taken.value)).toBe('sockets need no session')
    processes[0]?.stdin.end()
    expect((await waiting).stdout).toBe('turn\n')
    await channel.close()
  })
})

describe.skipIf(noSshd)(`unusual servers ${noSshd}`, () => {
  test('what the login shell prints on its own is not taken for the command’s', async () => {
    const noise = 'echo welcome; echo careful >&2; eval "$SSH_ORIGINAL_COMMAND"'
    const server = await realSshd([`ForceCommand ${noise}`])
    try {
      const channel = await ssh(server.options).open(server.uri(), call)
      expect(await channel.exec(['echo', 'x'], call)).toEqual({
        code: 0,
        signal: null,
        stdout: 'x\n',
        stderr: '',
      })
      expect(await channel.exec(['cat'], { ...call, input: 'y' })).toMatchObject({ stdout: 'y', stderr: '' })
      await channel.close()
    } finally {
      await server.stop()
    }
  })

  test('an account without a login shell is named', async () => {
    const server = await realSshd(['ForceCommand echo This account is not available.; exit 1'])
    try {
      const opening = ssh(server.options).open(server.uri(), call)
      await expect(opening).rejects.toMatchObject({
        code: 'VM_PROTOCOL',
        causes: [{ words: 'This account is not available.' }],
      })
      await expect.poll(() => server.connections()).toEqual([])
    } finally {
      await server.stop()
    }
  })

  test('a server behind another is reached through it, each with its own key, and both are let go', async () => {
    const [gate, inner] = await Promise.all([realSshd(), realSshd()])
    try {
      const config = join(inner.folder, 'config')
      const identity = `IdentityFile ${inner.identity}\nIdentityFile ${gate.identity}\n`
      const known = `UserKnownHostsFile ${inner.knownHosts} ${gate.knownHosts}\n`
      const common = `IdentityAgent none\nGlobalKnownHostsFile none\n${identity}${known}`
      const uri = { ...inner.uri('inner'), port: null }
      const write = (lines: string): void => writeFileSync(config, lines)
      write(
        `Host gate\n HostName 127.0.0.1\n Port ${gate.port}\nHost inner\n HostName 127.0.0.1\n Port ${inner.port}\n ProxyJump gate\nHost *\n${common}`,
      )
      const channel = await ssh({ config }).open(uri, call)
      expect([gate.connections().length, inner.connections().length]).toEqual([1, 1])
      expect((await channel.exec(['echo', 'through'], call)).stdout).toBe('through\n')
      await channel.close()
      await expect.poll(() => [...gate.connections(), ...inner.connections()]).toEqual([])

      write(
        `Host gate\n HostName 127.0.0.1\n Port ${gate.port}\n UserKnownHostsFile /nowhere\nHost inner\n HostName 127.0.0.1\n Port ${inner.port}\n ProxyJump gate\nHost *\n${common}`,
      )
      await expect(ssh({ config }).open(uri, call)).rejects.toMatchObject({
        code: 'VM_REFUSED',
        message: expect.stringContaining(`:${gate.port}`) as string,
      })

      write(
        `Host inner\n HostName 127.0.0.1\n Port ${inner.port}\n ProxyJump gate\nHost gate\n ProxyJump inner\nHost *\n${common}`,
      )
      await expect(ssh({ config }).open(uri, call)).rejects.toMatchObject({
        code: 'VM_INVALID',
        message: expect.stringContaining('circle') as string,
      })

      write(`Host inner\n ProxyCommand nc %h %p\n`)
      await expect(ssh({ config }).open(uri, call)).rejects.toMatchObject({ code: 'VM_UNSUPPORTED' })
      await expect.poll(() => [...gate.connections(), ...inner.connections()]).toEqual([])
    } finally {
      await Promise.all([gate.stop(), inner.stop()])
    }
  })
})

/** The process with this command line that is in a session of the server. */
function pidOf(server: RealSshd, line: string): string {
  return execFileSync('pgrep', ['-f', '-x', '-P', server.workers().join(','), line])
    .toString()
    .trim()
}
