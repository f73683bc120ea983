import {
  type CallOptions,
  type Clock,
  type HostChannel,
  type ProcessId,
  sleep,
  vmError,
} from '@vmferry/core/driver'
import { PROCESSES } from '@vmferry/fence'

/**
 * Files the process's own identity, then becomes the program: whatever happens to the controller, no process of ours
 * is without a record.
 */
const RECORD = `
${PROCESSES}
identity && echo "$self" >"$0" || exit 1
exec "$@"
`

/** The command that files itself as \`pid starttime bootid\` before it runs. */
export function recorded(file: string, argv: readonly string[]): string[] {
  return ['sh', '-c', RECORD, file, ...argv]
}

/** Waits until a process is proved gone; one that stays is killed after `patience` milliseconds. VM_TIMEOUT if even that does not end it. */
export async function untilGone(
  host: HostChannel,
  clock: Clock,
  process: ProcessId,
  patience: number,
  call: CallOptions,
): Promise<void> {
  const from = clock.monotonic()
  for (let pause = 1, killed = false; ; pause = Math.min(pause * 2, 250)) {
    if ((await host.probe(process, call)) === 'gone') return
    const waited = clock.monotonic() - from
    if (!killed && waited >= patience) {
      await host.kill(process, 'KILL', call)
      killed = true
    }
    if (waited > patience + 10_000) break
    await sleep(clock, pause, call.signal)
  }
  throw vmError('VM_TIMEOUT', `process ${process.pid} on ${host.name} does not end`, { host: host.name })
}
