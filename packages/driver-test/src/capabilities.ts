import { type Capabilities, defineCapabilities, type Manifest, vmError } from '@vmferry/core/driver'

const ABILITIES = {
  live: true,
  resource: true,
  domainRename: true,
  uriTransports: ['memory', 'ssh', 'tcp'],
  streams: ['vmferry-test'],
  handover: 'phased',
  fencing: 'host',
  abortableUntil: 'hand-over',
  progress: 'bytes',
  postCopy: true,
  pausedGuests: true,
  features: { maxDowntime: true, startPaused: true, suspend: true },
} as const

/** All that this driver can ever do. `?without=` and `?fencing=` narrow it for one connection, a world never does. */
export const TEST_CAPABILITIES: Manifest<typeof ABILITIES> = defineCapabilities(ABILITIES)

/** What keeps an old controller out. */
export type Fencing = Capabilities['fencing']

/** The manifest of a driver that was made with fencing `F`. */
export type TestCapabilities<F extends Fencing = Fencing> = Manifest<
  Omit<typeof ABILITIES, 'fencing'> & { readonly fencing: F }
>

/** From the strongest to the weakest: a connection may only go down. */
const FENCINGS: readonly Fencing[] = ['host', 'session', 'none']

/** The driver's manifest with that fencing. VM_INVALID for one that is none. */
export function capabilitiesWith<F extends Fencing>(fencing: F): TestCapabilities<F> {
  const same = weaker(ABILITIES.fencing, fencing) === ABILITIES.fencing
  const manifest = same ? TEST_CAPABILITIES : defineCapabilities({ ...ABILITIES, fencing })
  return manifest as TestCapabilities<F>
}

/** `wanted`, if it is not stronger than what there is; else VM_INVALID. */
function weaker(has: Fencing, wanted: string): Fencing {
  const fencing = FENCINGS.slice(FENCINGS.indexOf(has)).find((one) => one === wanted)
  if (fencing !== undefined) return fencing
  const known = FENCINGS.some((one) => one === wanted)
  throw vmError(
    'VM_INVALID',
    `fencing=${wanted}: ${known ? `the driver has only ${has}` : 'there is none'}`,
    {
      remedy: 'it is host, session or none, and a connection has never more than its driver',
    },
  )
}

/** What a connection is to have less than its driver. JSON data. */
export interface Narrowing {
  /** Names of abilities that fall back to the contract's default. */
  readonly without: readonly string[]
  /** Null: as the driver has it. */
  readonly fencing: string | null
}

/** The wire format of every migration in a world. */
export const STREAM = 'vmferry-test'

/** The manifest of a lesser hypervisor. VM_INVALID for a name that is no member of `Capabilities`, or stronger fencing. */
export function narrowed(all: Capabilities, { without, fencing }: Narrowing): Capabilities {
  const none = defineCapabilities({})
  const unknown = without.find((name) => !Object.hasOwn(none, name))
  if (unknown !== undefined) {
    throw vmError('VM_INVALID', `without=${unknown}: there is no ability of that name`, {
      remedy: `the abilities are ${Object.keys(none).join(', ')}`,
    })
  }
  const fallen = Object.entries(none).filter(([name]) => without.includes(name))
  const fenced = fencing === null ? all.fencing : weaker(all.fencing, fencing)
  return defineCapabilities({ ...all, fencing: fenced, ...Object.fromEntries(fallen) })
}
