import { ENDED } from '@vmferry/fence'
import { INCOMING, MESSAGES } from '../xl/messages.ts'
import { CODES } from './code.ts'
import { printed } from './printed.ts'

const GO = printed(MESSAGES.go)

/**
 * The target's xl has two FIFOs of which it holds both ends, and a scribe keeps what it says in files. Only `go` ever lets it run
 * its copy, and says so once. Of two arrivals that want one name neither overlooks the other: that name has one lock. Until xl has given the copy its own name it has not run: then the mark is taken away again.
 */
export const TARGET_VERBS: string = `
do_expect() {
  copy "$1" && exit ${CODES.exists}
  case $list in *"
$2 "*|*"
$2${INCOMING} "*) exit ${CODES.exists};; esac
  file name "$2
" && file uuid "$1
"
  for other in "\${guest%/*}"/*; do
    [ "$other" != "$guest" ] && [ -f "$other/name" ] && [ ! -e "$other/may-have-run" ] || continue
    read -r name <"$other/name" && [ "$name" != "$2" ] || exit ${CODES.exists}
  done
  file made '' && mkfifo -m 600 "$guest/s2t" "$guest/t2s"
}

refused_to() { [ -e "$guest/report" ] && [ "$(tail -c 1 "$guest/report" | od -An -tu1 | tr -d ' ')" != 0 ]; }

until_permitted() {
  left=100
  until [ -e "$guest/permission" ]; do
    alive receiver && [ $left -gt 0 ] || break
    left=$((left - 1))
    sleep 0.1
  done
}

do_go() {
  copy "$1" || { rm -f "$guest/may-have-run"; exit ${ENDED.gone}; }
  case $name in *${INCOMING})
    alive receiver && [ -e "$guest/ready" ] || { rm -f "$guest/may-have-run"; echo "$name $flags"; exit ${ENDED.refused}; }
    [ -e "$guest/went" ] || { : >"$guest/went" && printf "${GO}" >"$guest/s2t"; }
    left=200
    until [ -e "$guest/report" ]; do
      alive receiver && [ $left -gt 0 ] || break
      left=$((left - 1))
      sleep 0.05
    done
    refused_to && until_permitted
    copy "$1" || { rm -f "$guest/may-have-run"; exit ${ENDED.gone}; }
    case $name in *${INCOMING})
      alive receiver && exit ${ENDED.late}
      rm -f "$guest/may-have-run"; echo "$name $flags"; exit ${ENDED.refused}
    esac
  esac
  case $2$flags in run??p???)
    [ ! -e "$guest/report" ] || { echo "$name $flags"; return; }
    ended receiver 50 || exit ${ENDED.late}
    xl unpause "$id" >>"$guest/xl.log" 2>&1 9>&-
    copy "$1" || exit ${ENDED.gone}
  esac
  echo "$name $flags"
}

do_void() {
  do_end listener 0
  do_end receiver 0
  do_end scribe 0
  do_end taker 0
  for fifo in s2t t2s; do [ ! -p "$guest/$fifo" ] || silence "$guest/$fifo" ''; done
  [ -e "$guest/made" ] || return 0
  left=60
  while copy "$1"; do
    xl destroy "$id" >>"$guest/xl.log" 2>&1 9>&-
    [ $left -gt 0 ] || exit ${ENDED.late}
    left=$((left - 1))
    sleep 0.2
  done
}
`
