import { ENDED } from './ended.ts'

/**
 * `enter` takes the domain's lock and reads the epoch that this host holds. $1: the folder of claims, $2: the domain. A folder
 * that ends with the boot, as its guests do, has a mark of that in it: there nothing is written through.
 */
const ENTER = `
claims=$1 domain=$2
[ -d "$claims" ] || {
  mkdir -p "$claims" || exit 1
  case $(stat -f -c %T "$claims" 2>/dev/null) in tmpfs|ramfs) : >"$claims/ends-with-boot";; esac
}
[ ! -e "$claims/ends-with-boot" ] || sync() { :; }
enter() {
  exec 9>"$claims/$domain.lock"
  flock -w 25 9 || exit ${ENDED.late}
  held=0
  [ ! -f "$claims/$domain.epoch" ] || read -r held <"$claims/$domain.epoch" || exit 1
}
`

/**
 * Shell functions about processes, `PID START BOOT` in one line where they are on file. None starts a program: that costs
 * milliseconds. `born PID` sets `birth`, the start time, field 22 of /proc/PID/stat, counted from the last bracket as a program chooses its own
 * name; it fails for a zombie and for nobody. `identity` sets `self` to who the shell is, for the program that it becomes. `living FILE`
 * tells whether the process in a file is there, in this boot; `$pid` is its id.
 */
export const PROCESSES: string = `
born() {
  stat=
  { while IFS= read -r part; do stat="$stat $part"; done <"/proc/$1/stat"; } 2>/dev/null
  set -- \${stat##*) }
  case \${1:-Z} in Z|X|x) return 1;; esac
  shift 19
  birth=$1
}

identity() {
  IFS=' ' read -r self rest </proc/self/stat && IFS= read -r now </proc/sys/kernel/random/boot_id &&
    born "$self" && self="$self $birth $now"
}

living() {
  { IFS=' ' read -r pid start boot <"$1"; } 2>/dev/null || return 1
  [ -r /proc/self/stat ] && IFS= read -r now </proc/sys/kernel/random/boot_id || exit 1
  [ "$boot" = "$now" ] && born "$pid" && [ "$birth" = "$start" ]
}
`

/** Compares and sets. $3: the new epoch, which must be higher than what is held. */
export const CLAIM: string = `${ENTER}
enter
[ "$3" -gt "$held" ] || { echo "$held"; exit ${ENDED.stale}; }
file=$claims/$domain
echo "$3" >"$file.new" && sync -d "$file.new" && mv "$file.new" "$file.epoch"
`

/**
 * Becomes a program that stays, unless a higher epoch than $3 is held. It files in $4 who it is before it lets go of the
 * lock: whoever claims afterwards finds it on file. A script for sh it does by itself: a program costs a millisecond.
 */
export const LAUNCH: string = `${ENTER}${PROCESSES}
enter
[ "$3" -ge "$held" ] || exit ${ENDED.stale}
identity && echo "$self" >"$4" || exit 1
shift 4
exec 9>&-
if [ "$1 $2 $4" = 'sh -c sh' ]; then
  script=$3
  shift 4
  eval "$script"
  exit
fi
exec "$@"
`

/**
 * The dead man's switch: hears a word within each $1 seconds, and ends at any but "alive". Without one it runs the script
 * that follows, with the epoch $2; nobody may be there to hear what it says.
 */
export const DEAD_MAN: string = `
limit=$1 epoch=$2
shift 2
while word=$(timeout "$limit" sh -c 'read -r word && echo "$word"'); do
  [ "$word" = alive ] || exit 0
done
echo "$epoch" | timeout 30 "$@" >/dev/null 2>&1
`

/**
 * The fence: `act` takes an epoch (`-`: somebody asks), the domain, the guest's folder and steps, each a verb and two arguments. It takes
 * the lock, compares, and does the steps up to the first that fails, which ends the shell. All in one critical section, so that no claim
 * comes between the comparison and the effect. Of a shell that has ended the last line tells how.
 *
 * `verbs` are the driver's own: functions `do_NAME`. They have `$guest` (the folder), `$epoch`, `alive FILE`
 * (the process that a file of the folder names is there), `file NAME CONTENT` (whole and on the disk), and `unmark`, for a
 * hypervisor that refused to run the guest: the mark is taken away again if this act left it. What a step reads stands on the standard input.
 *
 * Whatever starts a program costs milliseconds of a guest that stands still: `mark` has none but sync.
 */
const FENCE = (verbs: string): string => `
umask 077
${ENTER}${PROCESSES}
act() {
  epoch=$1 domain=$2 guest=$3 fresh=
  shift 3
  enter
  [ "$epoch" = - ] || [ "$epoch" -ge "$held" ] || { echo "$held"; exit ${ENDED.stale}; }
  while [ $# -gt 0 ]; do
    "do_$1" "$2" "$3" || exit
    shift 3
  done
  exec 9>&-
}

alive() { living "$guest/$1"; }

do_mark() {
  [ -e "$guest/may-have-run" ] || fresh=1
  : >"$guest/may-have-run" && sync "$guest/may-have-run" "$guest"
}

unmark() { [ -z "$fresh" ] || rm -f "$guest/may-have-run"; }

file() { printf %s "$2" >"$guest/$1.new" && sync "$guest/$1.new" && mv "$guest/$1.new" "$guest/$1" && sync "$guest"; }

do_keep() { IFS= read -r record && file "$1" "$record"; }

do_hold() {
  [ ! -e "$guest/outgoing.json" ] || exit ${ENDED.taken}
  do_keep outgoing.json && rm -f "$guest/incoming.json" "$guest/may-have-run"
}

do_arrive() {
  IFS= read -r record && IFS= read -r definition || return
  incoming=$guest/incoming.json defined=$guest/definition.json
  mkdir -p "$guest" && printf %s "$record" >"$incoming.new" && printf %s "$definition" >"$defined.new" &&
    sync "$incoming.new" "$defined.new" && mv "$incoming.new" "$incoming" && mv "$defined.new" "$defined" &&
    sync "$guest" "$guest/.."
}

do_drop() { [ ! -e "$guest/$1" ] || rm -f "$guest/$1"; }

do_remove() { rm -rf "$guest"; }

do_end() {
  alive "$1" || return 0
  left=$(($2 * 1000)) waits=0
  [ $left = 0 ] || kill -TERM "$pid"
  while alive "$1"; do
    [ $left -gt 0 ] || kill -KILL "$pid"
    [ $left -gt -10000 ] || exit ${ENDED.late}
    waits=$((waits + 1))
    if [ $waits -gt 50 ]; then left=$((left - 20)); sleep 0.02; else left=$((left - 4)); sleep 0.004; fi
  done
}
${verbs}
`

/** Those of the fence itself. Each comes to its end, whatever a hypervisor does. */
export const OWN_VERBS: readonly string[] = ['mark', 'keep', 'hold', 'arrive', 'drop', 'remove', 'end']

const VERDICT = `trap 'echo "= $?"' EXIT\n`

/** One act: the epoch is the first line of the standard input, $3 the guest's folder; the steps follow. */
export function fenceScript(verbs: string): string {
  return `${VERDICT}${FENCE(verbs)}
IFS= read -r epoch || exit 1
shift
act "$epoch" "$@"
`
}

/** What a shell that stays reads first. Nothing of it stands on its command line: it is of no guest. */
export function stayingScript(claims: string, verbs: string): string {
  return `set -- ${quoted(claims)}\n${FENCE(verbs)}${VERDICT}`
}

/** What it reads for an act, of which the first words are the domain and the guest's folder. It goes on only if all was done; each output has a last line then. */
export function stayingAct(epoch: number | '-', words: readonly string[], lines: readonly string[]): string {
  const text = lines.map((line) => `${line}\n`).join('')
  let end = 'end'
  while (text.includes(end)) end += '.'
  const input = text === '' ? '</dev/null\n' : `<<'${end}'\n${text}${end}\n`
  return `act ${epoch} ${words.map(quoted).join(' ')} ${input}echo = 0; echo = 0 >&2\n`
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
