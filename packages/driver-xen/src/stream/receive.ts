import { MESSAGES } from '../xl/messages.ts'
import { filedAs, WITH_XL } from '../xl/shell.ts'

/**
 * Keeps what the target's xl says, each message in a file of its own, whole: no controller that is lost takes one with it. It
 * has only read what it keeps: it can be ended at any time. The FIFO ends when xl does. The FIFO "word", if somebody waits at it,
 * hears of what matters to whoever takes the stream.
 */
const SCRIBE = `
${filedAs('scribe')}
exec 3<t2s
take() {
  dd bs=1 count="$2" of="$1.new" <&3 2>/dev/null
  [ "$(stat -c %s "$1.new")" = "$2" ] && mv "$1.new" "$1"
}
say() { [ ! -p word ] || echo "$1" 1<>word; }
take banner.said ${MESSAGES.banner.length} && [ "$(cat banner.said)" = "${MESSAGES.banner.trim()}" ] && mv banner.said banner || exit 1
take ready ${MESSAGES.ready.length} || { : >ended; say ended; exit 0; }
say ready
take report ${MESSAGES.report.length + 1} || exit 0
[ "$(tail -c 1 report | od -An -tu1 | tr -d " ")" = 0 ] || take permission ${MESSAGES.go.length}
`

/** Becomes the target's xl, in the folder $1, which waits for its copy. $2: an option of it, or nothing. */
export const RECEIVE: string = `
${WITH_XL}
cd "$1" || exit 1
setsid -f sh -c '${SCRIBE}' </dev/null >/dev/null 2>&1 || exit 1
exec xl migrate-receive $2 0<>s2t 1<>t2s
`

/** Becomes the source's xl. $1: the folder, $2: the domain's number. */
export const SEND: string = `
${WITH_XL}
exec xl migrate -s "sh $1/hold" "$2" target
`

/**
 * Takes the stream at the target: from its standard input to xl in the folder $1, until xl says that everything has come; that
 * message is its own last word. It ends, with what xl said, if xl does or if the stream breaks off: then "word" has no writer. That
 * is opened before the way to xl, which opens only for an xl that lives.
 */
export const TAKE: string = `
cd "$1" || exit 1
${filedAs('taker')}
exec 3<&0
rm -f word && mkfifo -m 600 word || exit 1
cat <&3 5>word >s2t &
cat=$!
trap "kill $cat 2>/dev/null" EXIT
exec 6<word
[ ! -e ended ] && [ -e receiver ] && read -r pid rest <receiver && [ -d "/proc/$pid" ] && said= || said=ended
[ -e ready ] || [ -n "$said" ] || read -r said <&6
case $said in
  ended) tail -c 2000 xl.log >&2; exit 3;;
  "") [ -e ready ] || sleep 1;;
esac
[ -e ready ] || { echo "the stream broke off" >&2; exit 4; }
cat ready
`
