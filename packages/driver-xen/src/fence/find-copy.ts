import { ENDED } from '@vmferry/fence'
import { WITH_XL } from '../xl/shell.ts'
import { CODES } from './code.ts'

/**
 * What the verbs of both sides look with. `copy` finds the domain with a uuid. Exit codes of xl prove nothing (measured on 4.17):
 * all rests on what it lists, and a list without Domain-0 is none. A domain that is being taken apart can never run again.
 * `silence` ends whoever has a pipe open, but for some, and proves that nobody else has; a look that fails is no proof.
 */
export const FIND_COPY: string = `
${WITH_XL}
LC_ALL=C

copy() {
  list=$(timeout 10 xl list -v 2>&1 9>&-)
  case $list in *"
Domain-0 "*) ;; *) printf '%.300s\\n' "$list" >&2; exit ${CODES.noList};; esac
  while read -r name id mem cpus flags time uuid rest; do
    [ "$uuid" = "$1" ] || continue
    case $flags in ?????d) ;; *) return 0;; esac
  done <<EOF
$list
EOF
  return 1
}

readers() {
  like=$(printf '%s\\n' "$1" | sed 's/[].*[]/\\\\&/g') && [ -n "$like" ] || exit 1
  open=$(ls -l /proc/[0-9]*/fd 2>/dev/null)
  case $open in *"/proc/$$/fd:"*) ;; *) exit 1;; esac
  found=$(printf '%s\\n' "$open" | sed -n "/^\\/proc/h; \\|-> $like$|{ x; s|/proc/||; s|/fd:||; p; x; }") || exit 1
  others=
  for at in $found; do
    case " $2 " in *" $at "*) ;; *) others="$others $at";; esac
  done
}

silence() {
  left=100
  while readers "$1" "$2" && [ -n "$others" ]; do
    kill -KILL $others 2>/dev/null
    [ $left -gt 0 ] || exit ${ENDED.late}
    left=$((left - 1))
    sleep 0.05
  done
}

ended() {
  left=$2
  while alive "$1"; do
    [ $left -gt 0 ] || return 1
    left=$((left - 1))
    sleep 0.1
  done
}
`
