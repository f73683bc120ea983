import type { Capabilities, TransportChoice } from '@vmferry/core/driver'

/**
 * All transports are imitations that move bytes over the world's links alike. A hypervisor without any that could be
 * asked for still has its own way.
 */
export function transportsOf({ uriTransports }: Capabilities): readonly TransportChoice[] {
  const [best = 'memory', ...others] = uriTransports
  return [
    { name: best, why: 'both hosts are in this process' },
    ...others.map((name) => ({ name, why: `an imitation of ${name}` })),
  ]
}
