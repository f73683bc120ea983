/** Who may know whom: dependencies = references = imports, and only along the arrows of the design. */
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { packageOf } from './source-text.mjs'

const CORE = '@vmferry/core'
const FENCE = '@vmferry/fence'
const LIBRARIES = [CORE, '@vmferry/host', '@vmferry/qmp']

/** For each package the workspaces that it may depend on; a driver is any `@vmferry/driver-…`. */
const ARROWS = {
  [CORE]: () => false,
  '@vmferry/host': (name) => name === CORE,
  '@vmferry/qmp': (name) => name === CORE,
  [FENCE]: (name) => name === CORE,
  '@vmferry/conformance': (name) => name === CORE,
  '@vmferry/simulation': (name) => [CORE, '@vmferry/driver-test'].includes(name),
  '@vmferry/lab': () => false,
  vmferry: (name) => LIBRARIES.includes(name) || isDriver(name),
  '@vmferry/demo': (name) => ['@vmferry/lab', 'vmferry'].includes(name),
}
const isDriver = (name) => name.startsWith('@vmferry/driver-')
const driverArrow = (name) => [CORE, FENCE, '@vmferry/qmp'].includes(name)
/** Examples and templates stand where a stranger stands, outside: they may know everybody. */
const isStranger = (folder) => /^(examples|templates)\//.test(folder)
const arrowsFrom = ({ folder, manifest: { name } }) =>
  isStranger(folder) ? () => true : isDriver(name) ? driverArrow : ARROWS[name]

/** What only one file may import. */
const ONLY_IN = {
  'fast-xml-parser': 'packages/core/src/capabilities-xml.ts',
  tsyringe: 'apps/cli/src/container.ts',
  'reflect-metadata': 'apps/cli/src/container.ts',
}

export const arrows = {
  name: 'arrows',
  check: (tree) =>
    tree.workspaces.flatMap((workspace) => [...manifest(tree, workspace), ...files(tree, workspace)]),
}

const names = (workspace, ...kinds) => kinds.flatMap((kind) => Object.keys(workspace.manifest[kind] ?? {}))

function manifest(tree, workspace) {
  const { folder, manifest: own, references } = workspace
  const found = []
  const say = (file, message) => found.push({ file: `${folder}/${file}`, message })
  const neighbours = new Map(tree.workspaces.map((other) => [other.manifest.name, other.folder]))
  const dependencies = names(workspace, 'dependencies', 'peerDependencies')
  const allowed = arrowsFrom(workspace)
  // a package of tests alone stands above all others
  if (allowed !== undefined)
    for (const name of dependencies)
      if (neighbours.has(name) && !allowed(name)) say('package.json', `${own.name} may not depend on ${name}`)
  for (const name of names(workspace, 'devDependencies'))
    if (neighbours.has(name) && name !== '@vmferry/lab' && allowed?.(name) !== true)
      say('package.json', `${own.name} may not depend on ${name}, not even in its tests`)
  if (workspace.shipped.length === 0) return found

  const used = new Set(workspace.shipped.flatMap(({ imports }) => imports.map(({ name }) => packageOf(name))))
  const spoken = workspace.shipped.map(({ code }) => code).join('\n')
  for (const name of dependencies)
    if (!used.has(name) && !spoken.includes(`'${name}/`) && !spoken.includes(`'${name}'`))
      say('package.json', `${name} is a dependency that no source imports`)
  if (references === null) return found
  const wanted = [...dependencies, ...names(workspace, 'devDependencies')].flatMap(
    (name) => neighbours.get(name) ?? [],
  )
  for (const other of wanted)
    if (!references.includes(other)) say('tsconfig.json', `${other} is a dependency without a reference`)
  for (const other of references)
    if (!wanted.includes(other)) say('tsconfig.json', `${other} is a reference without a dependency`)
  if (!tree.references.includes(folder))
    found.push({ file: 'tsconfig.json', message: `no reference to ${folder}` })
  return found
}

function files(tree, workspace) {
  const { folder, manifest: own } = workspace
  const dependencies = names(workspace, 'dependencies', 'peerDependencies')
  const atBuild = [...dependencies, ...names(workspace, 'devDependencies')]
  const inTests = [...atBuild, ...Object.keys(tree.manifest.devDependencies ?? {})]
  const narrow = isDriver(own.name) || ['@vmferry/host', FENCE, '@vmferry/qmp'].includes(own.name)
  const found = []
  for (const file of workspace.files)
    for (const { name, line, typeOnly } of file.imports) {
      const say = (message) => found.push({ file: file.path, line, message })
      if (name.startsWith('.')) {
        const path = join(dirname(file.path), name)
        // a private package of tests may borrow another's doubles
        const borrowed = file.part === 'test' && own.private === true
        if (!path.startsWith(`${folder}/`) && !borrowed) say(`'${name}' leaves the package`)
        if (isContract(file) && !typeOnly && !path.startsWith('packages/core/src/driver/'))
          say(`the contract imports '${name}' at run time`)
        continue
      }
      if (isContract(file) && !typeOnly) say(`the contract imports '${name}' at run time`)
      if (name.startsWith('node:')) continue
      if (builtinModules.includes(packageOf(name))) {
        say(`'${name}' is written 'node:${name}'`)
        continue
      }
      const of = packageOf(name)
      const known = file.part === 'test' ? inTests : typeOnly ? atBuild : dependencies
      if (of !== own.name && !known.includes(of)) say(`'${of}' is imported and is no dependency`)
      if (narrow && file.part !== 'test' && of === CORE && !knownOfCore(own.name).includes(name))
        say(`'${name}': all that it may know of core is ${list(knownOfCore(own.name))}`)
      if (of in ONLY_IN && file.part !== 'test' && file.path !== ONLY_IN[of])
        say(`'${of}' is imported in ${ONLY_IN[of]} alone`)
    }
  return found
}

/** The contract; the host, which keeps the journal in files, also knows what a journal is. */
const knownOfCore = (name) => [`${CORE}/driver`, ...(name === '@vmferry/host' ? [`${CORE}/journal`] : [])]
const list = (words) => words.map((word) => `'${word}'`).join(' and ')
const isContract = (file) => file.path.startsWith('packages/core/src/driver/')
