import type { Output, Run, RunOptions } from './running-process.ts'

/** The function `become`: the shell becomes a program, or, of a script for sh, does it by itself: a program costs a millisecond. No quotes. */
export const become: string = `become() {
  if [ "$1 \${2-} \${4-}" = "sh -c sh" ]; then
    script=$3
    shift 4
    eval "$script"
    exit
  fi
  exec "$@"
}`

/**
 * Pieces of POSIX sh that the fixed scripts share. Scripts take their arguments as positional parameters and are never
 * put together from what a caller gave. No program is started to look at a process: that costs milliseconds.
 */
export const shellFunctions: string = `
found() {
  case $1 in
  */*) [ -x "$1" ] && [ ! -d "$1" ]; return ;;
  esac
  set -f; IFS=:
  for dir in \${PATH:-/usr/bin:/bin}; do
    if [ -x "\${dir:-.}/$1" ] && [ ! -d "\${dir:-.}/$1" ]; then unset IFS; set +f; return 0; fi
  done
  unset IFS; set +f; return 1
}
look() {
  stat=
  { while IFS= read -r part; do stat="$stat $part"; done <"/proc/$1/stat"; } 2>/dev/null
  set -f; set -- \${stat##*)}; set +f
  state=\${1-X} start=\${20-}
  case $state in Z | X | x) start= ;; esac
}
${become}
booted() { IFS= read -r boot </proc/sys/kernel/random/boot_id; }
`

/** Runs a fixed script with positional arguments, in one go. */
export function runScript(
  run: Run,
  script: string,
  args: readonly string[],
  options: RunOptions,
  stop: AbortSignal,
): Promise<Output> {
  return run(['sh', '-c', script, 'sh', ...args], options, stop)
}
