import { type Case, checkGuest } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { moved } from '../moved.ts'
import { able, MIGRATES, PHASED } from '../needs.ts'
import { countsOn, isGone } from '../watch.ts'
import { begin, prepare } from '../way.ts'

const RENAMES = [...MIGRATES, able('domainRename')]

export const renameCases: readonly Case[] = [
  checkGuest('rename.given', RENAMES, 'a guest gets its new name at the target', async (bench) => {
    await moved(bench, { rename: 'web2' })
    const { name } = await bench.target.domain('web2', bench.call())
    ensure(name === 'web2', `domain('web2') has the name '${name}'`)
    await refusal(bench.target.domain(GUEST, bench.call()), 'its old name at the target', 'VM_NOT_FOUND')
  }),

  checkGuest('rename.runs', RENAMES, 'a guest runs under its new name', async (bench) => {
    await moved(bench, { rename: 'web2' })
    await countsOn(bench, 'target', 'web2')
    await isGone(bench, 'target', GUEST)
  }),

  checkGuest('rename.kept', MIGRATES, 'without a new name a guest keeps its own', async (bench) => {
    await moved(bench)
    const names = (await bench.target.domains(bench.call())).map(({ name }) => name)
    ensure(names.join() === GUEST, `the target has ${names.join(', ') || 'no domain'}`)
  }),

  checkGuest(
    'rename.taken',
    [...PHASED, able('domainRename')],
    'a new name that is taken is VM_EXISTS, and the guest runs on',
    async (bench) => {
      await bench.stage.start('target', 'web2', 'running')
      const going = begin(bench, { rename: 'web2' }).then(prepare)
      await refusal(going, "a move to the taken name 'web2'", 'VM_EXISTS')
      await countsOn(bench, 'source', GUEST)
    },
  ),
]
