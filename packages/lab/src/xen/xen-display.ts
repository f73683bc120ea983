import { openXenLab } from './xen-lab.ts'

/** Boots the Xen hosts, says how to reach them, and keeps them until Ctrl-C or SIGTERM. */
export async function showXen(): Promise<void> {
  // While they boot it is only noted: what was started is ended in one place.
  const stop = new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  await using lab = await openXenLab({ onProgress: (line) => process.stderr.write(`${line}\n`) })
  for (const { name, address, port } of [lab.alpha, lab.beta])
    process.stdout.write(`${name}: ${address} on the link, ssh at 127.0.0.1:${port}\n`)
  await stop
}
