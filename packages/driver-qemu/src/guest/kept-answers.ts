import { createHash } from 'node:crypto'
import type { CallOptions, HostChannel } from '@vmferry/core/driver'
import { type Answers, answersIn, BARE_QEMU, linesOf, type Question } from './bare-qemu.ts'

/** What QEMUs without a guest say of themselves, kept on the host until its next boot: a start costs 40 to 120 ms. */
export interface KeptAnswers {
  /** As `askBareQemu`; starts QEMU only if nothing is on file, or if it, the kernel's KVM or the microcode is not the same any more. Files nothing. */
  of(
    binary: string,
    accelerator: 'kvm' | 'tcg',
    questions: readonly Question[],
    call: CallOptions,
  ): Promise<Answers>
  /** Files what was said anew. */
  file(call: CallOptions): Promise<void>
}

/**
 * Answers $2 (a file) if it begins with what is here now, else QEMU. The first line names that, the second says who answers: nobody,
 * where that is $4, for which whoever asks has the answers at hand.
 */
const LOOK_UP = `
q=$(command -v "$1") || exit 0
file=$2 accel=$3 known=$4
shift 4
here() {
  stat -L -c '%d:%i %s %.Z' -- "$q"
  IFS= read -r boot </proc/sys/kernel/random/boot_id && echo "$boot"
  stat -c %n:%i /dev/kvm /sys/module/kvm /sys/module/kvm_intel /sys/module/kvm_amd 2>/dev/null
  while IFS= read -r line; do
    case $line in microcode*) echo "$line"; break;; '') break;; esac
  done </proc/cpuinfo
}
set -f
here=$(echo $(here))
echo "$here"
[ "$here" != "$known" ] || exit 0
if [ -f "$file" ] && IFS= read -r filed <"$file" && [ "$filed" = "$here" ]; then
  echo kept
  exec tail -n +2 "$file"
fi
echo fresh
${BARE_QEMU}
`

const FILE = 'umask 077; mkdir -p "${1%/*}" && cat >"$1.$$" && mv "$1.$$" "$1" || rm -f "$1.$$"'

/** What was said last, and what was there then. */
interface Heard {
  readonly here: string
  readonly answers: Answers
}

export function keptAnswers(host: HostChannel, runDirectory: string): KeptAnswers {
  const fresh = new Map<string, string>()
  const heard = new Map<string, Heard>()
  return {
    async of(binary, accelerator, questions, call) {
      const asked = JSON.stringify([binary, accelerator, questions])
      const path = `${runDirectory}/.qemus/${createHash('sha256').update(asked).digest('hex').slice(0, 16)}`
      const known = heard.get(path)
      const argv = ['sh', '-c', LOOK_UP, 'sh', binary, path, accelerator, known?.here ?? '']
      const { stdout } = await host.exec([...argv, ...linesOf(questions)], { ...call, leavesNobody: true })
      const [here = '', who, ...lines] = stdout.split('\n')
      if (known?.here === here) return known.answers
      const answers = answersIn(lines)
      // only what came to its end
      if (!answers.has('quit')) return answers
      heard.set(path, { here, answers })
      if (who === 'fresh') fresh.set(path, [here, ...lines].join('\n'))
      return answers
    },
    async file(call) {
      const files = [...fresh]
      fresh.clear()
      for (const [path, input] of files) await host.exec(['sh', '-c', FILE, 'sh', path], { ...call, input })
    },
  }
}
