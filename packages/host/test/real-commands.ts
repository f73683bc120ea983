import type { Commands } from './host-channel-suite.ts'

/** The suite's commands on a real host. */
export const realCommands: Commands = {
  cat: ['cat'],
  wait: ['sleep', '600'],
  exit: (code) => ['sh', '-c', 'exit "$0"', `${code}`],
  say: (...words) => ['printf', '%s\\n', ...words],
  flood: (bytes) => ['head', '-c', `${bytes}`, '/dev/zero'],
  make: (path) => ['sh', '-c', ': >"$0"; exec sleep 600', path],
  complain: (words) => ['sh', '-c', 'echo "$0" >&2; exit 1', words],
}
