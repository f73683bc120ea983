import { WITH_XL } from '../xl/shell.ts'

/**
 * Becomes an xl that saves a guest into a FIFO: stopped before the first byte, and paused when the last has been written. What
 * it writes is what `xl migrate` writes, without the handshake, of which it is no part. $1: the folder, $2: the domain's number.
 *
 * The holder has both ends of the FIFO, as it has the pipes of an `xl migrate`: no way to the target that breaks is an error to
 * xl. A holder that ends is one, and then the guest runs on.
 */
export const SAVE: string = `
${WITH_XL}
mkfifo -m 600 "$1/stream" || exit 1
setsid -f sh "$1/hold" <>"$1/stream" >/dev/null 2>&1 || exit 1
left=100
until [ -e "$1/holder" ]; do
  [ $left -gt 0 ] || exit 1
  left=$((left - 1))
  sleep 0.1
done
exec xl save -p "$2" "$1/stream"
`
