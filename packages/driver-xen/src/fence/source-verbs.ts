import { ENDED } from '@vmferry/fence'
import { AWAY, MESSAGES } from '../xl/messages.ts'
import { filedAs } from '../xl/shell.ts'
import { CODES } from './code.ts'
import { printed } from './printed.ts'

const BANNER = printed(MESSAGES.banner)
const READY = printed(MESSAGES.ready)
/** The target runs; and, the other way, that it does not and never will. */
const WELL = printed(`${MESSAGES.report}\0`)
const BACK = printed(`${MESSAGES.report}\u0001${MESSAGES.go}`)

/**
 * The source's xl has two pipes to a process of ours that only sleeps, the holder: no lost controller, tunnel or ssh is an end
 * of file to it. `hush` proves that nobody but xl and the holder has its pipe open: a reader that is left over would swallow
 * what comes next, or deliver it too early. Each word of the handshake is filed before it is said, so that none is said twice.
 *
 * A guest that is to stand still is saved into the holder's FIFO instead: that xl has no part in the handshake, and leaves the
 * guest paused when it has written everything. It gets the name that an `xl migrate` would give it, so that nobody runs it by
 * mistake.
 *
 * A holder that ends makes xl resume the guest, until `give`. A suspended copy whose xl is dead is resumed by another xl, whose
 * receiver breaks off at once (measured on 4.17: 0.35 s).
 */
export const SOURCE_VERBS: string = `
do_take() {
  IFS= read -r record || return
  settled=
  for other in "\${guest%/*}"/*; do
    [ "$other" != "$guest" ] && [ -f "$other/uuid" ] && read -r uuid <"$other/uuid" && [ "$uuid" = "$1" ] || continue
    [ -e "$other/may-have-run" ] && [ ! -e "$other/outgoing.json" ] || exit ${ENDED.taken}
    settled="$settled $other"
  done
  mkdir -p "$guest" && file uuid "$1
" && file outgoing.json "$record" && rm -rf $settled
}

do_gear() {
  file hold 'cd "\${0%/*}" || exit 1
${filedAs('holder')}
printf "${BANNER}"
exec sleep 100000000
'
  [ -z "$2" ] || file still ''
  file revive 'printf "${BANNER}"
exit 1
'
  do_pace "$1"
}

do_pace() { file rate "$1
"; }

unload() {
  if alive carrier; then kill -KILL "-$pid" 2>/dev/null || :; fi
  do_end carrier 0
}

do_hush() {
  unload
  alive holder || return 0
  holder=$pid
  sender=
  alive sender && sender="$pid $(cat "/proc/$pid/task/$pid/children" 2>/dev/null)"
  silence "$(readlink "/proc/$holder/fd/0")" "$holder $sender "
}

say() { alive holder && printf "$1" >"/proc/$pid/fd/1"; }

do_cancel() {
  [ ! -e "$guest/given" ] || return 0
  unload
  do_end holder 0
  ended sender 60 || do_end sender 2
  do_end holder 0
  run_on "$1" || :
}

run_on() {
  copy "$1" || return 1
  case $flags in
    ???s??) timeout 15 xl migrate -s "sh $guest/revive" "$id" nowhere >>"$guest/xl.log" 2>&1 9>&- </dev/null
  esac
  [ -e "$guest/still" ] || return 0
  copy "$1" || return 1
  case $flags in ??p???) xl unpause "$id" >>"$guest/xl.log" 2>&1 9>&-; esac
  return 0
}

give_saved() {
  ended sender 150 || exit ${CODES.noSender}
  copy "$1" || exit ${ENDED.gone}
  case $flags in ??p???|???s??) ;; *) echo "$flags"; exit ${CODES.notStopped};; esac
  : >"$guest/given" || exit 1
  case $name in *${AWAY}) ;; *) xl rename "$id" "$name${AWAY}" >>"$guest/xl.log" 2>&1 9>&-; esac
  copy "$1" || exit ${ENDED.gone}
  case $flags in ??p???|???s??) ;; *) exit ${CODES.notStopped};; esac
}

do_give() {
  do_hush
  [ ! -e "$guest/still" ] || { give_saved "$1"; return; }
  alive sender || exit ${CODES.noSender}
  if [ ! -e "$guest/given" ]; then
    copy "$1" || exit ${ENDED.gone}
    case $flags in ???s??) ;; *) echo "$flags"; exit ${CODES.notStopped};; esac
    : >"$guest/given" && say "${READY}" || exit ${CODES.noSender}
  fi
  left=150
  until grep -q 'Giving target permission to start' "$guest/xl.log"; do
    alive sender && [ $left -gt 0 ] || exit ${CODES.noSender}
    left=$((left - 1))
    sleep 0.1
  done
  copy "$1" || exit ${ENDED.gone}
  case $flags in ???s??) ;; *) exit ${CODES.notStopped};; esac
}

do_leave() {
  [ -e "$guest/outgoing.json" ] || return 0
  do_hush
  if [ -e "$guest/given" ] && alive sender; then
    [ -e "$guest/told" ] || { : >"$guest/told" && say "${WELL}"; }
    ended sender 120 || :
  fi
  do_end sender 0
  do_end holder 0
  left=40
  while copy "$1"; do
    case $flags in r*|-b*|------) exit ${CODES.runs};; esac
    xl destroy "$id" >>"$guest/xl.log" 2>&1 9>&-
    [ $left -gt 0 ] || exit ${ENDED.late}
    left=$((left - 1))
    sleep 0.2
  done
}

do_back() {
  [ -e "$guest/outgoing.json" ] || return 0
  do_hush
  if alive sender; then
    if [ -e "$guest/given" ]; then
      [ -e "$guest/told" ] || { : >"$guest/told" && say "${BACK}"; }
    else
      do_end holder 0
    fi
    ended sender 100 || :
  fi
  do_end sender 0
  do_end holder 0
  run_on "$1" || exit ${CODES.noCopy}
  copy "$1" || exit ${CODES.noCopy}
  [ "$name" = "$2" ] || xl rename "$id" "$2" >>"$guest/xl.log" 2>&1 9>&-
  copy "$1" || exit ${CODES.noCopy}
  case $flags in
    ???s??) exit ${CODES.notRevived};;
    ??p???) [ ! -e "$guest/still" ] || exit ${CODES.notRevived};;
  esac
  [ "$name" = "$2" ] || exit ${CODES.notRevived}
}
`
