import { type BeatWatch, beatGuest, type Lab, openLab, watchBeats } from '@vmferry/lab'

const SOURCE = 'qemu+ssh://root@alpha/system'
const TARGET = 'qemu+ssh://root@beta/system'

/** Slow enough to be watched. */
const BANDWIDTH = '400'

/** Two hosts, one guest that counts, one live migration; returns the exit code of `vmferry migrate`. */
export async function demoOnLab(vmferry: string, flags: readonly string[]): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`)
  const from = performance.now()
  say('two hosts, alpha and beta: a network, an sshd and a name of their own …')
  await using lab = await openLab()
  interruptible(lab)
  const { argv, beatPath } = await beatGuest({
    name: 'web1',
    memoryMiB: 256,
    fillMiB: 128,
    ringMiB: 16,
    pagesPerTick: 4,
  })
  const run = [process.execPath, vmferry]

  say('one guest on alpha, which counts 250 times a second and checks its memory …')
  const started = await lab.controller.exec([...run, 'start', SOURCE, 'web1', '--', ...argv])
  if (started.code !== 0) throw new Error(started.stderr)
  using watch = watchBeats([
    { host: lab.alpha, path: beatPath },
    { host: lab.beta, path: beatPath },
  ])
  await watch.until((beats) => beats.length > 100)

  const command = ['migrate', SOURCE, 'web1', TARGET, '--live', '--bandwidth', BANDWIDTH]
  say(`\n$ vmferry ${command.join(' ')}\n`)
  const child = lab.controller.spawn([...run, ...command, ...flags], { stdio: 'inherit' })
  const code = await new Promise<number>((resolve) => child.on('exit', (status) => resolve(status ?? 1)))
  if (code === 0) await watch.until((beats) => beats.filter(({ host }) => host === 'beta').length > 100)
  say(verdict(watch))
  await lab.controller.exec([...run, 'stop', TARGET, 'web1', '--force'])
  say(`${((performance.now() - from) / 1000).toFixed(1)} s in all, hosts included`)
  return code
}

/** What the guest's own beat says of the journey. */
function verdict(watch: BeatWatch): string {
  const { first, last, lost, backwards, corrupt, doubled, handOvers } = watch.report()
  const gap = handOvers[0]
  const silence = gap
    ? `silent for ${Math.round(gap.gapMs)} ms from ${gap.from} to ${gap.to}`
    : 'it never moved'
  const beats =
    lost + backwards + doubled === 0
      ? 'no beat lost or doubled'
      : `beats lost ${lost}, doubled ${doubled}, backwards ${backwards}`
  return `\nthe guest counted from ${first?.tick ?? 0} to ${last?.tick ?? 0}: ${silence}, ${beats}, memory ${corrupt ? 'CORRUPT' : 'intact'}`
}

/** Ctrl-C ends the lab too; the migration's own process gets the signal from the terminal and rolls back. */
function interruptible(lab: Lab): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      setTimeout(() => {
        void lab.close().then(() => process.exit(130))
      }, 3_000)
    })
  }
}
