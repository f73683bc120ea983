import { type ExecResult, type VmError, type VmErrorCode, vmError } from '@vmferry/core/driver'
import { ENDED } from './script.ts'
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

/** What QEMU answered to the steps. Throws what the script says by its exit code, which tells nothing if it was cut off. */
export function answersIn<const S extends readonly Step[]>(
  of: Fenced,
  steps: S,
  { code, stdout, stderr }: Pick<ExecResult, 'code' | 'stdout' | 'stderr'>,
): Answers<S> {
  const verdict = verdictIn(stdout) ?? (code === ENDED.late ? code : null)
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('= '))
  if (verdict === ENDED.stale) throw stale(of, Number(lines[0]))
  if (verdict === ENDED.refused) throw refused(of, steps, lines)
  if (verdict !== 0) throw failed(of, verdict, stderr.trim())
  const answered = lines.values()
  return steps.map(({ order }) => (order ? replyIn(answered.next().value).return : null)) as Answers<S>
}

/** Another controller has claimed the domain. */
export function stale({ host, domain }: Fenced, epoch: number): VmError {
  return vmError('VM_STALE', `${host} holds epoch ${epoch} of '${domain}': another controller has it`, {
    host,
    epoch,
    remedy: 'another controller has taken over: look at the domain first',
  })
}

/** What to do about a QEMU without a fence monitor. */
export const UNFENCED = 'shut the guest down, and start it with this vmferry'

/** QEMU's own refusal: the last line is its answer to the last command that was given. */
function refused({ host }: Fenced, steps: readonly Step[], lines: readonly string[]): VmError {
  const command = steps.filter(({ order }) => order)[lines.length - 1]?.order?.execute
  const words = replyIn(lines.at(-1)).error?.desc ?? 'no description'
  const causes = [{ host, words }]
  return vmError('VM_PHASE_FAILED', `QEMU on ${host} refused ${command}: ${words}`, { host, causes })
}

function failed({ host, domain }: Fenced, verdict: number | null, words: string): VmError {
  const it = `'${domain}' on ${host}`
  const told: Readonly<Record<number, readonly [VmErrorCode, string, string?]>> = {
    [ENDED.taken]: ['VM_BUSY', `${it} is being migrated already`, 'wait until that migration has settled'],
    [ENDED.gone]: ['VM_CONNECTION', `the QEMU of ${it} is gone`],
    [ENDED.late]: ['VM_TIMEOUT', `${it} did not answer in time`, 'look at it before anything else'],
    [ENDED.unfenced]: ['VM_UNSUPPORTED', `the QEMU of ${it} has no fence monitor`, UNFENCED],
  }
  const [code, message, remedy] =
    verdict === null
      ? (['VM_CONNECTION', `what was asked for ${it} was cut off`] as const)
      : (told[verdict] ?? ['VM_PHASE_FAILED', `what was asked for ${it} could not be done`])
  const causes = words === '' ? [] : [{ host, words }]
  return vmError(code, message, { host, causes, ...(remedy && { remedy }) })
}

function replyIn(line = '{}'): { readonly return?: unknown; readonly error?: { readonly desc?: string } } {
  return JSON.parse(line) as ReturnType<typeof replyIn>
}
