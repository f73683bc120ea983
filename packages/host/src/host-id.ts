import { vmError } from '@vmferry/core/driver'
import type { Run } from './running-process.ts'
import { runScript } from './shell-script.ts'

/**
 * The machine id and the boot id are shared by hosts that are made of namespaces; /run is not. The first that comes
 * makes the file, whole, by link(2); everybody reads what is there then. Outside /run the folder must be our own:
 * in /tmp anybody could have made it first.
 */
const script = `
file=$1
umask 077
own() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }
if [ -z "$file" ]; then
  user=$(id -u) || exit 1
  if [ "$user" = 0 ]; then base=/run
  elif [ -n "\${XDG_RUNTIME_DIR-}" ] && own "$XDG_RUNTIME_DIR"; then base=$XDG_RUNTIME_DIR
  elif own "/run/user/$user"; then base=/run/user/$user
  else
    base=/tmp/vmferry-$user
    mkdir -m 700 "$base" 2>/dev/null
    own "$base" || { echo "$base belongs to somebody else" >&2; exit 1; }
  fi
  file=$base/vmferry/host-id
fi
mkdir -p "\${file%/*}" || exit 1
if [ ! -e "$file" ]; then
  new=$(mktemp "$file.XXXXXX") || exit 1
  od -An -N16 -tx1 /dev/urandom | tr -d ' \\n' >"$new" && ln "$new" "$file" 2>/dev/null
  rm -f "$new"
fi
echo "$file"
cat "$file"
`

/** Reads the host's id, and makes it if this is the first visit. */
export async function hostId(run: Run, place: string, file: string, stop: AbortSignal): Promise<string> {
  const output = await runScript(run, script, [file], {}, stop)
  const [path = '', id = ''] = output.stdout.toString().split('\n')
  if (/^[0-9a-f]{32}$/.test(id)) return id
  const words = output.stderr.toString().trim()
  throw vmError('VM_PROTOCOL', `${place} has no valid host id${path === '' ? '' : ` in ${path}`}`, {
    host: place,
    remedy:
      path === '' ? 'give the account a runtime folder that it owns' : `remove ${path} there and try again`,
    causes: words === '' ? [] : [{ host: place, words }],
  })
}
