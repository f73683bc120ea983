import { type Duplex, Transform } from 'node:stream'
import { type EffectOptions, vmError } from '@vmferry/core/driver'
import type { Sender } from '../migration/copy.ts'
import { streamMeter } from '../stream/meter.ts'
import { PUMP } from '../stream/pump.ts'
import type { XenHost } from '../xen-host.ts'
import { MESSAGES } from '../xl/messages.ts'
import { type Carrier, namesIn } from './carriage.ts'

/** Through this controller: from the source's pump to what takes the stream at the target. */
export async function startRelay(
  { host }: XenHost,
  { fence, folder, file }: Sender,
  far: Duplex,
  call: EffectOptions,
): Promise<Carrier> {
  const argv = ['sh', '-c', PUMP, 'sh', folder.path, ...namesIn(file)]
  const near = await host.spawn(fence.launch(folder.carrier, argv, call), call)
  near.exit.catch(() => {})
  for (const stream of [far, near.stdin, near.stdout, near.stderr]) stream.on('error', () => {})
  near.stderr.resume()
  const meter = streamMeter()
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      meter.read(chunk)
      done(null, chunk)
    },
  })
  let said = ''
  let over = false
  far.on('data', (chunk: Buffer) => {
    said += String(chunk)
  })
  for (const stream of [far, near.stdout])
    for (const end of ['end', 'close', 'error'])
      stream.on(end, () => {
        over = true
      })
  near.stdout.pipe(counted).pipe(far)
  return {
    figures: () => {
      const { bytes, rounds } = meter.figures()
      return { bytes, rounds: Math.max(1, rounds) }
    },
    state() {
      if (said === MESSAGES.ready) return 'arrived'
      if (said.length >= MESSAGES.ready.length)
        throw vmError(
          'VM_PROTOCOL',
          `something else than xl spoke at the target: ${JSON.stringify(said.slice(0, 80))}`,
        )
      return over ? 'broken' : 'going'
    },
    async end() {
      near.stdout.unpipe(counted)
      far.destroy()
      await near.kill('KILL').catch(() => {})
    },
  }
}
