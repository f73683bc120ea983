import { optionValue, parseOptionList } from '../guest/option-list.ts'
import { PATHS, relativePaths, withAbsolute } from './paths.ts'
import { strangerProblem, withoutLoader } from './program.ts'

/** A command line as it can be started once more, and what keeps it from that. */
export interface CleanedCommandLine {
  readonly argv: readonly string[]
  /** Why it cannot: one sentence each, naming the words. Empty: it can. */
  readonly refused: readonly string[]
}

/** Options that are of the process and not of the machine, or that the driver sets itself. */
const DROPPED = new Set(
  'S daemonize pidfile incoming qmp qmp-pretty monitor mon name uuid D run-with no-quit'.split(' '),
)

/** Options that no argument follows. */
const FLAGS = new Set(
  `S s daemonize nodefaults no-user-config nodefconfig nographic snapshot no-reboot no-shutdown no-acpi no-hpet no-fd-bootchk
  enable-kvm no-kvm enable-hax usb full-screen portrait alt-grab ctrl-grab no-quit sdl show-cursor win2k-hack preconfig
  singlestep one-insn-per-tb mem-prealloc semihosting old-param only-migratable enable-fips enable-sync-profile
  xen-attach xen-domid-restrict perfmap jitdump h help version`.split(/\s+/),
)

/** Options with which a process was given what cannot be had once more. */
const REFUSED: Readonly<Record<string, string>> = {
  'add-fd': 'an open file was passed to it',
  readconfig: 'a part of its command line is in a file',
  writeconfig: 'a file is written',
  runas: 'it runs as another user than its command line was given by',
  chroot: 'its files are those of another root directory',
  loadvm: 'it was started from a snapshot',
  snapshot: 'what it writes is in files without a name',
  'xen-attach': 'it is a part of Xen',
  preconfig: 'its machine was made by commands',
}

interface Option {
  readonly name: string
  readonly word: string
  readonly value: string | null
}

/**
 * The command line of a process without what belongs to that process alone, its files by absolute paths.
 *
 * @param cwd where the process is
 */
export function cleanCommandLine(argv: readonly string[], cwd: string): CleanedCommandLine {
  const [program = '', ...words] = withoutLoader(argv)
  const stranger = strangerProblem(program)
  if (stranger !== null) return { argv, refused: [stranger] }
  const given = optionsIn(words)
  const chardevs = monitorsOnly(given)
  const kept = given.filter(
    (option) => !DROPPED.has(option.name) && !(option.name === 'chardev' && chardevs.has(chardevId(option))),
  )
  // one that has gone into the background has left the directory it was started in
  const away = given.some(({ name }) => name === 'daemonize')
  const nameless = program.includes('/') && !program.startsWith('/') ? [program] : []
  const relative = away ? [...nameless, ...kept.flatMap(relativeIn)] : []
  const refused = [
    ...given.flatMap(refusal),
    ...relative.map(
      (path) => `${path} is a relative path, and this QEMU has left the directory where it began`,
    ),
    ...kept.flatMap(unclear),
  ]
  const moved = kept.flatMap(({ name, word, value }) =>
    value === null ? [word] : [word, isJson(value) ? value : withAbsolute(name, value, cwd)],
  )
  return { argv: [nameless.length > 0 ? `${cwd}/${program}` : program, ...moved], refused }
}

/** Takes the words apart as QEMU does: what is no option and follows none is the first disk. */
function optionsIn(words: readonly string[]): Option[] {
  const options: Option[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    const name = word.replace(/^--?/, '')
    if (!word.startsWith('-') || word === '-') options.push({ name: 'hda', word: '-hda', value: word })
    else if (FLAGS.has(name)) options.push({ name, word, value: null })
    else {
      at += 1
      options.push({ name, word, value: words[at] ?? '' })
    }
  }
  return options
}

/** The character devices that nobody but monitors use. */
function monitorsOnly(options: readonly Option[]): ReadonlySet<string | undefined> {
  const isMonitor = ({ name }: Option): boolean => ['mon', 'qmp', 'qmp-pretty', 'monitor'].includes(name)
  const used = options.filter(isMonitor).map(({ name, value }) => {
    if (name === 'mon') return optionValue(parseOptionList(value ?? '', 'chardev'), 'chardev')
    return /^chardev:(.*)$/.exec(value ?? '')?.[1]
  })
  const others = options
    .filter((option) => !isMonitor(option) && option.name !== 'chardev')
    .map(({ value }) => value ?? '')
  const shared = (id: string): boolean =>
    others.some((value) => value.split(/[,:="}\s]+/).includes(id) && /chardev|:/.test(value))
  return new Set(used.filter((id) => id !== undefined && !shared(id)))
}

function chardevId({ value }: Option): string | undefined {
  return optionValue(parseOptionList(value ?? '', 'backend'), 'id')
}

function refusal({ name, word, value }: Option): string[] {
  if (name === 'run-with' && /(?:^|,)(?:chroot|user)=/.test(value ?? ''))
    return [`${word} ${value}: it is not where or who its command line says`]
  if (name === 'drive' && /(?:^|,)snapshot=on/.test(value ?? ''))
    return [`${word} ${value}: ${REFUSED['snapshot']}`]
  const reason = REFUSED[name]
  return reason === undefined ? [] : [`${[word, value].filter(Boolean).join(' ')}: ${reason}`]
}

function isJson(value: string | null): boolean {
  return value?.startsWith('{') === true
}

function relativeIn({ name, value }: Option): string[] {
  return value === null || isJson(value) ? [] : relativePaths(name, value)
}

/** Relative paths that are not made absolute: those in JSON, whose numbers may be larger than JavaScript's, and in addresses. */
function unclear({ word, value }: Option): string[] {
  const address = /^(?:mon:)?(?:unix|file|pipe):([^/,][^,]*)/.exec(value ?? '')?.[1]
  const inJson = isJson(value) ? [...(value ?? '').matchAll(/"([a-z-]+)"\s*:\s*"((?:[^"\\]|\\.)*)"/g)] : []
  const paths = inJson
    .filter(
      ([, key = '', path = '']) => PATHS.has(key) && path !== '' && !/^(?:\/|[a-z][a-z0-9+.-]*:)/.test(path),
    )
    .map(([, , path = '']) => path)
  return [...(address === undefined ? [] : [address]), ...paths].map(
    (path) => `${word} names ${path}, a relative path in a form that is not understood`,
  )
}
