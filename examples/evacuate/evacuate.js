import { isVmError } from '@vmferry/core'

/** After these somebody has to look before anything else is moved. */
const UNSAFE = new Set(['VM_IN_DOUBT', 'VM_LOST'])

/**
 * Moves every running guest, one after the other, to the first target where nothing stands in its way. A guest that
 * cannot be moved stays where it is; one whose outcome is in doubt, or lost, ends it all.
 *
 * @param {import('@vmferry/core').Connection} source
 * @param {readonly import('@vmferry/core').Connection[]} targets
 * @param {(line: string) => void} say
 */
export async function evacuate(source, targets, say) {
  for (const domain of await source.domains()) {
    if (domain.state === 'running') say(await moveToFirst(domain, targets))
  }
}

/**
 * @param {import('@vmferry/core').Domain} domain
 * @param {readonly import('@vmferry/core').Connection[]} targets
 */
async function moveToFirst(domain, targets) {
  const reasons = []
  for (const target of targets) {
    try {
      const plan = await domain.plan(target, { live: true })
      if (plan.possible) {
        const moved = await domain.migrate(target, { live: true })
        return `${moved.name} runs at ${moved.connection.uri}`
      }
      reasons.push(...plan.findings.map(({ code }) => code))
    } catch (error) {
      if (!isVmError(error) || UNSAFE.has(error.code)) throw error
      reasons.push(`${error.code} in ${error.phase}`)
    }
  }
  return `${domain.name} stays: ${reasons.join(', ')}`
}
