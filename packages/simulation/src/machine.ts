import { createDisk, type Disk } from './disk.ts'

/** The machine of a controller: its disk and its routes outlive the process. */
export interface Machine {
  readonly name: string
  readonly disk: Disk
  /** Its route to the host of that name. */
  route(host: string): Route
}

/** The way of messages between a machine and a host, to and fro. */
export interface Route {
  /** False: messages vanish, and nobody is told. */
  up: boolean
}

export function createMachine(name: string): Machine {
  const routes = new Map<string, Route>()
  return {
    name,
    disk: createDisk(),
    route(host) {
      const route = routes.get(host) ?? { up: true }
      routes.set(host, route)
      return route
    },
  }
}
