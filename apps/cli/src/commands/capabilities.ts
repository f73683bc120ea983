import type { Connection } from '@vmferry/core'
import { jsonLine } from '../json-view.ts'
import { inSession } from '../session.ts'
import { table } from '../table.ts'

export interface CapabilitiesOptions {
  readonly driver: readonly string[]
  readonly format: 'text' | 'json' | 'xml'
}

/** `vmferry capabilities <uri>`: the manifest as that host narrows it. */
export async function capabilities(uri: string, { driver, format }: CapabilitiesOptions): Promise<number> {
  return inSession({ driver, json: format === 'json' }, async ({ connect, output }) => {
    const connection = await connect(uri)
    if (connection.hypervisor === null)
      output.say(`warning: no hypervisor is installed behind ${uri}: this is what the driver can do at most`)
    await output.print(...(await formatted(connection, format)))
    return 0
  })
}

async function formatted(
  connection: Connection,
  format: CapabilitiesOptions['format'],
): Promise<readonly string[]> {
  const { driver, uri, hypervisor } = connection
  switch (format) {
    case 'json':
      return [jsonLine({ driver, uri, hypervisor, capabilities: connection.capabilities })]
    case 'xml': {
      const { capabilitiesToXml } = await import('@vmferry/core/capabilities-xml')
      return [capabilitiesToXml(connection.capabilities).trimEnd()]
    }
    case 'text': {
      const head = [
        ['driver', driver],
        ['uri', uri],
        ['hypervisor', hypervisor ?? 'none installed'],
      ]
      const abilities = Object.entries(connection.capabilities).map(([name, value]) => [name, inWords(value)])
      return table([...head, ...abilities])
    }
  }
}

function inWords(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.join(', ') || 'none'
  if (typeof value !== 'object' || value === null) return String(value)
  const had = Object.entries(value).filter(([, has]) => has === true)
  return had.map(([name]) => name).join(', ') || 'none'
}
