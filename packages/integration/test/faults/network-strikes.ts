import { signalled } from '../process-state.ts'
import { hypervisorsOn } from './hypervisor.ts'
import { CONTROL, DATA, sessionsFrom } from './process-strikes.ts'
import { must, type Scene } from './scene.ts'

type Side = 'source' | 'target'

/** Faults of the three cables and of what runs over them. */
export const networkStrikes = {
  'kill the control ssh of the source': (scene: Scene) => endSessions(scene, 'source', CONTROL),
  'kill the control ssh of the target': (scene: Scene) => endSessions(scene, 'target', CONTROL),
  'cut the control network of the source': (scene: Scene) => cutControl(scene, 'source'),
  'cut the control network of the target': (scene: Scene) => cutControl(scene, 'target'),
  'kill the data ssh at the target': (scene: Scene) => endSessions(scene, 'target', DATA),
  async 'kill the data ssh at the source'({ source }: Scene) {
    for (const { pid, argv } of await source.processes('tunnel.sock'))
      if (argv[0]?.endsWith('ssh')) signalled(pid, 'SIGKILL')
  },
  async 'cut the data network'({ lab, mend }: Scene) {
    await lab.cutLink()
    mend.push(() => lab.restoreLink())
  },
  'cut the way there': (scene: Scene) => blackHole(scene, 'source', 'target'),
  'cut the way back': (scene: Scene) => blackHole(scene, 'target', 'source'),
  async 'lose the target host'(scene: Scene) {
    await isolate(scene)
    for (const { pid } of await hypervisorsOn(scene.target)) process.kill(pid, 'SIGKILL')
  },
  async 'restart the target host with an empty /run'(scene: Scene) {
    await isolate(scene)
    for (const { pid } of await hypervisorsOn(scene.target)) process.kill(pid, 'SIGKILL')
    await must(scene.target, 'rm', '-rf', '/run/vmferry/qemu')
  },
  'cut the target host off': (scene: Scene) => isolate(scene),
} as const

async function endSessions(scene: Scene, side: Side, network: string): Promise<void> {
  const pids = await sessionsFrom(scene, side, network)
  if (pids.length === 0) throw new Error(`the ${side} has no session from ${network}`)
  for (const pid of pids) signalled(pid, 'SIGKILL')
}

async function cutControl({ lab, mend, ...scene }: Scene, side: Side): Promise<void> {
  const device = scene[side].name
  await must(lab.controller, 'ip', 'link', 'set', device, 'down')
  mend.push(() => must(lab.controller, 'ip', 'link', 'set', device, 'up'))
}

async function isolate(scene: Scene): Promise<void> {
  await cutControl(scene, 'target')
  await scene.lab.cutLink()
  scene.mend.push(() => scene.lab.restoreLink())
  for (const network of [CONTROL, DATA])
    for (const pid of await sessionsFrom(scene, 'target', network)) signalled(pid, 'SIGKILL')
}

/** Nothing gets any more from one host to the other, without an error; the other direction works. */
async function blackHole({ mend, ...scene }: Scene, from: Side, to: Side): Promise<void> {
  const route = ['blackhole', `${scene[to].address}/32`]
  await must(scene[from], 'ip', 'route', 'add', ...route)
  mend.push(() => must(scene[from], 'ip', 'route', 'del', ...route))
}
