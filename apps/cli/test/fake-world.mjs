/// <reference types="node" />
// A driver package for `--driver`: the hypervisor in memory, in a world of the test's making. JavaScript, because the
// built command line imports it as it is.
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { createWorld, test } from '@vmferry/driver-test'

/**
 * @typedef {import('@vmferry/core/driver').DriverConnection} DriverConnection
 * @typedef {import('@vmferry/core/driver').Incoming} Incoming
 * @typedef {import('@vmferry/core/driver').MigrationTarget} MigrationTarget
 * @typedef {object} FakeWorld
 * @property {number} [bytesPerSecond] speed of the links; default: no limit
 * @property {import('@vmferry/driver-test').Fault[]} [faults]
 * @property {true} [announce] tell each connect on stderr
 * @property {string} [gate] `finish` waits until this file is there
 * @property {'connect' | 'prepare'} [stray] throw there, where nobody listens
 */

/** @returns {import('@vmferry/core/driver').Driver} */
export function driver() {
  /** @type {FakeWorld} */
  const {
    bytesPerSecond = Infinity,
    faults = [],
    announce,
    gate,
    stray,
  } = JSON.parse(process.env['FAKE_WORLD'] ?? '{}')
  const world = createWorld({ linkBytesPerSecond: bytesPerSecond })
  for (const fault of faults) world.faults.add(fault)
  const real = test({ world })
  const thrown = () => {
    throw new Error('stray')
  }
  return {
    ...real,
    async connect(uri, context, call) {
      if (announce) process.stderr.write('connecting\n')
      if (stray === 'connect') setImmediate(thrown)
      const connection = await real.connect(uri, context, call)
      return gate || stray === 'prepare' ? gated(connection, gate, stray && thrown) : connection
    },
  }
}

/**
 * @param {DriverConnection} connection
 * @param {string} [gate]
 * @param {() => void} [stray]
 */
function gated(connection, gate, stray) {
  const { target } = connection
  if (!target) throw new Error('this world has no targets')
  /** @type {MigrationTarget['prepare']} */
  const prepare = async (offer, request, call) => {
    if (stray) setImmediate(stray)
    const incoming = await target.prepare(offer, request, call)
    if (!gate) return incoming
    /** @type {Incoming['finish']} */
    const finish = async (late) => {
      while (!existsSync(gate)) await wait(10)
      await incoming.finish(late)
    }
    return overlaid(incoming, { finish })
  }
  return overlaid(connection, { target: overlaid(target, { prepare }) })
}

/**
 * @template {object} T
 * @param {T} object
 * @param {Partial<T>} members
 * @returns {T}
 */
function overlaid(object, members) {
  return /** @type {T} */ (Object.assign(/** @type {object} */ (Object.create(object)), members))
}
