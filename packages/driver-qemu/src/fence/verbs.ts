import { ENDED, type Verbs } from '@vmferry/fence'
import { skim } from './step.ts'

/** Exit code of a script that found no fence monitor. */
export const NO_MONITOR = 78

/** What to do about a QEMU without a fence monitor. */
export const UNFENCED = 'shut the guest down, and start it with this vmferry'

/**
 * What the fence does with QEMU and its disks.
 *
 * `tell` gives QEMU a command with an id and reads fence.out up to the line with that id. The FIFOs are opened in such a
 * way that opening never waits, and that reading ends when QEMU does; a script whose QEMU never answers is ended by
 * timeout(1), or with its connection. `try` is a `tell` that QEMU may refuse. QEMU is negotiated with by each script, and by a shell
 * for each guest: it refuses all but the first, and nobody has to remember which that was. `skim` throws away what piled up unread. `tell` starts no program:
 * each costs milliseconds of a guest that stands still.
 *
 * `cancel` is what a dead man's switch does: it ends a migration that is under way, and nothing else. A guest that was
 * stopped for one that had not begun yet runs again, too.
 *
 * `image` fills an image under a name that has the guest's id in it, and links it to its own name, which fails if that is taken.
 * `unmake` removes what has that inode, and that time of birth, still: an inode is soon given to another file. It is done once.
 */
const SCRIPT = `
do_skim() { dd if="$guest/fence.out" of=/dev/null bs=64k iflag=nonblock 2>/dev/null || :; }

do_fenced() { [ -p "$guest/fence.in" ] || exit ${NO_MONITOR}; }

do_living() { alive process || exit ${ENDED.gone}; }

read -r up rest </proc/uptime && read -r self rest </proc/self/stat || exit 1
told=0 greeted=
ask() {
  [ -d "$guest" ] || exit ${ENDED.gone}
  do_fenced
  told=$((told + 1))
  id=$self.$up.$told
  exec 6<>"$guest/fence.out" 8<"$guest/fence.out" 6>&- 7<>"$guest/fence.in"
  [ "$greeted" = "$guest" ] || echo '{"execute":"qmp_capabilities"}' >&7
  greeted=$guest
  printf '%s\\n' "\${1%\\}},\\"id\\":\\"$id\\"}" >&7
  while :; do
    IFS= read -r answer <&8 || exit ${ENDED.gone}
    case $answer in *"\\"id\\": \\"$id\\""*) break;; esac
  done
  exec 7>&- 8<&-
  refused=
  case $answer in *'"error": {'*) refused=1;; esac
}

do_try() {
  ask "$1"
  printf '%s\\n' "$answer"
}

do_tell() {
  do_try "$1"
  [ -n "$refused" ] || return 0
  case $1 in *'"execute":"cont"'*) unmark;; esac
  exit ${ENDED.refused}
}

migration() {
  ask '{"execute":"query-migrate"}'
  status=none
  case $answer in *'"status": "'*) status=\${answer#*'"status": "'}; status=\${status%%'"'*};; esac
}

do_cancel() {
  migration
  case $status in
    completed|postcopy*) return 0;;
    none|failed|cancelled) ;;
    *) do_tell '{"execute":"migrate_cancel"}';;
  esac
  while :; do
    migration
    case $status in none|completed|failed|cancelled) break;; esac
    sleep 0.05
  done
  [ "$status" != completed ] && [ "$1" = cont ] || return 0
  sleep 0.2
  do_tell '{"execute":"cont"}'
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
`

export const QEMU_VERBS: Verbs = {
  script: SCRIPT,
  first: skim(),
  failures: (guest) => ({
    [ENDED.gone]: ['VM_CONNECTION', `the QEMU of ${guest} is gone`],
    [NO_MONITOR]: ['VM_UNSUPPORTED', `the QEMU of ${guest} has no fence monitor`, UNFENCED],
  }),
}
