import { inSession, type SessionOptions } from '../session.ts'

export interface StopOptions extends SessionOptions {
  readonly force: boolean
}

/** `vmferry stop <uri> <name>`: asks the guest to power off, or ends it at once. */
export async function stop(uri: string, name: string, options: StopOptions): Promise<number> {
  return inSession(options, async ({ connect, interruption, output }) => {
    const connection = await connect(uri)
    await interruption.wait(connection.stop(name, { force: options.force }))
    await output.print(`${name} is stopped on ${connection.uri}`)
    return 0
  })
}
