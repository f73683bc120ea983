import type { CallOptions, Finding, HostChannel, MigrationRequest } from '@vmferry/core/driver'
import type { MigrationCapabilityState } from '@vmferry/qmp'
import { optionsNamed } from '../guest/command-line.ts'
import type { Definition } from '../guest/definition.ts'
import { POST_COPY } from '../migration/post-copy.ts'
import { blocker, warning } from './finding.ts'

/** What post-copy needs at the source, and what the user must know of it. */
export function postCopyFindings(
  { postCopy, connections }: MigrationRequest,
  { name, argv }: Definition,
  known: readonly MigrationCapabilityState[],
  host: string,
): Finding[] {
  if (!postCopy) return []
  const lacks = !known.some(({ capability }) => capability === POST_COPY)
  return [
    ...(lacks
      ? [unsupported('source', 'no-post-copy', `QEMU on ${host} knows no post-copy`, 'leave post-copy out')]
      : []),
    ...(connections > 1
      ? [
          unsupported(
            'source',
            'post-copy-parallel',
            'post-copy does not go over parallel connections',
            'leave --connections or post-copy out',
          ),
        ]
      : []),
    ...(inFiles(argv)
      ? [
          unsupported(
            'source',
            'post-copy-file-memory',
            `the memory of '${name}' is in a file, in which post-copy cannot put page after page`,
            'leave post-copy out',
          ),
        ]
      : []),
    warning(
      'source',
      'post-copy-risk',
      `once '${name}' has gone over to post-copy there is no way back: if either host fails before all memory has come, it is lost`,
      'leave post-copy out, unless that is better than a migration that does not end',
    ),
  ]
}

/** Measured on QEMU 7.2: the target punched its file to zeros, and died. */
function inFiles(argv: readonly string[]): boolean {
  const objects = optionsNamed(argv, 'object').filter((value) => /\bmemory-backend-file\b/.test(value))
  return objects.length > 0 || optionsNamed(argv, 'mem-path').length > 0
}

/** Whether this user may be told of missing pages: the kernel's word for it, a line each. */
const LOOK = `
id -u
cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null || echo 1
[ -w /dev/userfaultfd ] && echo device
exit 0
`

/** What the target's kernel forbids. What its QEMU finds out by itself it says in prepare. */
export async function postCopyHostFindings(
  host: HostChannel,
  { postCopy }: MigrationRequest,
  call: CallOptions,
): Promise<Finding[]> {
  if (!postCopy) return []
  const { stdout } = await host.exec(['sh', '-c', LOOK], call)
  const [user, allowed, device] = stdout.split('\n')
  if (user === '0' || allowed !== '0' || device === 'device') return []
  const message = `${host.name} does not let an ordinary user's QEMU wait for missing pages, as post-copy has to`
  return [
    unsupported(
      'target',
      'post-copy-forbidden',
      message,
      `sysctl vm.unprivileged_userfaultfd=1 on ${host.name}, or connect to it as root`,
    ),
  ]
}

function unsupported(side: Finding['side'], code: string, message: string, remedy: string): Finding {
  return { ...blocker(side, code, message, remedy), error: 'VM_UNSUPPORTED' }
}
