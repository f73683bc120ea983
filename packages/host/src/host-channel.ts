import type { Duplex } from 'node:stream'
import { abortError, type HostChannel, type HostProcess, vmError } from '@vmferry/core/driver'
import { accepting } from './accept-queue.ts'
import { checkArgv, checkPath, checkProcessId, checkRemovable, checkSocketPath } from './host-argument.ts'
import type { Lifeline } from './lifeline.ts'
import type { Route } from './route.ts'
import type { RunningProcess } from './running-process.ts'

/** Makes the channel that drivers use from one way to a host: arguments checked, lives tied, leftovers ended. */
export function hostChannel(id: string, route: Route, life: Lifeline): HostChannel {
  const { place } = route
  /** Ends one thing each that must not outlive the channel. */
  const leftovers = new Set<() => unknown>()
  let closing: Promise<void> | undefined

  let ended: Promise<unknown> = Promise.resolve()
  const endAll = (): void => {
    ended = Promise.allSettled([...leftovers].map(async (end) => end()))
  }
  // A lost connection ends them as well as a closed channel does.
  if (life.signal.aborted) endAll()
  else life.signal.addEventListener('abort', endAll, { once: true })

  const close = async (): Promise<void> => {
    life.end(vmError('VM_CONNECTION', `the channel to ${place} is closed`, { host: place }))
    await ended
    await route.close()
  }
  const closeOnce = (): Promise<void> => (closing ??= close())

  const keep = (stream: Duplex): Duplex => {
    const end = (): unknown => stream.destroy(abortError(life.signal))
    leftovers.add(end)
    if (life.signal.aborted) end()
    stream.once('close', () => leftovers.delete(end))
    return stream
  }

  return {
    id,
    name: place,
    async exec(argv, options) {
      checkArgv(argv)
      return life.run(options, async (stop) => {
        const { code, signal, stdout, stderr } = await route.run(argv, options, stop)
        return { code, signal, stdout: stdout.toString(), stderr: stderr.toString() }
      })
    },
    async spawn(argv, call) {
      checkArgv(argv)
      return life.run(call, async (stop) => {
        const process = await route.start(argv, stop)
        const end = async (): Promise<void> => {
          // sshd ends a process only by closing its streams, which many do not mind.
          await process.kill('KILL').finally(() => process.terminate())
        }
        leftovers.add(end)
        const gone = (): unknown => leftovers.delete(end)
        process.exit.then(gone, gone)
        if (stop.aborted) await end().catch(() => {})
        return hostProcess(process)
      })
    },
    async detach(argv, options) {
      checkArgv(argv)
      checkPath(options.log)
      if (options.until !== undefined) checkPath(options.until)
      return life.run(options, (stop) => route.detach(argv, options, stop))
    },
    async probe(process, call) {
      checkProcessId(process)
      return life.run(call, async (stop) => ((await route.check(process, '', stop)) ? 'alive' : 'gone'))
    },
    async kill(process, signal, call) {
      checkProcessId(process)
      await life.run(call, (stop) => route.check(process, signal, stop))
    },
    async dial(path, call) {
      checkSocketPath(path)
      return life.run(call, async (stop) => keep(await route.dial(path, stop)))
    },
    async listen(path, call) {
      checkSocketPath(path)
      return life.run(call, async (stop) => {
        const listening = await route.listen(path, stop)
        const end = (): unknown => {
          listening.accepted.end(abortError(life.signal))
          return listening.close()
        }
        leftovers.add(end)
        if (stop.aborted) await listening.close()
        return accepting(listening, [call.signal, life.signal], keep)
      })
    },
    async readFile(path, call) {
      checkPath(path)
      return life.run(call, (stop) => route.files.read(path, stop))
    },
    async writeFile(path, data, call) {
      checkPath(path)
      if (path.endsWith('/'))
        throw vmError('VM_INVALID', `${JSON.stringify(path)} names a folder, not a file`)
      const bytes = typeof data === 'string' ? Buffer.from(data) : data
      await life.run(call, (stop) => route.files.write(path, bytes, stop))
    },
    async remove(path, call) {
      checkRemovable(path)
      await life.run(call, (stop) => route.files.remove(path, stop))
    },
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  }
}

function hostProcess(process: RunningProcess): HostProcess {
  const { stdin, stdout, stderr, exit } = process
  // A broken pipe is news of the exit, which has a promise of its own.
  for (const stream of [stdin, stdout, stderr]) stream.on('error', () => {})
  return { stdin, stdout, stderr, exit, kill: (signal = 'TERM') => process.kill(signal) }
}
