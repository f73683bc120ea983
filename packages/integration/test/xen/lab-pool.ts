import { AsyncLocalStorage } from 'node:async_hooks'
import { ssh } from '@vmferry/host'
import { openXenLab, type XenLab } from '@vmferry/lab'

/** Labs of which each piece of work has one to itself, while it lasts: their hosts mostly wait for each other. */
export interface LabPool {
  /** Runs `work`, for no more at a time than there are labs; what it calls finds its own by `mine()`. */
  use<T>(work: () => Promise<T>): Promise<T>
  mine(): PooledLab
  close(): Promise<void>
}

/** A lab, and how its hosts are reached. */
export interface PooledLab {
  readonly lab: XenLab
  readonly provider: ReturnType<typeof ssh>
}

/** Boots so many labs, one after the other, and lets `furnish` prepare each. */
export async function openLabPool(count: number, furnish: (lab: XenLab) => Promise<void>): Promise<LabPool> {
  const labs: PooledLab[] = []
  const close = async (): Promise<void> => {
    await Promise.all(labs.map(({ lab }) => lab.close()))
  }
  try {
    for (let number = 0; number < count; number++) {
      const lab = await openXenLab()
      labs.push({ lab, provider: ssh({ config: lab.ssh.config }) })
      await furnish(lab)
    }
  } catch (error) {
    await close()
    throw error
  }
  const current = new AsyncLocalStorage<PooledLab>()
  const free = [...labs]
  return {
    async use(work) {
      const lab = free.pop()
      if (!lab) throw new Error(`there are ${count} labs, and more work than that at a time`)
      try {
        return await current.run(lab, work)
      } finally {
        free.push(lab)
      }
    },
    mine() {
      const lab = current.getStore()
      if (!lab) throw new Error('no lab is held here: use() gives one')
      return lab
    },
    close,
  }
}
