import type { CallOptions, HostChannel } from '@vmferry/core/driver'
import { AWAY, INCOMING } from '../xl/messages.ts'
import { WITH_XL } from '../xl/shell.ts'

/** Numbers of the processes in a folder, or with it in their command line; what looks for them has it in neither. */
const PROCESSES = (folder: string): string => `
processes() {
  {
    grep -lF -f - /proc/[0-9]*/cmdline 2>/dev/null <<EOF
${folder}/
EOF
    ls -l /proc/[0-9]*/cwd 2>/dev/null | sed -n 's|.* \\(/proc/[0-9]*/cwd\\) -> ${folder}/.*|\\1|p'
  } | cut -d / -f 3 | sort -un
}
`

/** Copies under the names that xl gives them until a migration is over. */
const COPIES = `
${WITH_XL}
xl list 2>/dev/null | sed -n 's/^\\([^ ]*\\(${INCOMING}\\|${AWAY}\\)\\) .*/domain \\1/p'
`

/** A line for each file below a run directory but the epochs, which stay by design, for each process that has to do with it, and for each copy that is nobody's home. */
export async function tracesIn(host: HostChannel, folder: string, call: CallOptions): Promise<string[]> {
  const script = `${PROCESSES(folder)}${COPIES}
find ${folder} -mindepth 1 -name .claims -prune -o -mindepth 1 -print 2>/dev/null | sort
for pid in $(processes); do
  echo "process $pid $(tr '\\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
done
exit 0
`
  const { stdout } = await host.exec(['sh', '-s'], { ...call, input: script })
  return stdout.split('\n').filter((line) => line !== '')
}

/** Ends all that has to do with a run directory, whatever it does, and removes it. */
export async function clearRoom(host: HostChannel, folder: string, call: CallOptions): Promise<void> {
  const script = `${PROCESSES(folder)}
left=50
while [ $left -gt 0 ]; do
  pids=$(processes)
  [ -n "$pids" ] || break
  kill -KILL $pids 2>/dev/null
  left=$((left - 1))
  sleep 0.1
done
exit 0
`
  await host.exec(['sh', '-s'], { ...call, input: script })
  await host.remove(folder, call)
}
