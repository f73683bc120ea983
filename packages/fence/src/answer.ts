import { type ExecResult, type VmError, type VmErrorCode, vmError } from '@vmferry/core/driver'
import { ENDED } from './ended.ts'
import type { Answers, Step } from './step.ts'

/** Whom a call through the fence is about: for messages. */
export interface Fenced {
  readonly host: string
  readonly domain: string
}

/** How the script ended, as its last line tells; null: it was cut off. */
export function verdictIn(stdout: string): number | null {
  const code = /^= (\d+)$/m.exec(stdout)?.[1]
  return code === undefined ? null : Number(code)
}

/** An error by an exit code. */
export type Failure = readonly [code: VmErrorCode, message: string, remedy?: string]

/** What the steps answered. Throws what the script says by its exit code, which tells nothing if it was cut off. */
export function answersIn<const S extends readonly Step[]>(
  of: Fenced,
  steps: S,
  failures: ((guest: string) => Readonly<Record<number, Failure>>) | undefined,
  { code, stdout, stderr }: Pick<ExecResult, 'code' | 'stdout' | 'stderr'>,
): Answers<S> {
  const verdict = verdictIn(stdout) ?? (code === ENDED.late ? code : null)
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('= '))
  if (verdict === ENDED.stale) throw stale(of, Number(lines[0]))
  const last = lines.at(-1)
  const refused = steps.filter(({ read }) => read)[lines.length - 1]?.refusal
  if (verdict === ENDED.refused && refused && last !== undefined) throw refused(last, of.host)
  if (verdict !== 0) throw failed(of, verdict, stderr.trim(), failures)
  const answered = lines.values()
  return steps.map(({ read }) => (read ? read(answered.next().value ?? '') : null)) as Answers<S>
}

/** Another controller has claimed the domain. */
export function stale({ host, domain }: Fenced, epoch: number): VmError {
  return vmError('VM_STALE', `${host} holds epoch ${epoch} of '${domain}': another controller has it`, {
    host,
    epoch,
    remedy: 'another controller has taken over: look at the domain first',
  })
}

function failed(
  { host, domain }: Fenced,
  verdict: number | null,
  words: string,
  failures: ((guest: string) => Readonly<Record<number, Failure>>) | undefined,
): VmError {
  const it = `'${domain}' on ${host}`
  const told: Readonly<Record<number, Failure>> = {
    [ENDED.taken]: ['VM_BUSY', `${it} is being migrated already`, 'wait until that migration has settled'],
    [ENDED.gone]: ['VM_CONNECTION', `the hypervisor of ${it} is gone`],
    [ENDED.late]: ['VM_TIMEOUT', `${it} did not answer in time`, 'look at it before anything else'],
    ...failures?.(it),
  }
  const [code, message, remedy]: Failure =
    verdict === null
      ? ['VM_CONNECTION', `what was asked for ${it} was cut off`]
      : (told[verdict] ?? ['VM_PHASE_FAILED', `what was asked for ${it} could not be done`])
  const causes = words === '' ? [] : [{ host, words }]
  return vmError(code, message, { host, causes, ...(remedy && { remedy }) })
}
