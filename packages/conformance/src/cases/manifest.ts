import { deepStrictEqual } from 'node:assert/strict'
import { type Capabilities, CONTRACT, DEFAULT_CAPABILITIES } from '@vmferry/core/driver'
import { type Case, check } from '../case.ts'
import { ensure } from '../ensure.ts'
import { throughJson } from '../json-copy.ts'
import { MIGRATES } from '../needs.ts'

export const manifestCases: readonly Case[] = [
  check(
    'manifest.contract',
    [],
    `the driver has contract ${CONTRACT} and a name in small letters`,
    async ({ stage }) => {
      const { contract, name } = stage.driver
      ensure(contract === CONTRACT, `contract is ${String(contract)}; this kit proves ${CONTRACT}`)
      ensure(/^[a-z][a-z0-9]*$/.test(name), `the name '${name}' cannot be the first half of a URI's scheme`)
    },
  ),

  check('manifest.complete', [], 'the manifest says something about every ability', async ({ stage }) => {
    const missing = Object.keys(DEFAULT_CAPABILITIES).filter(
      (name) => !Object.hasOwn(stage.driver.capabilities, name),
    )
    ensure(missing.length === 0, `it lacks ${missing.join(', ')}: make it by defineCapabilities()`)
  }),

  check('manifest.frozen', [], 'the manifest is frozen, and so is all that is in it', async ({ stage }) => {
    const { capabilities } = stage.driver
    const parts = Object.entries({ capabilities, ...capabilities })
    const soft = parts.filter(([, part]) => !Object.isFrozen(part)).map(([name]) => name)
    ensure(soft.length === 0, `not frozen: ${soft.join(', ')}; make it by defineCapabilities()`)
  }),

  check('manifest.json', [], 'the manifest survives JSON unchanged', async ({ stage }) => {
    const { capabilities } = stage.driver
    deepStrictEqual(throughJson(capabilities), capabilities)
  }),

  check(
    'manifest.constant',
    [],
    'the manifest is the same object before and after connecting',
    async (bench) => {
      const { driver } = bench.stage
      const before = driver.capabilities
      await bench.connect('source')
      ensure(driver.capabilities === before, 'the driver made another manifest')
    },
  ),

  check('manifest.narrowed', [], 'a host only narrows the manifest', async ({ stage, source, target }) => {
    for (const { capabilities } of [source, target]) {
      const wider = widened(stage.driver.capabilities, capabilities)
      ensure(wider.length === 0, `the connection claims more than the driver's manifest: ${wider.join(', ')}`)
    }
  }),

  check(
    'manifest.members',
    MIGRATES,
    'a connection has the members that the manifest promises, and no others',
    async ({ source, target }) => {
      for (const { capabilities, ...connection } of [source, target]) {
        const wanted = capabilities.handover === 'direct' ? ['direct'] : ['source', 'target']
        for (const name of ['source', 'target', 'direct'] as const) {
          const has = connection[name] !== undefined
          const should = wanted.includes(name)
          const words = should ? `has no \`${name}\`` : `has \`${name}\``
          ensure(has === should, `handover is ${capabilities.handover}, and the connection ${words}`)
        }
      }
    },
  ),
]

/** Members by which a connection's manifest says more than its driver's. */
function widened(all: Capabilities, here: Capabilities): string[] {
  const { fencing, progress, features, uriTransports, streams } = here
  const ranks = { fencing: ['none', 'session', 'host'], progress: ['none', 'coarse', 'bytes'] }
  const flags = (['live', 'resource', 'domainRename', 'postCopy', 'offline', 'pausedGuests'] as const).filter(
    (flag) => here[flag] && !all[flag],
  )
  return [
    ...flags,
    ...Object.keys(features).filter((name) => features[name] && !all.features[name]),
    ...uriTransports.filter((name) => !all.uriTransports.includes(name)),
    ...streams.filter((name) => !all.streams.includes(name)),
    ...(ranks.fencing.indexOf(fencing) > ranks.fencing.indexOf(all.fencing) ? ['fencing'] : []),
    ...(ranks.progress.indexOf(progress) > ranks.progress.indexOf(all.progress) ? ['progress'] : []),
    ...(here.handover === all.handover ? [] : ['handover']),
  ]
}
