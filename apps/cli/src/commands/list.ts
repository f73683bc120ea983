import { bytesText } from '../figure.ts'
import { jsonLine } from '../json-view.ts'
import { inSession, type SessionOptions } from '../session.ts'
import { table } from '../table.ts'

/** `vmferry list <uri>`: the domains there. */
export async function list(uri: string, options: SessionOptions): Promise<number> {
  return inSession(options, async ({ connect, interruption, output }) => {
    const connection = await connect(uri)
    const domains = await interruption.wait(connection.domains())
    const lines = options.json
      ? domains.map(({ name, state, uuid, memoryBytes }) =>
          jsonLine({ type: 'domain', name, state, memoryBytes, uuid }),
        )
      : table([
          ['NAME', 'STATE', 'MEMORY', 'UUID'],
          ...domains.map(({ name, state, memoryBytes, uuid }) => [
            name,
            state,
            memoryBytes === null ? '-' : bytesText(memoryBytes),
            uuid ?? '-',
          ]),
        ])
    if (lines.length > 0) await output.print(...lines)
    return 0
  })
}
