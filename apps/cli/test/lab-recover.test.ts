import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BeatWatch, type Lab, labProblem, openLab } from '@vmferry/lab'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  ALPHA,
  BETA,
  beatsOn,
  type Ended,
  ended,
  guestsOn,
  isWhole,
  leftOn,
  NOTHING,
  startBeating,
  stopAll,
  untilNothingOn,
  vmferry,
  WHOLE,
} from './lab-guest.ts'

const problem = await labProblem()

describe.skipIf(problem !== null)(
  `a migration whose command was killed${problem ? ` (${problem})` : ''}`,
  () => {
    let lab: Lab
    let watch: BeatWatch
    let state: string

    beforeAll(async () => {
      lab = await openLab()
    })
    afterAll(() => lab?.close())
    beforeEach(async () => {
      state = await mkdtemp(join(tmpdir(), 'vmferry-state-'))
      watch = await startBeating(lab, { name: 'web1' })
    })
    afterEach(async () => {
      watch.close()
      await stopAll(lab)
      await rm(state, { recursive: true })
    })

    /** Starts the migration and kills the command, with no time to say goodbye, once it has printed that line. */
    async function killedAt(line: string, ...words: readonly string[]): Promise<void> {
      const argv = vmferry('migrate', ALPHA, 'web1', BETA, '--live', '--json', ...words)
      const child = lab.controller.spawn(argv, { env: { XDG_STATE_HOME: state } })
      let stdout = ''
      child.stdout?.on('data', (chunk) => {
        stdout += String(chunk)
        if (stdout.includes(line)) child.kill('SIGKILL')
      })
      await new Promise((resolve) => child.on('close', resolve))
      expect(stdout).toContain(line)
      expect(stdout).not.toContain('migration-complete')
    }

    async function recover(...words: readonly string[]): Promise<Ended> {
      const argv = vmferry('recover', '--json', ...words)
      const options = { timeout: 120_000, env: { XDG_STATE_HOME: state } }
      const { code, stdout, stderr } = await lab.controller.exec(argv, options)
      return ended(code, stdout, stderr)
    }

    /** One guest, whole, at the source, with no trace of a migration; nothing at the target. */
    async function expectUntouched(): Promise<void> {
      await beatsOn(watch, lab.alpha)
      expect(isWhole(watch.report())).toEqual(WHOLE)
      expect(watch.report().handOvers).toEqual([])
      const left = async (): Promise<unknown> => {
        const { processes, files } = await leftOn(lab.alpha)
        return { processes: processes.length, files: files.filter((file) => /outgoing|tunnel/.test(file)) }
      }
      await expect.poll(left, { timeout: 5_000 }).toEqual({ processes: 1, files: [] })
      expect(await untilNothingOn(lab.beta)).toEqual(NOTHING)
    }

    test('in mid-copy is rolled back by recover, from the journal', async () => {
      await killedAt('"type":"progress"', '--bandwidth', '40')
      expect(await recover()).toMatchObject({ code: 1, lines: [{ outcome: 'rolledBack', pending: [] }] })
      await expectUntouched()
      expect(await recover()).toMatchObject({ code: 0, lines: [] })
    })

    test('in mid-copy is rolled back by recover --host, without the journal', async () => {
      await killedAt('"type":"progress"', '--bandwidth', '40')
      await rm(join(state, 'vmferry'), { recursive: true })
      expect(await recover('--host', ALPHA)).toMatchObject({
        code: 1,
        lines: [{ outcome: 'rolledBack', pending: [] }],
      })
      await expectUntouched()
    })

    test.each(['ready', 'hand-over', 'finish', 'confirm'])(
      'once %s has begun is brought to an end by recover: one copy, whole, and nothing beside it',
      async (phase) => {
        await killedAt(`"type":"phase-start","phase":"${phase}"`)
        const { code, lines } = await recover()
        expect(code).toBeLessThanOrEqual(1)
        expect(lines.flatMap(({ pending }) => pending)).toEqual([])
        const guests = [await guestsOn(lab.alpha), await guestsOn(lab.beta)]
        expect(guests.flat()).toEqual(['web1'])
        const [there, other] = guests[0]?.length === 1 ? [lab.alpha, lab.beta] : [lab.beta, lab.alpha]
        if (lines.length > 0)
          expect(lines).toMatchObject([{ outcome: there === lab.beta ? 'migrated' : 'rolledBack' }])
        await beatsOn(watch, there)
        expect(isWhole(watch.report())).toEqual(WHOLE)
        expect(await untilNothingOn(other)).toEqual(NOTHING)
      },
    )
  },
)
