import type { QmpClient } from '@vmferry/qmp'

/** A monitor that is opened when it is first needed, and again when its connection broke. */
export interface MonitorHolder {
  get(): Promise<QmpClient>
  drop(): Promise<void>
}

export function monitorHolder(first: QmpClient | null, open: () => Promise<QmpClient>): MonitorHolder {
  let held: QmpClient | null = null
  const hold = (client: QmpClient): QmpClient => {
    held = client
    void client.closed.then(() => {
      if (held === client) held = null
    })
    return client
  }
  if (first) hold(first)
  return {
    get: async () => held ?? hold(await open()),
    async drop() {
      const client = held
      held = null
      await client?.close()
    },
  }
}
