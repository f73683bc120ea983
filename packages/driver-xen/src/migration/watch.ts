import { type CallOptions, type HostChannel, vmError } from '@vmferry/core/driver'
import type { HalfFolder } from '../guest/run-directory.ts'
import { NOW, WITH_XL } from '../xl/shell.ts'

/** What the source's host shows of a copy under way. */
export interface CopySeen {
  /** Its xl is there. */
  readonly sender: boolean
  /** The guest has been stopped for the last pass. */
  readonly suspended: boolean
  /** Bytes that the carrier has counted. */
  readonly carried: number
  /** The target's word has come, by the carrier itself. */
  readonly arrived: boolean
  /** The carrier's way has ended without it. */
  readonly broken: boolean
}

/**
 * A line for each look, twice a second and when there is news of the carrier, until nobody reads them: whether xl is there, bytes,
 * what the carrier left, and whether the guest stands. It starts next to no program, for dom0 has the copy to make: xl is asked
 * only once the first pass must be over, and again after ten times as long as its answer took.
 */
const WATCH = `
${WITH_XL}
cd "$1" || exit 0
read -r pid rest <sender || exit 0
bytes=0 again=0 guest=runs
${NOW}
count() {
  [ -f carried ] && read -r through portion <carried || return 0
  under=0
  while read -r key value; do [ "$key" != wchar: ] || under=$value; done <"/proc/$portion/io"
  [ $((through + under)) -le $bytes ] || bytes=$((through + under))
}
stands() {
  now
  [ $bytes -ge "$1" ] && [ $now -ge $again ] || return 0
  began=$now
  case $(timeout 10 xl list "$2" 2>/dev/null) in *" "[r-][b-][p-]s[rscwS-][d-]*) guest=stands;; esac
  now
  again=$((now + 10 * (now - began)))
}
rm -f news && mkfifo -m 600 news || exit 0
while sleep 0.5; do echo look; done >news &
trap "kill $! 2>/dev/null" EXIT
exec 6<>news
while :; do
  [ -d "/proc/$pid" ] && sender=yes || sender=no
  count 2>/dev/null
  word=none
  [ ! -e broken ] || word=broken
  [ ! -e arrived ] || word=arrived
  [ $guest = stands ] || [ $word = arrived ] || stands "$3" "$2"
  echo "$sender $bytes $word $guest" || exit 0
  read -r news <&6
done
`

/** Looks at a copy, and tells of each look, until `seen` has an answer. VM_CONNECTION if the host can no longer be seen. */
export async function watchCopy<A>(
  host: HostChannel,
  { path }: HalfFolder,
  { domid, from }: { readonly domid: number; readonly from: number },
  seen: (copy: CopySeen) => A | null,
  call: CallOptions,
): Promise<A> {
  const watch = await host.spawn(['sh', '-c', WATCH, 'sh', path, `${domid}`, `${from}`], call)
  watch.exit.catch(() => {})
  watch.stdin.on('error', () => {})
  watch.stderr.resume()
  const stop = (): void => void watch.kill('KILL').catch(() => {})
  call.signal.addEventListener('abort', stop, { once: true })
  try {
    let text = ''
    for await (const chunk of watch.stdout) {
      text += String(chunk)
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        const answer = seen(copySeen(line))
        if (answer !== null) return answer
      }
    }
  } finally {
    call.signal.removeEventListener('abort', stop)
    await watch.kill('KILL').catch(() => {})
  }
  throw vmError('VM_CONNECTION', `the copy on ${host.name} can no longer be watched`, { host: host.name })
}

export function copySeen(line: string): CopySeen {
  const [sender, carried, word, guest] = line.split(' ')
  return {
    sender: sender === 'yes',
    carried: Number(carried) || 0,
    arrived: word === 'arrived',
    broken: word === 'broken',
    suspended: guest === 'stands',
  }
}
