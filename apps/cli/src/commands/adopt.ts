import { inSession, type SessionOptions } from '../session.ts'

export interface AdoptOptions extends SessionOptions {
  /** Path of its QMP socket. */
  readonly qmp: string
}

/** `vmferry adopt <uri> <name> --qmp PATH`: takes over a domain that somebody else started. */
export async function adopt(uri: string, name: string, options: AdoptOptions): Promise<number> {
  return inSession(options, async ({ connect, interruption, output }) => {
    const connection = await connect(uri)
    const domain = await interruption.wait(connection.adopt(name, { qmp: options.qmp }))
    await output.print(`${domain.name} is ${domain.state} on ${connection.uri}`)
    return 0
  })
}
