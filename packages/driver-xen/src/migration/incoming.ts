import { Duplex, Writable } from 'node:stream'
import { type CallOptions, type CopyState, type Incoming, type Ticket, vmError } from '@vmferry/core/driver'
import { type Fence, type MigrationFile, mark, remove, type Step } from '@vmferry/fence'
import { type Arrived, go, voided } from '../fence/step.ts'
import { domainOfHalf, halfOf, lookAt } from '../guest/list.ts'
import type { HalfFolder } from '../guest/run-directory.ts'
import { TAKE } from '../stream/receive.ts'
import type { XenHost } from '../xen-host.ts'
import { INCOMING } from '../xl/messages.ts'
import { failureOf, lastWordsOf } from './words.ts'

/** What belongs to a target's half. */
export interface Arrival {
  readonly folder: HalfFolder
  readonly file: MigrationFile
  /** The domain's name here. */
  readonly name: string
  readonly ticket: Ticket
}

type Commit = readonly [Step<null>, Step<Arrived>]

/** The steps of finish: the mark, then the one action and a look at what came of it. Both can be repeated. */
function commitSteps({ request, offer }: MigrationFile): Commit {
  return [mark(), go(offer.uuid ?? '', request.paused ? 'pause' : 'run')]
}

/** The target's half of a migration: fresh from prepare with its fence, of which a shell stays, or found again on the host, without. */
export function openIncoming(
  at: XenHost,
  { folder, file, name, ticket }: Arrival,
  prepared: Fence | null,
): Incoming {
  const { host } = at
  const fence = prepared ?? at.fences.of(name, folder.path)
  const uuid = file.offer.uuid ?? ''

  return {
    ticket,
    async dial(_endpoint, call) {
      const { stdin, stdout, stderr, exit } = await host.spawn(['sh', '-c', TAKE, 'sh', folder.path], call)
      exit.catch(() => {})
      stderr.resume()
      return Duplex.from({ writable: heedless(stdin), readable: stdout })
    },
    async ready(call) {
      const { run, complete, evidence } = await inspectTarget(at, folder, call)
      if (run === 'stopped' && complete) return
      const words = await lastWordsOf(host, folder)
      throw failureOf(host.name, `the guest on ${host.name} is not ready to run: ${evidence[0]}`, words)
    },
    async finish(call) {
      const [, arrived] = await fence.act(commitSteps(file), call)
      void fence.leave()
      if (arrived.name === name) return
      throw vmError(
        'VM_CONNECTION',
        `the guest on ${host.name} is still ${arrived.name} (${arrived.flags})`,
        {
          host: host.name,
        },
      )
    },
    async abort(_reason, call) {
      try {
        await fence.act([voided(uuid), remove()], call)
      } finally {
        await fence.leave()
      }
    },
    inspect: (call) => inspectTarget(at, folder, call),
  }
}

/** The input of a process whose end is no error: what it has said before is still to be read. */
function heedless(stdin: Writable): Writable {
  stdin.on('error', () => {})
  return new Writable({
    write(chunk: Buffer, encoding, done) {
      stdin.write(chunk, encoding, () => done())
    },
    final(done) {
      stdin.end(() => done())
    },
    destroy(_error, done) {
      stdin.destroy()
      done(null)
    },
  })
}

/** What the host knows of the target's copy. */
async function inspectTarget(
  { host, runDirectory }: XenHost,
  folder: HalfFolder,
  call: CallOptions,
): Promise<CopyState> {
  const sight = await lookAt(host, runDirectory, call)
  const half = halfOf(sight, 'target', folder.id, host.name)
  const { mayHaveRun, complete } = half
  const xlAlive = half.process !== null
  const domain = domainOfHalf(sight, half)
  if (!domain) {
    const words = await lastWordsOf(host, folder)
    const evidence = [`xl on ${host.name} has no domain ${half.name}${words ? `: ${words}` : ''}`]
    return { run: xlAlive ? 'stopped' : 'gone', complete: false, mayHaveRun, revivable: false, evidence }
  }
  const evidence = [`xl on ${host.name} lists ${domain.name} (${domain.id}) as ${domain.state}`]
  const arriving = domain.name.endsWith(INCOMING)
  if (!arriving && mayHaveRun && (domain.state === 'running' || half.file.request.paused))
    return { run: 'running', complete: true, mayHaveRun, revivable: true, evidence }
  return { run: 'stopped', complete, mayHaveRun, revivable: complete && (xlAlive || !arriving), evidence }
}
