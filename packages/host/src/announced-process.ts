import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { vmError } from '@vmferry/core/driver'
import { type AfterLine, afterLine } from './after-line.ts'
import { shellFunctions } from './shell-script.ts'

/**
 * Says under a secret tag who it is, then becomes the program. What a shell's start-up files print before the tag is
 * dropped. A missing program is told apart from one that itself exits with 127, because only this script knows the tag.
 * `watch`: a process that loses its parent (sshd's, or the controller's own) within a second loses its life too; the
 * watcher is a grandchild, so that the program never meets a child that it did not make.
 */
const script = `${shellFunctions}
mode=$1; shift
if ! found "$1"; then printf '%s missing\\n' "$0" >&2; exit 127; fi
look $$
self=$start
if [ "$mode" = watch ]; then
  ( ( while [ -d "/proc/$PPID" ]; do
    sleep 1
    look $$
    [ "$start" = "$self" ] || exit 0
  done
  look $$
  [ "$start" = "$self" ] && kill -KILL $$ ) </dev/null >/dev/null 2>&1 & )
fi
printf '%s\\n' "$0"
printf '%s %s %s\\n' "$0" $$ "$self" >&2
become "$@"
`

/** A program's wrapper: the vector to start, and how to hear what it says first. */
export interface Announcement {
  readonly argv: readonly string[]
  /** Takes both output streams at once, and gives them back without what came before the program. */
  hear(stdout: Readable, stderr: Readable): Heard
}

export interface Heard {
  readonly stdout: Readable
  readonly stderr: Readable
  /** Who it is. Rejects with VM_NOT_FOUND if there is no such program. */
  readonly self: Promise<{ readonly pid: number; readonly startTime: string }>
}

/** @param mode `watch` for a process that must not outlive its connection */
export function announced(argv: readonly string[], mode: 'watch' | 'once', place: string): Announcement {
  const tag = `vmferry-${randomBytes(16).toString('hex')}`
  return {
    argv: ['sh', '-c', script, tag, mode, ...argv],
    hear(stdout, stderr) {
      const [out, err] = [afterLine(stdout, tag), afterLine(stderr, tag)]
      const self = identify(out, err, argv[0] ?? '', place)
      // It may fail before anybody asks.
      self.catch(() => {})
      return { stdout: out.rest, stderr: err.rest, self }
    },
  }
}

async function identify(
  out: AfterLine,
  err: AfterLine,
  program: string,
  place: string,
): ReturnType<() => Heard['self']> {
  const { line, noise } = await err.line
  const [word = '', startTime = ''] = line?.split(' ') ?? []
  if (word === 'missing') throw notFound(program, place)
  const greeting = await out.line
  const pid = Number(word)
  if (line !== null && greeting.line !== null && Number.isInteger(pid)) return { pid, startTime }
  throw vmError('VM_PROTOCOL', `the login shell on ${place} did not run the command`, {
    host: place,
    remedy: 'give the account a POSIX shell (sh, bash, zsh, ksh) as its login shell',
    causes: [noise, greeting.noise].filter(Boolean).map((words) => ({ host: place, words })),
  })
}

/** The error for a program that the host lacks. */
export function notFound(program: string, place: string): Error {
  return vmError('VM_NOT_FOUND', `there is no program ${JSON.stringify(program)} on ${place}`, {
    host: place,
    remedy: `install it on ${place}, or put it into the PATH of the account that vmferry uses`,
  })
}
