/** Exit codes of the scripts below; `late` is that of timeout(1). */
export const ENDED = { refused: 65, gone: 69, taken: 75, stale: 76, unfenced: 78, late: 124 } as const

/** Takes the domain's lock and reads the epoch that this host holds. $1: the folder of claims, $2: the domain. */
const ENTER = `
[ -d "$1" ] || mkdir -p "$1" || exit 1
exec 9>"$1/$2.lock"
flock -w 25 9 || exit ${ENDED.late}
held=0
[ ! -f "$1/$2.epoch" ] || read -r held <"$1/$2.epoch" || exit 1
`

/** Compares and sets. $3: the new epoch, which must be higher than what is held. */
export const CLAIM: string = `${ENTER}
[ "$3" -gt "$held" ] || { echo "$held"; exit ${ENDED.stale}; }
echo "$3" >"$1/$2.new" && sync -d "$1/$2.new" && mv "$1/$2.new" "$1/$2.epoch"
`

/**
 * Becomes a program that stays, unless a higher epoch than $3 is held. It files in $4 who it is before it lets go of the
 * lock: whoever claims afterwards finds it on file. Field 20 after the name in /proc/PID/stat is the start time.
 */
export const LAUNCH: string = `${ENTER}
[ "$3" -ge "$held" ] || exit ${ENDED.stale}
s=$(cat "/proc/$$/stat")
start() { echo "\${20}"; }
echo "$$ $(start \${s##*) }) $(cat /proc/sys/kernel/random/boot_id)" >"$4" || exit 1
shift 4
exec 9>&-
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
 * The fence: waits for the epoch on its standard input, takes the lock, compares, and does the steps that follow the
 * guest's folder ($3), each a verb and two arguments, up to the first that fails. All in one critical section, so that
 * no claim comes between the comparison and the effect. Its last line tells how it ended.
 *
 * `tell` gives QEMU a command with an id and reads fence.out up to the line with that id. The FIFOs are opened in such a
 * way that opening never waits, and that reading ends when QEMU does; a script whose QEMU never answers is ended by
 * timeout(1), or with its connection. `try` is a `tell` that QEMU may refuse. QEMU is negotiated with each time: it refuses all but the first, and nobody has to
 * remember which that was. `skim` throws away what piled up unread.
 *
 * A mark that this script left is taken away again if QEMU refuses to run the guest: then it has not run.
 *
 * `cancel` is what a dead man's switch does: it ends a migration that is under way, and nothing else. A guest that was
 * stopped for one that had not begun yet runs again, too.
 *
 * `image` fills an image under a name that has the guest's id in it, and links it to its own name, which fails if that is taken.
 * `unmake` removes what has that inode, and that time of birth, still: an inode is soon given to another file. It is done once.
 *
 * Whatever starts a program costs milliseconds of a guest that stands still: `mark` and `tell` have none but sync, and
 * that not where a mark ends with the boot, as its guest does.
 */
export const FENCE: string = `
trap 'echo "= $?"' EXIT
case $(stat -f -c %T "$1" 2>/dev/null) in tmpfs|ramfs) sync() { :; };; esac
umask 077
IFS= read -r epoch || exit 1
${ENTER}
[ "$epoch" = - ] || [ "$epoch" -ge "$held" ] || { echo "$held"; exit ${ENDED.stale}; }
guest=$3
shift 3

alive() {
  [ -f "$guest/$1" ] && read -r pid start boot <"$guest/$1" || return 1
  [ -r /proc/self/stat ] && now=$(cat /proc/sys/kernel/random/boot_id) || exit 1
  [ "$boot" = "$now" ] || return 1
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
  set -- \${stat##*) }
  case $1 in Z|X) return 1;; esac
  shift 19
  [ "$1" = "$start" ]
}

do_skim() { dd if="$guest/fence.out" of=/dev/null bs=64k iflag=nonblock 2>/dev/null || :; }

do_tell() {
  [ -d "$guest" ] || exit ${ENDED.gone}
  [ -p "$guest/fence.in" ] || exit ${ENDED.unfenced}
  exec 6<>"$guest/fence.out" 8<"$guest/fence.out" 6>&- 7<>"$guest/fence.in"
  printf '%s\\n' '{"execute":"qmp_capabilities"}' "$2" >&7
  while :; do
    IFS= read -r answer <&8 || exit ${ENDED.gone}
    case $answer in *"\\"id\\": \\"$1\\""*) break;; esac
  done
  printf '%s\\n' "$answer"
  case $answer in *'"error": {'*) refused "$2"; exit ${ENDED.refused};; esac
}

do_try() {
  (do_tell "$1" "$2")
  code=$?
  [ $code = ${ENDED.refused} ] || return $code
}

refused() {
  case $1 in *'"execute":"cont"'*) [ -z "$fresh" ] || rm -f "$guest/may-have-run";; esac
}

migration() {
  answer=$(do_tell "m$$" '{"execute":"query-migrate","id":"'"m$$"'"}') || exit
  status=none
  case $answer in *'"status": "'*) status=\${answer#*'"status": "'}; status=\${status%%'"'*};; esac
}

do_cancel() {
  migration
  case $status in
    completed|postcopy*) return 0;;
    none|failed|cancelled) ;;
    *) do_tell "c$$" '{"execute":"migrate_cancel","id":"'"c$$"'"}' || exit;;
  esac
  while migration; do
    case $status in none|completed|failed|cancelled) break;; esac
    sleep 0.05
  done
  [ "$status" != completed ] && [ "$1" = cont ] || return 0
  sleep 0.2
  do_tell "r$$" '{"execute":"cont","id":"'"r$$"'"}'
}

fresh=
do_mark() {
  [ -e "$guest/may-have-run" ] || fresh=1
  : >"$guest/may-have-run" && sync "$guest/may-have-run" "$guest"
}

file() { printf %s "$2" >"$guest/$1.new" && sync "$guest/$1.new" && mv "$guest/$1.new" "$guest/$1" && sync "$guest"; }

do_keep() { IFS= read -r record && file "$1" "$record"; }

do_hold() {
  [ -p "$guest/fence.in" ] || exit ${ENDED.unfenced}
  [ ! -e "$guest/outgoing.json" ] || exit ${ENDED.taken}
  do_keep outgoing.json && rm -f "$guest/incoming.json" "$guest/may-have-run" "$guest/images"
}

do_arrive() {
  IFS= read -r record && IFS= read -r definition || return
  mkdir -p "$guest" && sync "$guest/.." && file incoming.json "$record" && file definition.json "$definition"
}

filed() { file images "$(cat "$guest/images" 2>/dev/null)
$1
"; }

do_image() {
  IFS= read -r pieces || return
  part="$1.\${guest##*/}"
  filed "- $1" && (set -C; : >"$part") && filed "$(stat -c %d:%i:%.W "$part") $1" && truncate -s "$2" "$part" || return
  for piece in $pieces; do
    printf %b "\${piece#*:}" | dd of="$part" bs=64k seek="\${piece%%:*}" conv=notrunc 2>/dev/null || return
  done
  sync "$part" && ln -T "$part" "$1" && rm -f "$part" && sync "\${1%/*}"
}

do_unmake() {
  [ -f "$guest/images" ] && [ ! -e "$guest/may-have-run" ] || return 0
  while IFS= read -r line; do
    [ -n "$line" ] || continue
    path=\${line#* }
    rm -f "$path.\${guest##*/}"
    [ "$(stat -c %d:%i:%.W "$path" 2>/dev/null)" != "\${line%% *}" ] || rm -f "$path"
  done <"$guest/images"
  rm -f "$guest/images"
}

do_drop() { rm -f "$guest/$1"; }

do_remove() { rm -rf "$guest"; }

do_end() {
  alive "$1" || return 0
  left=$(($2 * 50))
  [ $left = 0 ] || kill -TERM "$pid"
  while alive "$1"; do
    [ $left != 0 ] || kill -KILL "$pid"
    [ $left -gt -500 ] || exit ${ENDED.late}
    left=$((left - 1))
    sleep 0.02
  done
}

while [ $# -gt 0 ]; do
  "do_$1" "$2" "$3" || exit
  shift 3
done
`
