import type { DetachOptions, ProcessId } from '@vmferry/core/driver'
import { vmError } from '@vmferry/core/driver'
import { notFound } from './announced-process.ts'
import type { Run } from './running-process.ts'
import { become, runScript, shellFunctions } from './shell-script.ts'

/**
 * `setsid -f` of util-linux, so that the process is nobody's child and a shell's `&` does not leave it deaf to SIGINT. It has let go of
 * the outputs when its pid is known. $PPID is sshd's process of the connection where a shell that stays does this, or a session.
 * While it is waited for, it dies with whoever waits: a start that nobody heard of would be left over for ever. `left` is in
 * milliseconds; who is soon there is looked for often, and who takes longer less so: each look starts a program, which takes from what is
 * waited for.
 */
const script = `${shellFunctions}
log=$1 until=$2 left=$3; shift 3
if ! found "$1"; then echo missing; exit 0; fi
booted || exit 1
( umask 077; : >"$log" ) || exit 1
pid=
drop() {
  look "\${pid:-0}"
  if [ -n "$start" ] && [ "\${self:-$start}" = "$start" ]; then kill -KILL "$pid"; fi
}
# Only noted: in the midst of the start, the pid is not known yet.
halted=
trap 'halted=1' TERM HUP INT
# Nobody may be left to hear that a child was terminated; caught and not ignored, for the process would inherit that.
trap : PIPE
self=
waits=0
pid=$(setsid -f sh -c 'exec 3>&1 </dev/null >>"$0" 2>&1 || exit
read -r pid rest </proc/self/stat && printf %s "$pid" >&3
exec 3>&-
${become}
become "$@"' "$log" "$@")
[ -n "$pid" ] || exit 1
look "$pid"; self=$start
while :; do
  look "$pid"
  if [ -n "$halted" ] || [ ! -d "/proc/$PPID" ]; then drop; exit 1; fi
  if [ -z "$start" ] || [ "$start" != "$self" ]; then echo ended; tail -c 4096 "$log"; exit 0; fi
  if [ -z "$until" ] || [ -e "$until" ]; then break; fi
  if [ "$left" -le 0 ]; then drop; echo late; tail -c 4096 "$log"; exit 0; fi
  waits=$((waits + 1))
  if [ "$waits" -gt 50 ]; then left=$((left - 20)); sleep 0.02
  elif [ "$waits" -gt 12 ]; then left=$((left - 10)); sleep 0.01
  else left=$((left - 4)); sleep 0.004; fi
done
if [ -n "$halted" ]; then drop; exit 1; fi
echo "running $pid $self $boot"
`

const defaultTimeout = 15_000

/** Starts a command that outlives its starter, by a script that any way of running commands can carry. */
export async function detach(
  run: Run,
  argv: readonly string[],
  options: DetachOptions,
  place: string,
  stop: AbortSignal,
): Promise<ProcessId> {
  const timeout = options.timeout ?? defaultTimeout
  const args = [options.log, options.until ?? '', String(Math.ceil(timeout)), ...argv]
  const output = await runScript(run, script, args, { leavesNobody: true }, stop)
  const text = output.stdout.toString()
  const [line = ''] = text.split('\n')
  const [verdict, pid, startTime, bootId] = line.split(' ')
  const words = (text.slice(line.length) + output.stderr.toString()).trim()
  const details = { host: place, causes: words === '' ? [] : [{ host: place, words }] }
  const command = JSON.stringify(argv[0])
  if (verdict === 'running' && startTime !== undefined && bootId !== undefined) {
    return { pid: Number(pid), startTime, bootId }
  }
  if (verdict === 'missing') throw notFound(argv[0] ?? '', place)
  if (verdict === 'ended') {
    const until = options.until === undefined ? 'it was seen to run' : `${options.until} was there`
    throw vmError('VM_PHASE_FAILED', `${command} on ${place} ended before ${until}`, details)
  }
  if (verdict === 'late') {
    const message = `${command} on ${place} did not make ${options.until} in ${timeout} ms and was killed`
    throw vmError('VM_TIMEOUT', message, { ...details, remedy: `see its log ${options.log} on ${place}` })
  }
  throw vmError('VM_PHASE_FAILED', `${command} could not be started on ${place}`, {
    ...details,
    remedy: `the folder of ${options.log} must exist, and setsid (util-linux) be installed`,
  })
}
