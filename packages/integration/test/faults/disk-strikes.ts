import type { LabHost } from '@vmferry/lab'
import { must, RAM_FOLDER, type Scene } from './scene.ts'

/** Faults of disks: they are full. */
export const diskStrikes = {
  async 'let the journal tear a line and take no more'({ lab, controller, mend }: Scene) {
    const limit = async (bytes: string): Promise<unknown> =>
      lab.controller.exec(['prlimit', `--pid=${controller.pid}`, `--fsize=${bytes}`])
    const size = await must(lab.controller, 'sh', '-c', 'stat -c %s /run/journal/first/m-*.jsonl')
    await limit(`${Number(size) + 20}:unlimited`)
    mend.push(() => limit('unlimited'))
  },
  'fill the disk of the target': ({ target, mend }: Scene) => filled(target, '/run/vmferry', mend),
  'fill the disk of the source': ({ source, mend }: Scene) => filled(source, '/run/vmferry', mend),
  async 'take the memory of the target away'({ target, mend }: Scene) {
    await must(target, 'mount', '-o', 'remount,size=8m', RAM_FOLDER)
    mend.push(() => must(target, 'mount', '-o', 'remount,size=256m', RAM_FOLDER))
  },
} as const

/** No byte and no file more. */
async function filled(host: LabHost, folder: string, mend: Scene['mend']): Promise<void> {
  const fill = `mkdir -p "$1/full" && dd if=/dev/zero of="$1/full/0" bs=1k 2>/dev/null
    n=1; while : 2>/dev/null >"$1/full/$n"; do n=$((n+1)); done; true`
  await must(host, 'bash', '-c', fill, 'bash', folder)
  mend.push(() => must(host, 'rm', '-rf', `${folder}/full`))
}
