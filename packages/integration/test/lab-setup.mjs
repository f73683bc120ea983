import { qemuSetup } from '@vmferry/driver-qemu/conformance'

const ALPHA = 'qemu+ssh://root@alpha/system'
const BETA = 'qemu+ssh://root@beta/system'

/** The two hosts of the lab, as its controller sees them; `unix` works within one of them. */
export const setup = qemuSetup((transport) =>
  transport === 'unix'
    ? { source: ALPHA, target: ALPHA, targetHost: null }
    : { source: ALPHA, target: BETA, targetHost: 'beta' },
)
