import type { CallOptions, HostChannel } from '@vmferry/core/driver'

/** A QMP command for a QEMU that has no guest. */
export interface Question {
  readonly execute: string
  readonly arguments?: object
  /** By which its answer is found. Default: the command's name. */
  readonly id?: string
}

/** What it answered. Small numbers only: nothing here needs more than JSON. */
export interface Answer {
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

export type Answers = ReadonlyMap<string, Answer>

/** Starts the binary $q and gives it all arguments of the script. */
export const BARE_QEMU = `
printf '%s\\n' "$@" | timeout 30 "$q" -machine none -accel "$accel" -nodefaults -display none -qmp stdio 2>/dev/null
exit 0
`

const ASK = `
q=$(command -v "$1") || exit 0
accel=$2
shift 2
${BARE_QEMU}
`

/** Starts that host's QEMU without a machine, asks it one thing after the other, and ends it. No answers: it does not start. */
export async function askBareQemu(
  host: HostChannel,
  binary: string,
  accelerator: 'kvm' | 'tcg',
  questions: readonly Question[],
  call: CallOptions,
): Promise<Answers> {
  const argv = ['sh', '-c', ASK, 'sh', binary, accelerator, ...linesOf(questions)]
  const { stdout } = await host.exec(argv, call)
  return answersIn(stdout.split('\n'))
}

/** What a QEMU is given: first that it is to listen, in the end that it may go. */
export function linesOf(questions: readonly Question[]): string[] {
  return [{ execute: 'qmp_capabilities' }, ...questions, { execute: 'quit' }].map((question) =>
    JSON.stringify({ id: question.execute, ...question }),
  )
}

/** By their ids; what is none is left out. */
export function answersIn(lines: readonly string[]): Answers {
  return new Map(lines.flatMap(answerIn))
}

function answerIn(line: string): (readonly [id: string, answer: Answer])[] {
  try {
    const { id, ...answer } = JSON.parse(line) as Answer & { readonly id?: string }
    return id === undefined ? [] : [[id, answer]]
  } catch {
    return []
  }
}
