/** Finds xl also for a login that has no system directories on its path. */
export const WITH_XL = 'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin'

/** An argument vector that is xl, wherever it is there. */
export function xl(...words: readonly string[]): string[] {
  return ['sh', '-c', `${WITH_XL}; exec xl "$@"`, 'xl', ...words]
}

/**
 * A script's process files who it is, `pid starttime bootid`, in a file of its working directory, whole or not at all; its
 * arguments are gone after that. There is no quote in it that a script in quotes could not have.
 */
export function filedAs(file: string): string {
  return `stat=$(cat "/proc/$$/stat")
set -- \${stat##*) }
shift 19
echo "$$ $1 $(cat /proc/sys/kernel/random/boot_id)" >${file}.new && mv ${file}.new ${file} || exit 1`
}

/** Sets `now` to hundredths of a second since the boot, without a program being started. */
export const NOW = `now() {
  read -r up rest </proc/uptime
  hundredths=1\${up#*.}
  now=$((\${up%.*} * 100 + hundredths - 100))
}`
