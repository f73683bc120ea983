/** Options of the dynamic loader that a word follows. */
const WITH_WORD = new Set([
  '--argv0',
  '--audit',
  '--glibc-hwcaps-mask',
  '--glibc-hwcaps-prepend',
  '--inhibit-rpath',
  '--library-path',
  '--preload',
])

/**
 * The command line without a dynamic loader that was called by name to run the program: by the name that it gave it, else by
 * the program's path.
 */
export function withoutLoader(argv: readonly string[]): readonly string[] {
  if (!/^ld(?:-[^/]*)?\.so[^/]*$/.test(basename(argv[0]))) return argv
  let at = 1
  let name: string | undefined
  for (; argv[at]?.startsWith('--'); at += 1) {
    const option = argv[at] ?? ''
    if (!WITH_WORD.has(option)) continue
    at += 1
    if (option === '--argv0') name = argv[at]
  }
  const [program = '', ...words] = argv.slice(at)
  return [name ?? program, ...words]
}

/** Why a process is none that can be started by its name; null: it is a QEMU. */
export function strangerProblem(program: string): string | null {
  if (/qemu|kvm/i.test(basename(program))) return null
  return `the process that listens there is ${program || 'nameless'}, and no QEMU by its name`
}

function basename(path = ''): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
