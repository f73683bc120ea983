import { isVmError } from '@vmferry/core/driver'
import { type FileAccess, fileError, fileTooLong, mostFileBytes } from './file-access.ts'
import type { Output, Run } from './running-process.ts'
import { runScript } from './shell-script.ts'

const english = 'LC_ALL=C; export LC_ALL\n'

const reading = `${english} exec cat -- "$1"`

/** The length is compared because a connection that breaks looks like an end of the data. */
const writing = `${english}
file=$1 size=$2 dir=\${1%/*}
umask 077
mkdir -p -- "\${dir:-/}" || exit 1
new=$(mktemp "$dir/.vmferry.XXXXXXXX") || exit 1
trap 'rm -f -- "$new"' EXIT
trap 'exit 1' TERM HUP INT PIPE
cat >"$new" || exit 1
[ "$(wc -c <"$new")" -eq "$size" ] || { echo 'the data came to an early end' >&2; exit 1; }
sync -- "$new" 2>/dev/null || sync
mv -fT -- "$new" "$file" || exit 1
sync -- "\${dir:-/}" 2>/dev/null || :
`

const removing = `${english} exec rm -rf -- "$1"`

/** Files over a way of running commands: one command each, the data on its standard input or output. */
export function remoteFiles(run: Run, place: string): FileAccess {
  return {
    async read(path, stop) {
      const limit = { maxBytes: mostFileBytes }
      const output = await runScript(run, reading, [path], limit, stop).catch((error: unknown) => {
        throw isVmError(error, 'VM_PROTOCOL') ? fileTooLong(path, place) : error
      })
      const missing = / (No such file or directory|Not a directory)$/.test(words(output))
      if (failed(output)) throw fileError('read', path, place, words(output), missing)
      return new Uint8Array(output.stdout)
    },
    async write(path, data, stop) {
      const args = [path, String(data.byteLength)]
      const output = await runScript(run, writing, args, { input: data }, stop)
      if (failed(output)) throw fileError('written', path, place, words(output), false)
    },
    async remove(path, stop) {
      const output = await runScript(run, removing, [path.replace(/(.)\/+$/, '$1')], {}, stop)
      if (failed(output)) throw fileError('removed', path, place, words(output), false)
    },
  }
}

function failed(output: Output): boolean {
  return output.code !== 0
}

function words(output: Output): string {
  return output.stderr.toString().trim()
}
