import { rename, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { hypervisorOn } from './hypervisor.ts'
import { must, type Scene } from './scene.ts'

/** Bytes that pass before the stream is tampered with. */
const FIRST = 2 << 20
/** Bytes that are kept back at the end of a stream. */
const TAIL = 256

/** What becomes of the bytes that a proxy in the stream hears from one side; null: nothing more. */
type Way = (chunk: Buffer) => Buffer | null | Promise<Buffer>

/** Faults of the stream itself, by a proxy in the place of the tunnel's socket. They strike before QEMU connects. */
export const streamStrikes = {
  'swallow the tail of the stream': (scene: Scene) => proxied(scene, { there: withoutTail }),
  'swallow what comes back': (scene: Scene) => proxied(scene, { back: () => () => Buffer.alloc(0) }),
  'stop the stream in mid-copy': (scene: Scene) =>
    proxied(scene, { there: () => after(FIRST, () => Buffer.alloc(0)) }),
  'end the stream in mid-copy': (scene: Scene) => proxied(scene, { there: () => after(FIRST, () => null) }),
  'garbage in the stream': (scene: Scene) =>
    proxied(scene, {
      there: () =>
        after(
          FIRST,
          once((chunk) => Buffer.concat([Buffer.from('garbage'), chunk])),
        ),
    }),
  'lose bytes of the stream': (scene: Scene) =>
    proxied(scene, {
      there: () =>
        after(
          FIRST,
          once((chunk) => chunk.subarray(13)),
        ),
    }),
  'slow the stream': (scene: Scene) => proxied(scene, { there: () => late(5), back: () => late(5) }),
} as const

interface Ways {
  readonly there?: () => Way
  readonly back?: () => Way
}

const asItIs = (): Way => (chunk) => chunk

async function proxied({ source, mend }: Scene, { there = asItIs, back = asItIs }: Ways): Promise<void> {
  const { seen } = await hypervisorOn(source)
  const path = (await must(source, 'find', '/run/vmferry/qemu', '-name', 'tunnel.sock')).trim()
  const behind = seen('/run/vmferry/behind.sock')
  await rename(seen(path), behind)
  const open: Socket[] = []
  const server = createServer((front) => {
    const rear = connect(behind)
    open.push(front, rear)
    carry(front, rear, there())
    carry(rear, front, back())
  })
  await new Promise<void>((resolve) => server.listen(seen(path), resolve))
  mend.push(async () => {
    for (const socket of open) socket.destroy()
    server.close()
    await rm(behind, { force: true })
  })
}

function carry(from: Socket, to: Socket, way: Way): void {
  let before: Promise<void> = Promise.resolve()
  from.on('data', (chunk: Buffer) => {
    from.pause()
    before = before.then(async () => {
      const bytes = await way(chunk)
      if (bytes === null) return void from.destroy()
      if (bytes.length > 0) to.write(bytes)
      from.resume()
    })
  })
  from.on('error', () => {})
  from.on('close', () => to.destroy())
}

function after(bytes: number, way: Way): Way {
  let passed = 0
  return (chunk) => {
    passed += chunk.length
    return passed < bytes ? chunk : way(chunk)
  }
}

function once(way: (chunk: Buffer) => Buffer): Way {
  let done = false
  return (chunk) => {
    if (done) return chunk
    done = true
    return way(chunk)
  }
}

function withoutTail(): Way {
  let kept = Buffer.alloc(0)
  return (chunk) => {
    const all = Buffer.concat([kept, chunk])
    kept = all.subarray(-TAIL)
    return all.subarray(0, -TAIL)
  }
}

function late(ms: number): Way {
  return (chunk) => new Promise((resolve) => setTimeout(resolve, ms, chunk))
}
