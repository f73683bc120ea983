import { inSession, type SessionOptions } from '../session.ts'

/** `vmferry start <uri> <name> -- …`: starts a domain from its hypervisor's own command line. */
export async function start(
  uri: string,
  name: string,
  commandLine: readonly string[],
  options: SessionOptions,
): Promise<number> {
  return inSession(options, async ({ connect, interruption, output }) => {
    const connection = await connect(uri)
    const domain = await interruption.wait(connection.start(name, commandLine))
    await output.print(`${domain.name} is ${domain.state} on ${connection.uri}`)
    return 0
  })
}
