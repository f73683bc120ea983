import { type CallOptions, type DriverDomain, type Lifecycle, sleep, vmError } from '@vmferry/core/driver'
import { domainsIn } from './domain.ts'
import { busy, domainNamed, holderOf } from './facts/source.ts'
import { domainOfHalf, lookAt } from './guest/list.ts'
import { failureOf } from './migration/words.ts'
import type { XenHost } from './xen-host.ts'
import { xl } from './xl/shell.ts'
import type { XlDomain } from './xl/table.ts'

/** Milliseconds that a guest may take to power off when asked, and that xl may take to end one. */
const POWER_DOWN_LIMIT = 60_000
const DESTROY_LIMIT = 20_000

export function xenLifecycle(at: XenHost): Lifecycle {
  const { host, runDirectory } = at
  return {
    async start(name, commandLine, call) {
      checkCommandLine(commandLine)
      const taken = domainsIn(await lookAt(host, runDirectory, call)).some((other) => other.name === name)
      if (taken)
        throw vmError('VM_EXISTS', `the name '${name}' is taken on ${host.name}`, {
          host: host.name,
          remedy: 'choose another one',
        })
      const said = await host.exec(xl('create', '-q', ...commandLine, `name="${name}"`), call)
      return startedAs(at, name, said.stderr, call)
    },
    async stop(name, { force }, call) {
      const sight = await lookAt(host, runDirectory, call)
      const half = holderOf(sight, name)
      if (half && !force) throw busy(half, at)
      // the xl of a migration would start it again, or go on
      if (half?.process) await host.kill(half.process, 'KILL', call)
      const domain = (half && domainOfHalf(sight, half)) ?? domainNamed(sight, name, host.name)
      const { stderr } = await host.exec(xl(force ? 'destroy' : 'shutdown', `${domain.id}`), call)
      await untilGone(at, domain, force, stderr, call)
      for (const { folder, uuid } of sight.halves)
        if (uuid === domain.uuid) await host.remove(folder.path, call)
    },
  }
}

/** A configuration file of the host, then lines of configuration; no options, which could leave the guest to a console or paused. */
function checkCommandLine(commandLine: readonly string[]): void {
  const [file = '', ...lines] = commandLine
  if (!file.startsWith('/') || file.includes('..'))
    throw vmError('VM_INVALID', 'a guest of Xen is started from a configuration file of its host', {
      remedy: 'vmferry start xen+ssh://root@alpha/ web1 -- /etc/xen/web1.cfg memory=512',
    })
  for (const line of lines) {
    if (!/^[a-z_]+\s*=/.test(line))
      throw vmError('VM_INVALID', `${JSON.stringify(line)} is not a line of configuration`, {
        remedy: 'write key=value; options of xl are not taken',
      })
    if (/^name\s*=/.test(line))
      throw vmError('VM_INVALID', 'the name is set by this driver', { remedy: 'leave name= out' })
  }
}

/** Judged by what is there: exit codes of xl prove nothing. */
async function startedAs(
  { host, runDirectory }: XenHost,
  name: string,
  words: string,
  call: CallOptions,
): Promise<DriverDomain> {
  const found = domainsIn(await lookAt(host, runDirectory, call)).find((domain) => domain.name === name)
  if (found) return found
  throw failureOf(host.name, `xl on ${host.name} did not start '${name}'`, words.trim() || '(nothing)')
}

async function untilGone(
  { host, runDirectory, clock }: XenHost,
  { id, name }: XlDomain,
  force: boolean,
  words: string,
  call: CallOptions,
): Promise<void> {
  const deadline = clock.monotonic() + (force ? DESTROY_LIMIT : POWER_DOWN_LIMIT)
  for (;;) {
    const { domains } = await lookAt(host, runDirectory, call)
    if (!domains.some((domain) => domain.id === id)) return
    if (clock.monotonic() > deadline) break
    await sleep(clock, 500, call.signal)
  }
  const causes = words.trim() === '' ? [] : [{ host: host.name, words: words.trim() }]
  throw vmError('VM_TIMEOUT', `'${name}' on ${host.name} was asked to end and is still there`, {
    host: host.name,
    remedy: force ? 'look at it with xl list' : 'stop it with --force',
    causes,
  })
}
