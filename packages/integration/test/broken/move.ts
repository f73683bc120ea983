import { type BrokenDriver, broken, guestOn } from './broken-driver.ts'

export const brokenMoves: readonly BrokenDriver[] = [
  broken('move.counts-on', 'starts the guest anew at the target', () => ({
    finish:
      (next, { host }) =>
      async (call) => {
        await next(call)
        const memory = guestOn(host)?.memory
        memory?.loadRegisters({ ...memory.registers, counter: 0 })
      },
  })),
  broken('move.intact', 'loses a page', () => ({
    finish:
      (next, { host, side }) =>
      async (call) => {
        await next(call)
        if (side === 'target') guestOn(host)?.memory.load(3, new Uint32Array(16))
      },
  })),
  broken('move.gone', 'forgets to free the source', ({ untilNextCall }) => ({
    confirm:
      (next, { host, recalled }) =>
      async (call) => {
        const guest = guestOn(host)
        await next(call)
        if (!guest || recalled) return
        host.guests.set(guest.name, { ...guest, heldBy: null })
        untilNextCall(() => host.guests.delete(guest.name))
      },
  })),
  broken('move.unlisted', 'still knows a guest that has moved', () => {
    const moved = new Set<string>()
    return {
      confirm:
        (next, { host }) =>
        async (call) => {
          const guest = guestOn(host)
          await next(call)
          if (guest) moved.add(`${host.name} ${guest.name}`)
        },
      domain:
        (next, { host }) =>
        async (name, call) =>
          moved.has(`${host.name} ${name}`)
            ? { name, uuid: null, state: 'off', memoryBytes: null }
            : next(name, call),
    }
  }),
  broken('move.listed', 'gives the guest another uuid at the target', () => ({
    domain:
      (next, { side }) =>
      async (name, call) => {
        const found = await next(name, call)
        return side === 'target' ? { ...found, uuid: '00000000-0000-4000-8000-000000000000' } : found
      },
  })),
  broken('move.no-leftovers', 'leaves something where a guest arrives', () => ({
    finish:
      (next, { host, side }) =>
      async (call) => {
        await next(call)
        if (side === 'target') host.epochs.set('left', 1)
      },
  })),
  broken('move.source-clean', 'leaves something where a guest came from', () => ({
    confirm:
      (next, { host, side }) =>
      async (call) => {
        await next(call)
        if (side === 'source') host.epochs.set('left', 1)
      },
  })),
  broken('move.neighbour', 'pauses what else is at the target', ({ world }) => ({
    finish:
      (next, { host, side }) =>
      async (call) => {
        await next(call)
        for (const guest of host.guests.values())
          if (side === 'target' && guest.name.startsWith('db')) world.change(guest, 'paused')
      },
  })),
]
