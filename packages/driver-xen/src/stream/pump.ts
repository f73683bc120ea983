import { MESSAGES } from '../xl/messages.ts'
import { NOW } from '../xl/shell.ts'

/**
 * Carries the stream of the source's xl to its standard output, at no more than the bytes per second that the file "rate" says at
 * the time. "carried" has the bytes of the portions that are through, and the process that carries the next one, if one
 * does; the FIFO "news" hears of each. $1: the folder; $2 and $3: the name in the stream, and the one that is to be there.
 *
 * A portion takes a second or two, or half a second's worth of a limit, at the most four times as much: "rate" is heeded after
 * it. It pays for what was carried. A portion that was late is made up for, a second at the most, so that a way with hitches
 * comes up to its limit; a slow start is not. dd must not wait for full blocks: the tail would stay with it, and the end of the
 * stream never come. So it reads what there is, of a pipe that xl is just filling a page or two, and how many blocks make a
 * portion is found by trying. A new process is dear where the stream needs the processor: there are two for a portion.
 *
 * xl's header ends with the length of the guest's configuration as JSON, whose first "name" is that of the domain.
 */
export const PUMP: string = `
export LC_ALL=C
cd "$1" || exit 1
read -r holder rest <holder || exit 1
exec 3<"/proc/$holder/fd/0" 4>&1 || exit 1
total=0
if [ "$2" != "$3" ]; then
  dd bs=1 count=48 of=head <&3 2>/dev/null
  set -- "$2" "$3" $(od -An -tu4 -j44 -N4 head)
  dd bs=1 count="$3" of=config <&3 2>/dev/null
  grep -qF "\\"name\\": \\"$1\\"" config || { echo "the stream does not name the domain $1" >&2; exit 5; }
  sed "0,/\\"name\\": \\"$1\\"/s//\\"name\\": \\"$2\\"/" config >config.new || exit 1
  long=$(stat -c %s config.new)
  head -c 44 head >&4
  printf "$(printf '\\\\%03o\\\\%03o\\\\%03o\\\\%03o' $((long & 255)) $((long >> 8 & 255)) $((long >> 16 & 255)) $((long >> 24 & 255)))" >&4
  cat config.new >&4 || exit 1
  rm -f head config config.new
  total=$((48 + long))
fi
${NOW}
count=16 block=65536 owed=0 credit=0
now
next=$now
while :; do
  rate=0
  read -r rate <rate
  if [ "$rate" -gt 0 ]; then
    block=16384
    least=$((rate / 32768))
    [ $count -gt $((4 * least)) ] && count=$((4 * least))
    [ $count -lt $least ] && count=$least
  else
    block=65536
  fi
  [ $count -gt 0 ] || count=1
  began=$now
  dd bs=$block count=$count <&3 >&4 2>portion &
  echo "$total $!" >carried
  wait $!
  long=
  while read -r first rest; do long=$first; done <portion
  case $long in ""|0|*[!0-9]*) echo "the way to the target has broken" >&2; exit 6;; esac
  total=$((total + long))
  echo $total >carried
  [ ! -p news ] || echo carried 1<>news
  now
  if [ "$rate" -gt 0 ]; then
    if [ $long -lt $((rate / 2)) ]; then count=$((count * 2)); else count=$((count / 2)); fi
    owed=$((owed + long * 100))
    next=$((next + owed / rate))
    owed=$((owed % rate))
    ahead=$((next - now))
    if [ $ahead -gt 0 ]; then
      sleep $((ahead / 100)).$(printf %02d $((ahead % 100)))
      now
    elif [ $((0 - ahead)) -gt $credit ]; then
      next=$((now - credit))
    fi
    credit=100
  else
    if [ $((now - began)) -lt 100 ] && [ $count -lt 4096 ]; then count=$((count * 2)); fi
    if [ $((now - began)) -gt 300 ]; then count=$((count / 2)); fi
    next=$now
  fi
done
`

/**
 * As the pump, whose script is $1, into a command that leads to the target and brings back its word: the file "arrived" if it
 * came whole, "broken" if the command ended without; the FIFO "news" hears of both. $2 to $4 as there, the command after them.
 */
export const CARRY: string = `
pump=$1 folder=$2 old=$3 new=$4
shift 4
sh -c "$pump" sh "$folder" "$old" "$new" | {
  "$@" >"$folder/arrived.new" && [ "$(stat -c %s "$folder/arrived.new")" = ${MESSAGES.ready.length} ] &&
    mv "$folder/arrived.new" "$folder/arrived" || : >"$folder/broken"
  [ ! -p "$folder/news" ] || echo ended 1<>"$folder/news"
}
`
