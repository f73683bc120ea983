import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type BeatWatch, type Lab, labProblem, openLab } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  ferry,
  guestsOn,
  isWhole,
  leftOn,
  NOTHING,
  startBeating,
  stopAll,
  untilNothingOn,
  vmferry,
  WHOLE,
  whileMoving,
} from './lab-guest.ts'

const problem = await labProblem()

/** A module of Debian's QEMU without which it has no virtio-gpu-pci. */
const GPU = '/usr/lib/x86_64-linux-gnu/qemu/hw-display-virtio-gpu-pci.so'
const QEMU = '/usr/bin/qemu-system-x86_64'

describe.skipIf(problem !== null)(`a migration that fails${problem ? ` (${problem})` : ''}`, () => {
  let lab: Lab
  let watch: BeatWatch
  const undo: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    lab = await openLab()
  })
  afterAll(() => lab?.close())
  beforeEach(async () => {
    watch = await startBeating(lab, { name: 'web1', extra: ['-device', 'virtio-gpu-pci'] })
  })
  afterEach(async () => {
    for (const mend of undo.splice(0).toReversed()) await mend()
    watch.close()
    await stopAll(lab)
  })

  const migrate = (...words: readonly string[]) =>
    ferry(lab, 'migrate', ALPHA, 'web1', BETA, '--live', ...words)

  /** What must be true after every failure: one guest, at the source, whole; nothing at the target. */
  const expectUntouched = async (left: readonly string[] = []) => {
    await beatsOn(watch, lab.alpha)
    const report = watch.report()
    expect(isWhole(report)).toEqual(WHOLE)
    expect(report.handOvers).toEqual([])
    expect(await guestsOn(lab.alpha)).toEqual(['web1'])
    expect((await leftOn(lab.alpha)).files.filter((file) => /outgoing|tunnel/.test(file))).toEqual([])
    expect(await guestsOn(lab.beta)).toEqual(left)
    if (left.length === 0) expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
  }

  /** The error of the last line has all that the user needs. */
  const expectError = (last: unknown, error: object) => {
    expect(last).toMatchObject({
      error: { ...error, message: expect.any(String), remedy: expect.any(String) },
    })
  }
  const ROLLED_BACK = { source: 'running', target: 'none' }

  test('target that nobody knows: the error names it', async () => {
    const { code, last } = await ferry(
      lab,
      'migrate',
      ALPHA,
      'web1',
      'qemu+ssh://root@gamma/system',
      '--live',
    )
    expect(code).toBe(1)
    expectError(last, { code: 'VM_CONNECTION', phase: 'check', host: 'gamma', guest: ROLLED_BACK })
    await expectUntouched()
  })

  test('target that the source cannot reach', async () => {
    await lab.cutLink()
    undo.push(() => lab.restoreLink())
    const { code, last } = await migrate('--uri', 'ssh://beta')
    expect(code).toBe(1)
    expectError(last, { code: 'VM_CONNECTION', phase: 'check', host: 'alpha', guest: ROLLED_BACK })
    await expectUntouched()
  })

  test.each([
    ['unknown to the controller', 'controller', ''],
    ['changed for the controller', 'controller', 'changed'],
    ['unknown to the source', 'alpha', ''],
    ['changed for the source', 'alpha', 'changed'],
  ] as const)('host key %s', async (_words, where, how) => {
    const host = lab[where]
    const { stdout: known } = await host.exec(['cat', '/root/.ssh/known_hosts'])
    const { stdout: other } = await lab.alpha.exec(['cat', '/root/.ssh/known_hosts'])
    const alphas = /^\S*alpha\S*\s+(\S+ \S+)/m.exec(other)?.[1] ?? ''
    const others = known.split('\n').filter((line) => !/^\S*beta/.test(line))
    const names = /^(\S*beta\S*)/m.exec(known)?.[1] ?? 'beta'
    const lines = how === 'changed' ? [...others, `${names} ${alphas}`, ''] : others
    undo.push(await host.replace('/root/.ssh/known_hosts', lines.join('\n')))
    const { code, last } = await migrate('--uri', 'ssh://beta')
    expect(code).toBe(1)
    const told = { code: 'VM_REFUSED', phase: 'check', host: where === 'alpha' ? 'alpha' : 'beta' }
    expectError(last, { ...told, guest: ROLLED_BACK })
    expect(JSON.stringify(last)).toMatch(how === 'changed' ? /CHANGED/ : /not known|unknown|no entry/i)
    await expectUntouched()
  })

  test('name taken at the target', async () => {
    const argv = ['qemu-system-x86_64', '-accel', 'tcg', '-m', '32', '-nodefaults', '-display', 'none']
    expect((await lab.controller.exec(vmferry('start', BETA, 'web1', '--', ...argv))).code).toBe(0)
    const { code, last } = await migrate()
    expect(code).toBe(1)
    expectError(last, { code: 'VM_EXISTS', phase: 'check', host: 'beta', guest: ROLLED_BACK })
    await expectUntouched(['web1'])
  })

  test('a read-only file of another size at the target is warned about', async () => {
    const [guest] = await lab.alpha.processes('-name web1')
    const image = / file=([^,]+)/.exec(guest?.argv.join(' ') ?? '')?.[1] ?? ''
    undo.push(await lab.beta.replace(image, 'firmware of another version'))
    const { lines } = await ferry(lab, 'plan', ALPHA, 'web1', BETA, '--live')
    expect(JSON.stringify(lines)).toContain('file-differs')
  })

  test('QEMU binary missing at the target', async () => {
    undo.push(await lab.beta.hide(QEMU))
    const { code, last } = await migrate()
    expect(code).toBe(1)
    expectError(last, { code: 'VM_PHASE_FAILED', phase: 'check', host: 'beta', guest: ROLLED_BACK })
    expect(JSON.stringify(last)).toContain('not installed on beta')
    await expectUntouched()
  })

  test('target lacks memory', async () => {
    const { stdout } = await lab.beta.exec(['cat', '/proc/meminfo'])
    undo.push(
      await lab.beta.replace(
        '/proc/meminfo',
        stdout.replace(/^MemAvailable:.*$/m, 'MemAvailable:      51200 kB'),
      ),
    )
    const { code, last } = await migrate()
    expect(code).toBe(1)
    expectError(last, { code: 'VM_PHASE_FAILED', phase: 'check', host: 'beta' })
    expect(JSON.stringify(last)).toContain('50 MiB of memory available')
    await expectUntouched()
  })

  test('target lacks a device', async () => {
    undo.push(await lab.beta.hide(GPU))
    const { code, last } = await migrate()
    expect(code).toBe(1)
    expectError(last, { code: 'VM_PHASE_FAILED', phase: 'check', host: 'beta' })
    expect(JSON.stringify(last)).toContain('no device virtio-gpu-pci')
    await expectUntouched()
  })

  test('target lacks the machine type', async () => {
    const other = `#!/bin/sh\nexec ${QEMU}-microvm "$@"\n`
    undo.push(await lab.beta.replace(QEMU, other, 0o755))
    const { code, last } = await migrate()
    expect(code).toBe(1)
    expectError(last, { code: 'VM_PHASE_FAILED', phase: 'check', host: 'beta' })
    expect(JSON.stringify(last)).toMatch(/no machine type pc-i440fx-\d/)
    await expectUntouched()
  })

  test('target that cannot load the guest: its own words are among the causes', async () => {
    // with another size of memory: it finds out only when the stream comes
    const folder = await mkdtemp(join(tmpdir(), 'vmferry-other-'))
    undo.push(() => rm(folder, { recursive: true }))
    await copyFile(QEMU, join(folder, 'qemu'))
    const other = `#!/bin/bash\nargs=("$@")\nfor i in "\${!args[@]}"; do [ "\${args[i]}" = 128 ] && args[i]=160; done\nQEMU_MODULE_DIR=${dirname(GPU)} exec ${folder}/qemu -L /usr/share/qemu -L /usr/share/seabios "\${args[@]}"\n`
    undo.push(await lab.beta.replace(QEMU, other, 0o755))
    const { code, last } = await migrate()
    expect(code).toBe(1)
    expectError(last, { code: 'VM_PHASE_FAILED', phase: 'perform', guest: ROLLED_BACK })
    expect(JSON.stringify(last)).toMatch(/mismatch: .*pc\.ram/)
    await expectUntouched()
  })

  test('URI with an unknown transport', async () => {
    const { code, last } = await migrate('--uri', 'ftp://beta')
    expect(code).toBe(1)
    expectError(last, { code: 'VM_UNSUPPORTED', phase: 'check', guest: ROLLED_BACK })
    expect(JSON.stringify(last)).toContain('unix, ssh, relay, tls, tcp')
    await expectUntouched()
  })

  test('port refused: it is taken at the target', async () => {
    const { code, last } = await migrate('--uri', 'tcp://beta:22')
    expect(code).toBe(1)
    expectError(last, { code: 'VM_PHASE_FAILED', phase: 'prepare', host: 'beta', guest: ROLLED_BACK })
    expect(JSON.stringify(last)).toContain('Address already in use')
    await expectUntouched()
  })

  test('port refused: the address leads the source to itself', async () => {
    // an address that two hosts have: the target listens on its own, the source connects to its own
    for (const host of [lab.alpha, lab.beta]) {
      await host.exec(['ip', 'address', 'add', '10.77.0.9/32', 'dev', 'lo'])
      undo.push(() => host.exec(['ip', 'address', 'del', '10.77.0.9/32', 'dev', 'lo']))
    }
    const { code, last } = await migrate('--uri', 'tcp://10.77.0.9')
    expect(code).toBe(1)
    expectError(last, { code: 'VM_PHASE_FAILED', phase: 'perform', host: 'alpha', guest: ROLLED_BACK })
    expect(JSON.stringify(last)).toContain('Connection refused')
    await expectUntouched()
  })

  test('target QEMU killed half-way', async () => {
    const { code, last } = await halfWay(['--bandwidth', '40'], async () => {
      const [qemu] = await lab.beta.processes('-incoming')
      process.kill(qemu?.pid ?? 0, 'SIGKILL')
    })
    expect(code).toBe(1)
    expect(last).toMatchObject({ outcome: 'rolledBack' })
    expectError(last, { code: 'VM_PHASE_FAILED', phase: 'perform', guest: ROLLED_BACK })
    await expectUntouched()
  })

  test('link cut half-way and left down', async () => {
    const { code, last } = await halfWay(['--bandwidth', '40', '--stall-timeout', '6'], async () => {
      await lab.cutLink()
      undo.push(() => lab.restoreLink())
    })
    expect(code).toBe(1)
    expect(last).toMatchObject({ outcome: 'rolledBack' })
    expectError(last, { phase: 'perform', guest: ROLLED_BACK })
    expect(JSON.stringify(last)).toMatch(/"code":"(VM_TIMEOUT|VM_PHASE_FAILED)"/)
    await expectUntouched()
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('cancelled by %s half-way', async (signal, exit) => {
    const { code, last } = await halfWay(['--bandwidth', '40'], async (child) => {
      child.kill(signal)
    })
    expect(code).toBe(exit)
    expect(last).toMatchObject({ outcome: 'rolledBack' })
    expectError(last, { code: 'VM_ABORTED', phase: 'perform', guest: ROLLED_BACK })
    await expectUntouched()
  })

  /** Runs the migration, and does something to it once memory has begun to move. */
  async function halfWay(
    words: readonly string[],
    strike: (child: { kill(signal: NodeJS.Signals): boolean }) => Promise<void>,
  ) {
    let struck = 0
    const command = ['migrate', ALPHA, 'web1', BETA, '--live', ...words]
    const end = await whileMoving(lab, command, 3, (child) => {
      struck += 1
      return strike(child)
    })
    expect(struck).toBe(1)
    return end
  }
})
