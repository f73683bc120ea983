import { readFileSync } from 'node:fs'
import { isVmError } from '@vmferry/core/driver'
import { createWorld } from '../world.ts'
import { addressText } from './address.ts'
import { type HostOptions, hostOptions, USAGE } from './host-options.ts'
import { serveHost } from './serve-host.ts'
import { systemClock, systemRandom } from './system.ts'

/** Exit codes: 0 ended as it was asked to, 1 it cannot listen, 2 the command line does not parse. */
try {
  const options = hostOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(USAGE)
  else if (options.version) process.stdout.write(`${version()}\n`)
  else await serve(options)
} catch (error) {
  const { code, message, remedy } = isVmError(error)
    ? error
    : { code: 'error', message: String(error), remedy: '' }
  process.stderr.write(`${code}: ${message}\n${remedy ? `next: ${remedy}\n` : ''}`)
  process.exitCode = code === 'VM_INVALID' ? 2 : 1
}

async function serve({ listen, host, linkBytesPerSecond }: HostOptions): Promise<void> {
  const speed = linkBytesPerSecond === null ? {} : { linkBytesPerSecond }
  const world = createWorld({ clock: systemClock, random: systemRandom, ...speed })
  const served = await serveHost({ world, name: host, listen, random: systemRandom })
  if (!/^(127\.|::1$|localhost$)/.test(listen.host))
    process.stderr.write(
      `warning: whoever reaches ${addressText(served.address)} can do anything with this host: there is no authentication\n`,
    )
  const stop = (): void => {
    served.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  // the caller may read the one line and go
  process.stdout.on('error', () => {})
  process.stdout.write(`${served.uri}\n`)
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
