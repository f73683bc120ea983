import type { VmErrorCode } from '@vmferry/core/driver'

/** What went wrong, where, and what to do, as far as xl's words tell. */
export interface Failure {
  readonly code: VmErrorCode
  readonly message: string
  readonly remedy: string
}

/** Words of xl, libxl, libxc and ssh, the most telling first. All were recorded on Xen 4.17.7. */
const KNOWN: readonly (readonly [words: RegExp, failure: Failure])[] = [
  [
    /Failed to enable logdirty/,
    {
      code: 'VM_PHASE_FAILED',
      message:
        'the hypervisor cannot tell which memory of this guest changes: it is PV, and Xen was built without shadow paging',
      remedy: 'migrate without --live, or start the guest as PVH or HVM',
    },
  ],
  [
    /didn't acknowledge suspend|did not respond to suspend request/,
    {
      code: 'VM_PHASE_FAILED',
      message: 'the guest does not answer when it is asked to suspend',
      remedy: 'it needs a kernel with the drivers of Xen: look at its console',
    },
  ],
  [
    /Failed to populate (?:physmap|pfns)|can't allocate low memory|Cannot allocate memory/,
    {
      code: 'VM_PHASE_FAILED',
      message: 'the target has too little free memory',
      remedy: 'free memory there, or choose another target',
    },
  ],
  [
    /Domain with name "?[^"\n]*"? already exists|domain "[^"]*" already exists|already exists as domid/,
    {
      code: 'VM_EXISTS',
      message: 'the name is taken',
      remedy: 'choose another name with --rename, or stop that domain',
    },
  ],
  [
    /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    {
      code: 'VM_REFUSED',
      message: 'the host key of the target is not known to the source, or has changed',
      remedy: 'compare it, then put it into known_hosts of the source',
    },
  ],
  [
    /Permission denied \(/,
    {
      code: 'VM_REFUSED',
      message: 'the target refuses the key of the source',
      remedy: 'let the source log in there without a question',
    },
  ],
  [
    /Could not resolve hostname|Connection refused|No route to host|Connection timed out|Network is unreachable/,
    {
      code: 'VM_CONNECTION',
      message: 'the source cannot reach the target',
      remedy: 'make ssh to the target work there',
    },
  ],
  [
    /contained unexpected data instead of banner/,
    {
      code: 'VM_PROTOCOL',
      message: 'something else spoke before xl did',
      remedy: 'let the shell of the target print nothing at a login without a terminal',
    },
  ],
  [
    /exited with error status 127|command not found/,
    { code: 'VM_PHASE_FAILED', message: 'xl is not on the path there', remedy: 'install the tools of Xen' },
  ],
  [
    /is an invalid domain identifier/,
    { code: 'VM_NOT_FOUND', message: 'there is no such domain', remedy: 'see vmferry list' },
  ],
]

/** Xl's words as a failure; null where they are not known: then they are told as they are. */
export function failureIn(words: string): Failure | null {
  return KNOWN.find(([known]) => known.test(words))?.[1] ?? null
}
