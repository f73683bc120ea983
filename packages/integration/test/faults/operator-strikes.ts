import { sendOn } from './controller-process.ts'
import { hypervisorOn } from './hypervisor.ts'
import { DOMAIN, RIVAL, type Scene, uriOf } from './scene.ts'

/** What people do in the middle of it, on purpose or not. */
export const operatorStrikes = {
  cancel: async ({ controller }: Scene) => controller.tell('cancel'),
  async 'cancel twice'({ controller }: Scene) {
    controller.tell('cancel')
    controller.tell('cancel')
  },
  async 'set the clock an hour ahead'({ controller }: Scene) {
    controller.tell('jump 3600000')
  },
  async 'set the clock an hour back'({ controller }: Scene) {
    controller.tell('jump -3600000')
  },
  'answer with garbage': tamper('garbage'),
  'answer half': tamper('truncated'),
  'answer two at once': tamper('interleaved'),
  'answer without end': tamper('oversize'),
  'answer somebody else': tamper('wrong-id'),
  async 'cont at the source'({ source }: Scene) {
    await (await hypervisorOn(source)).tell('cont')
  },
  async 'cont at the target'({ target }: Scene) {
    await (await hypervisorOn(target)).tell('cont').catch(() => {})
  },
  async 'stop at the source'({ source }: Scene) {
    await (await hypervisorOn(source)).tell('stop')
  },
  async 'quit at the source'({ source }: Scene) {
    await (await hypervisorOn(source)).tell('quit').catch(() => {})
  },
  async 'quit at the target'({ target }: Scene) {
    await (await hypervisorOn(target)).tell('quit').catch(() => {})
  },
  async 'reset at the source'({ source }: Scene) {
    await (await hypervisorOn(source)).tell('system_reset')
  },
  async 'the guest powers off'({ source }: Scene) {
    // the register by which a guest of this machine type asks for it
    const order = { 'command-line': 'o /w 0x604 0x2000' }
    await (await hypervisorOn(source)).tell('human-monitor-command', order).catch(() => {})
  },
  'a rival wants the same': (scene: Scene) => rival(scene, uriOf(scene.target)),
  'a rival wants it elsewhere': (scene: Scene) => rival(scene, uriOf(scene.target, '/run/vmferry/other')),
} as const

function tamper(how: string) {
  return async ({ controller }: Scene): Promise<void> => controller.tell(`tamper ${how}`)
}

/** Another controller that has seen no other when it looked, and begins in the same moment. */
async function rival({ lab, source, rivals }: Scene, target: string): Promise<void> {
  const errand = { does: 'migrate', source: uriOf(source), target, domain: DOMAIN } as const
  const at = { phase: 'begin', moment: 'before' } as const
  const other = sendOn(lab, { ...errand, journal: RIVAL, at, options: { live: true } })
  rivals.push(other.ended)
  await other.reached
  other.tell('go')
}
