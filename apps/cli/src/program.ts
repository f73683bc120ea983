import tab from '@bomb.sh/tab/commander'
import type { Command as TypedCommand } from '@commander-js/extra-typings'
import { Command, CommanderError } from 'commander'
import { EXIT_USAGE } from './exit-code.ts'
import { printable } from './printable.ts'
import { count, positive, quantity } from './quantity.ts'
import { version } from './version.ts'

/** Runs one command line (without node and script) and resolves with the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code = 0
  const program = define((result) => {
    code = result
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.code === 'commander.helpDisplayed' || error.code === 'commander.version' ? 0 : EXIT_USAGE
  }
}

/** The stable interface. Each command's file is imported when it is called. */
function define(end: (code: number) => void): TypedCommand {
  // the type knows what the options are; at run time there is commander alone
  const root = new Command() as unknown as TypedCommand
  const program = root
    .name('vmferry')
    .description('Moves running virtual machines between hosts.')
    .version(version(), '-V, --version')
    .option('--driver <package>', 'use the driver of this package too', collect)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(printable(text)) })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(vmferry --help tells more)')
  const shared = (json?: true): { driver: readonly string[]; json: boolean } => ({
    driver: program.opts().driver ?? [],
    json: json ?? false,
  })

  program
    .command('capabilities')
    .description('what driver and host can do')
    .argument('<uri>', 'connection URI, as qemu+ssh://root@alpha/system')
    .addOption(
      program
        .createOption('--format <format>', 'how to print it')
        .choices(['text', 'json', 'xml'] as const)
        .default('text' as const),
    )
    .action(async (uri, { format }) => {
      const { capabilities } = await import('./commands/capabilities.ts')
      end(await capabilities(uri, { ...shared(), format }))
    })

  program
    .command('list')
    .description('the domains of a host')
    .argument('<uri>', 'connection URI')
    .option('--json', 'print JSON lines')
    .action(async (uri, { json }) => {
      const { list } = await import('./commands/list.ts')
      end(await list(uri, shared(json)))
    })

  program
    .command('start')
    .description("start a domain from its hypervisor's own command line")
    .argument('<uri>', 'connection URI')
    .argument('<name>', 'name of the new domain')
    .argument('[command-line...]', 'after --, as: -- qemu-system-x86_64 -m 512')
    .action(async (uri, name, commandLine) => {
      const { start } = await import('./commands/start.ts')
      end(await start(uri, name, commandLine, shared()))
    })

  program
    .command('adopt')
    .description('take over a running domain that somebody else started')
    .argument('<uri>', 'connection URI')
    .argument('<name>', 'its name from now on')
    .requiredOption('--qmp <path>', 'the UNIX socket of its QMP monitor, on that host')
    .action(async (uri, name, { qmp }) => {
      const { adopt } = await import('./commands/adopt.ts')
      end(await adopt(uri, name, { ...shared(), qmp }))
    })

  program
    .command('stop')
    .description('end a domain')
    .argument('<uri>', 'connection URI')
    .argument('<name>', 'name of the domain')
    .option('--force', 'at once, as if the power were cut')
    .action(async (uri, name, { force = false }) => {
      const { stop } = await import('./commands/stop.ts')
      end(await stop(uri, name, { ...shared(), force }))
    })

  wishes(program.command('plan').description('what a migration would do, without doing it')).action(
    async (source, name, target, { json, ...wished }) => {
      const { plan } = await import('./commands/plan.ts')
      end(await plan(source, name, target, wished, shared(json)))
    },
  )

  wishes(program.command('migrate').description('move a domain to another host')).action(
    async (source, name, target, { json, ...wished }) => {
      const { migrate } = await import('./commands/migrate.ts')
      end(await migrate(source, name, target, wished, shared(json)))
    },
  )

  program
    .command('recover')
    .description('bring migrations to an end whose vmferry was lost, or whose hosts did not answer')
    .argument('[migration-id]', 'one of them; default: all that the journal has open')
    .option('--host <uri>', 'what this host has on file, for a machine that never heard of it')
    .option('--revive-source', 'run the source again where the target is proved gone and may have run')
    .option('--json', 'print JSON lines')
    .action(async (id, { json, host, reviveSource = false }) => {
      const { recover } = await import('./commands/recover.ts')
      end(await recover(id, { ...shared(json), reviveSource, ...(host !== undefined && { host }) }))
    })

  program
    .command('demo')
    .description('a live migration on whatever this machine has')
    .option('--json', 'print the events as JSON lines')
    .action(async ({ json }) => {
      const { demo } = await import('./commands/demo.ts')
      end(await demo(shared(json)))
    })

  tab(root as unknown as Command)
  return root
}

function wishes(command: TypedCommand) {
  return command
    .argument('<source-uri>', 'connection URI of the host that has the domain')
    .argument('<name>', 'name of the domain')
    .argument('<target-uri>', 'connection URI of the host that gets it')
    .option('--live', 'the guest runs while it is copied')
    .option('--rename <name>', 'new name at the target')
    .option('--uri <uri>', 'way of the data as the source sees it: a host, or transport://host')
    .option('--bandwidth <mbps>', 'most Mbps; 0: a suitable default', quantity)
    .option('--max-downtime <ms>', 'longest acceptable downtime in milliseconds', positive)
    .option('--timeout <s>', 'seconds until --timeout-action', positive)
    .addOption(
      command
        .createOption('--timeout-action <action>', 'what to do then')
        .choices(['abort', 'suspend', 'postcopy'] as const)
        .default('abort' as const),
    )
    .option('--stall-timeout <s>', 'seconds without a byte moved until it is given up', positive)
    .option(
      '--settle-timeout <s>',
      'seconds that silent hosts are asked again until it is in doubt',
      positive,
    )
    .option('--copy-storage', 'copy disks that the hosts do not share')
    .option(
      '--postcopy',
      'switch to post-copy when the copy does not converge: from then on a failure of either host loses the guest',
    )
    .option('--auto-converge', 'slow the guest down until the copy converges')
    .option('--abort-on-error', 'give up when the guest has an I/O error with a disk meanwhile')
    .option('--connections <n>', 'parallel data connections', count)
    .option('--paused', 'leave the guest paused at the target')
    .option('--json', 'print JSON lines')
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
