import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Lab, LabHost } from '@vmferry/lab'
import { findLab, labProblem, openLab, removeLab } from '@vmferry/lab'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../src/command.ts'
import { readState, writeState } from '../src/lab-state.ts'
import { isAlive, processesIn } from '../src/process-table.ts'

const problem = await labProblem()
const strictly = ['ssh', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', 'ConnectTimeout=1']

/** Starts something that lives on and resolves when it is there. */
async function leave(host: LabHost, seconds: number): Promise<void> {
  await host.exec(['sh', '-c', `setsid sleep ${seconds} >/dev/null 2>&1 & echo started`])
}

async function netsOf(lab: Lab): Promise<string[]> {
  const state = await readState(lab.folder)
  return Object.values(state?.hosts ?? {}).map(({ net }) => net)
}

describe.skipIf(problem !== null)(`a lab${problem === null ? '' : ` (not here: ${problem})`}`, () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab()
  })
  afterAll(() => lab.close())

  it('gives each host its own name, addresses and /run', async () => {
    for (const host of [lab.controller, lab.alpha, lab.beta]) {
      expect((await host.exec(['hostname'])).stdout).toBe(`${host.name}\n`)
      await host.exec(['sh', '-c', 'echo here > /run/note'])
      expect(await readFile(join(host.run, 'note'), 'utf8')).toBe('here\n')
      expect((await host.exec(['ip', '-4', '-brief', 'address'])).stdout).toContain(`${host.address}/24`)
    }
    expect(existsSync('/run/note')).toBe(false)
  })

  it('lets the controller reach alpha, and alpha reach beta, over ssh with known host keys', async () => {
    const alpha = await lab.controller.exec([...strictly, 'alpha', 'hostname'])
    expect(alpha).toMatchObject({ code: 0, stdout: 'alpha\n' })
    const beta = await lab.controller.exec([...strictly, 'alpha', `${strictly.join(' ')} beta hostname`])
    expect(beta).toMatchObject({ code: 0, stdout: 'beta\n' })
    const byAddress = await lab.alpha.exec([...strictly, lab.beta.address, 'echo $SSH_CONNECTION'])
    expect(byAddress.stdout).toContain(`${lab.alpha.address} `)
  })

  it('refuses a host whose key has changed', async () => {
    const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKrUxBlBfBkAyNxG2eC5EVUaSVEDzvV2IxhR0VdI4Rbc'
    const restore = await lab.controller.replace(
      join(userInfo().homedir, '.ssh', 'known_hosts'),
      `alpha ${other}\n`,
      0o600,
    )
    const refused = await lab.controller.exec([...strictly, 'alpha', 'hostname'])
    await restore()
    expect(refused.code).toBe(255)
    expect(refused.stderr).toContain('Host key verification failed')
    expect((await lab.controller.exec([...strictly, 'alpha', 'hostname'])).code).toBe(0)
  })

  it('cuts and restores the data network while the controller still reaches both hosts', async () => {
    await lab.cutLink()
    expect((await lab.alpha.exec([...strictly, 'beta', 'true'])).code).toBe(255)
    expect((await lab.controller.exec([...strictly, 'alpha', 'hostname'])).stdout).toBe('alpha\n')
    expect((await lab.controller.exec([...strictly, 'beta', 'hostname'])).stdout).toBe('beta\n')
    await lab.restoreLink()
    expect((await lab.alpha.exec([...strictly, 'beta', 'hostname'])).stdout).toBe('beta\n')
  })

  it('limits the data network in both directions', async () => {
    const rule = async (host: LabHost): Promise<string> =>
      (await host.exec(['tc', 'qdisc', 'show', 'dev', 'data'])).stdout
    await lab.shapeLink(200_000_000)
    for (const host of [lab.alpha, lab.beta]) expect(await rule(host)).toContain('rate 200Mbit')
    await lab.shapeLink(null)
    await lab.shapeLink(null)
    for (const host of [lab.alpha, lab.beta]) expect(await rule(host)).not.toContain('tbf')
  })

  it('hides a program on one host only', async () => {
    const show = await lab.alpha.hide('/usr/bin/busybox')
    const hidden = await lab.alpha.exec(['sh', '-c', 'busybox true'])
    expect(hidden.code).toBe(127)
    expect((await lab.beta.exec(['busybox', 'true'])).code).toBe(0)
    await show()
    await show()
    expect((await lab.alpha.exec(['busybox', 'true'])).code).toBe(0)
  })

  it('replaces a file on one host only, with its permissions', async () => {
    const restore = await lab.beta.replace('/usr/bin/busybox', '#!/bin/sh\necho "not $1"\n')
    expect((await lab.beta.exec(['busybox', 'here'])).stdout).toBe('not here\n')
    expect((await lab.alpha.exec(['busybox', 'echo', 'here'])).stdout).toBe('here\n')
    await restore()
    expect((await lab.beta.exec(['busybox', 'echo', 'here'])).stdout).toBe('here\n')
  })

  it('rejects when what is to be hidden is not there', async () => {
    await expect(lab.alpha.hide('/usr/bin/no-such-program')).rejects.toThrow('no-such-program')
  })

  it('lists the processes of a host without its own and without other hosts', async () => {
    await leave(lab.alpha, 4001)
    await leave(lab.beta, 4002)
    expect((await lab.alpha.processes()).map(({ argv }) => argv)).toEqual([['sleep', '4001']])
    expect(await lab.beta.processes('4001')).toEqual([])
    const session = lab.controller.spawn([...strictly, 'alpha', 'echo in; read line'])
    await new Promise((resolve) => session.stdout?.once('data', resolve))
    expect((await lab.alpha.processes('sshd')).length).toBeGreaterThan(0)
    expect((await lab.alpha.processes()).some(({ argv }) => argv.join(' ').includes('sshd'))).toBe(false)
    session.stdin?.end()
    await new Promise((resolve) => session.once('close', resolve))
  })

  it('passes input, environment and working directory to a command, and its status back', async () => {
    const result = await lab.alpha.exec(['sh', '-c', 'cat; pwd; echo $WORD >&2; exit 3'], {
      input: 'text\n',
      env: { WORD: 'word' },
      cwd: '/usr/share',
    })
    expect(result).toEqual({ code: 3, signal: null, stdout: 'text\n/usr/share\n', stderr: 'word\n' })
  })

  it('ends a command with its whole group at a time-out and at a signal', async () => {
    const argv = ['sh', '-c', 'sleep 4003 & sleep 4003']
    await expect(lab.beta.exec(argv, { timeout: 50 })).rejects.toThrow('its effect is unknown')
    await expect(lab.beta.exec(argv, { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout')
    expect(await lab.beta.processes('4003')).toEqual([])
  })
})

describe.skipIf(problem !== null)('closing a lab', () => {
  it('leaves no process, no namespace, no mount, no link and no folder', async () => {
    const outside = async (): Promise<string> => (await runCommand(['ip', '-oneline', 'link'])).stdout
    const links = await outside()
    const lab = await openLab()
    const nets = await netsOf(lab)
    await leave(lab.alpha, 4004)
    await lab.controller.hide('/usr/bin/busybox')
    const mounts = await readFile('/proc/self/mountinfo', 'utf8')
    expect(mounts).not.toContain(lab.folder)
    expect(await outside()).toBe(links)
    await lab.close()
    await lab.close()
    expect(nets).toHaveLength(3)
    for (const net of nets) expect(await processesIn(net)).toEqual([])
    expect(existsSync(lab.folder)).toBe(false)
    expect(await outside()).toBe(links)
  })

  it('does not disturb a second lab', async () => {
    await using one = await openLab()
    const two = await openLab()
    expect((await two.alpha.exec([...strictly, 'beta', 'hostname'])).stdout).toBe('beta\n')
    await two.close()
    expect((await one.alpha.exec([...strictly, 'beta', 'hostname'])).stdout).toBe('beta\n')
  })

  it('works from another process, and leaves what is not the lab’s in the folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lab-test-'))
    await writeFile(join(folder, 'notes'), 'mine')
    await openLab({ folder })
    await expect(openLab({ folder })).rejects.toThrow('is up')
    const found = await findLab(folder)
    expect((await found?.beta.exec(['hostname']))?.stdout).toBe('beta\n')
    expect(await removeLab(folder)).toBe(true)
    expect(await findLab(folder)).toBeNull()
    expect(await removeLab(folder)).toBe(false)
    expect(await readFile(join(folder, 'notes'), 'utf8')).toBe('mine')
    await rm(folder, { recursive: true })
  })

  it('finds what still runs on a host whose holder is gone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lab-test-'))
    const lab = await openLab({ folder })
    await leave(lab.alpha, 4005)
    const [left] = await lab.alpha.processes('4005')
    const state = await readState(folder)
    for (const { holder } of Object.values(state?.hosts ?? {})) process.kill(holder.pid, 'SIGKILL')
    await removeLab(folder)
    expect(left && (await isAlive(left))).toBe(false)
    expect(existsSync(folder)).toBe(false)
  })

  it('never ends a process by the number of a namespace alone', async () => {
    await using lab = await openLab()
    await leave(lab.alpha, 4006)
    const state = await readState(lab.folder)
    const folder = await mkdtemp(join(tmpdir(), 'lab-test-'))
    // The state of an older lab, whose namespaces had the numbers that this one has now.
    const gone = { pid: 2 ** 22 - 1, startTime: 1 }
    const alpha = { ...state!.hosts.alpha, holder: gone }
    await writeState(folder, {
      ...state!,
      id: 'older',
      hosts: { ...state!.hosts, alpha, beta: alpha, controller: alpha },
    })
    await mkdir(join(folder, 'hosts'))
    expect(await removeLab(folder)).toBe(true)
    expect(await lab.alpha.processes('4006')).toHaveLength(1)
  })

  it('is made up for when a temporary lab’s owner died', async () => {
    const lab = await openLab()
    const state = await readState(lab.folder)
    await writeState(lab.folder, { ...state!, owner: { pid: process.pid, startTime: 1 } })
    await using next = await openLab()
    expect(next.folder).not.toBe(lab.folder)
    expect(existsSync(lab.folder)).toBe(false)
  })
})
