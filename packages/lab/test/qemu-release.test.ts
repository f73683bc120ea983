import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lab } from '@vmferry/lab'
import {
  exactQemu,
  giveQemu,
  installedQemu,
  labProblem,
  openLab,
  qemuRelease,
  qemuReleaseProblem,
  qemuSeries,
} from '@vmferry/lab'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { runCommand } from '../src/command.ts'
import { launcher } from '../src/qemu-launcher.ts'

const installed = await installedQemu()
const other = qemuSeries.find((series) => !installed?.version.startsWith(`${series}.`)) ?? '10.0'
const problem =
  (await labProblem()) ??
  (installed === null ? 'no QEMU is installed' : null) ??
  (await qemuReleaseProblem(other))

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "it's a folder "))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

it('a launcher hands on its own words and those that it is given', async () => {
  const path = join(await temporaryFolder(), 'launcher')
  await writeFile(path, launcher(['printf', '<%s>', "it's", '$HOME']))
  await chmod(path, 0o755)
  expect((await runCommand([path, 'a b', '"'])).stdout).toBe('<it\'s><$HOME><a b><">')
})

it('why there is no such QEMU is said in a sentence', async () => {
  vi.stubEnv('XDG_CACHE_HOME', await temporaryFolder())
  vi.stubEnv('PATH', '/nowhere')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  expect(await qemuReleaseProblem(other)).toMatch(/^no such QEMU: cannot run `apt-get`/)
})

describe.skipIf(problem !== null)(
  `QEMU ${other} beside the installed one${problem === null ? '' : ` (not here: ${problem})`}`,
  () => {
    let lab: Lab
    beforeAll(async () => {
      lab = await openLab()
    })
    afterAll(() => lab.close())

    const versionOn = async (name: 'alpha' | 'beta'): Promise<string> =>
      (await lab.controller.exec(['ssh', name, 'qemu-system-x86_64', '--version'])).stdout

    it('is what one host runs, and the other host does not, until it is taken back', async () => {
      const before = await versionOn('beta')
      const takeBack = await giveQemu(lab.alpha, await qemuRelease(other))
      expect(await versionOn('alpha')).toContain(`QEMU emulator version ${other}.`)
      expect(await versionOn('beta')).toBe(before)
      await takeBack()
      expect(await versionOn('alpha')).toBe(before)
    })

    it('knows its devices, has firmware of its own, and comes with qemu-img', async () => {
      const { folder } = await qemuRelease(other)
      const ask = (...words: string[]) => runCommand([join(folder, 'qemu-system-x86_64'), ...words])
      expect(await ask('-device', 'help')).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringContaining('name "isa-serial"'),
      })
      const [first = ''] = (await ask('-L', 'help')).stdout.split('\n')
      expect(first.startsWith(join(folder, '..'))).toBe(true)
      const { stdout } = await runCommand([join(folder, 'qemu-img'), '--version'])
      expect(stdout).toContain(`qemu-img version ${other}.`)
    })

    it('has the process number that its starter was told', async () => {
      const takeBack = await giveQemu(lab.alpha, await qemuRelease(other))
      const child = lab.alpha.spawn(['qemu-system-x86_64', '-nodefaults', '-display', 'none', '-S'])
      const found = await vi.waitFor(async () => {
        const [guest] = await lab.alpha.processes(`argv0 qemu-system-x86_64`)
        if (guest === undefined) throw new Error('it does not run yet')
        return guest
      })
      expect(found.pid).toBe(child.pid)
      child.kill('SIGKILL')
      await takeBack()
    })

    it('is the installed one for Linux guests from 9.0 on, otherwise a newer one', async () => {
      const { version, folder } = await exactQemu()
      expect(Number.parseInt(version, 10)).toBeGreaterThanOrEqual(9)
      expect(folder === installed?.folder).toBe(Number.parseInt(installed?.version ?? '0', 10) >= 9)
    })
  },
)
