/** A driver and a way to hosts that tell where a migration is, and wait there until they are let on. */

/**
 * @param driver the driver
 * @param provider how it reaches hosts
 * @param reach called with a phase and a moment: `before`, `after`, `during` (the third figure of a copy), `stopped`, or
 *   how manieth call to a host the phase is about to make, an act of a fence's shell included
 */
export function gated(driver, provider, reach) {
  let phase = null
  let calls = 0
  const around = (name, work) =>
    work &&
    (async (...words) => {
      await reach(name, 'before')
      phase = name
      calls = 0
      try {
        return await work(...words)
      } finally {
        phase = null
        await reach(name, 'after')
      }
    })
  const counted = async () => {
    if (phase === null) return
    calls += 1
    await reach(phase, calls)
  }
  return {
    driver: {
      ...driver,
      connect: async (...words) => gatedConnection(await driver.connect(...words), around, reach),
    },
    host: { ...provider, open: async (...words) => countedChannel(await provider.open(...words), counted) },
  }
}

function gatedConnection(connection, around, reach) {
  const { source, target } = connection
  return {
    ...connection,
    source: source && {
      ...source,
      begin: around('begin', async (...words) => gatedOutgoing(await source.begin(...words), around, reach)),
      recall: async (...words) => gatedOutgoing(await source.recall(...words), around, reach),
    },
    target: target && {
      ...target,
      prepare: around('prepare', async (...words) => gatedIncoming(await target.prepare(...words), around)),
      recall: async (...words) => gatedIncoming(await target.recall(...words), around),
    },
  }
}

function gatedOutgoing(outgoing, around, reach) {
  const watched = async (ticket, dial, call) => {
    let figures = 0
    let stopped = Promise.resolve()
    const onProgress = (event) => {
      if (event.type === 'stopped') stopped = reach('perform', 'stopped')
      if (event.type === 'transfer' && ++figures === 3) void reach('perform', 'during')
      call.onProgress?.(event)
    }
    try {
      return await outgoing.perform(ticket, dial, { ...call, onProgress })
    } finally {
      // what strikes between the guest's stop and the commit has struck by then
      await stopped
    }
  }
  return {
    ...outgoing,
    ...(outgoing.perform && { perform: around('perform', watched) }),
    handOver: around('hand-over', outgoing.handOver),
    confirm: around('confirm', outgoing.confirm),
    abort: around('abort', outgoing.abort),
  }
}

function gatedIncoming(incoming, around) {
  return {
    ...incoming,
    ready: around('ready', incoming.ready),
    finish: around('finish', incoming.finish),
    abort: around('abort', incoming.abort),
  }
}

function countedChannel(channel, counted) {
  const first =
    (work) =>
    async (...words) => {
      await counted()
      return work(...words)
    }
  const { exec, detach, dial } = channel
  const start = first(channel.spawn)
  const spawn = async (...words) => {
    const process = await start(...words)
    return { ...process, stdin: countedInput(process.stdin, counted) }
  }
  return { ...channel, exec: first(exec), spawn, detach: first(detach), dial: first(dial) }
}

function countedInput(stdin, counted) {
  const write = (text, ...rest) => {
    if (!String(text).startsWith('act ')) return stdin.write(text, ...rest)
    void counted().then(() => stdin.write(text, ...rest))
    return true
  }
  return new Proxy(stdin, {
    get(target, name) {
      if (name === 'write') return write
      const value = target[name]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
