/** Every driver has the same files and offers itself in the same way: who knows one finds the way in all. */
const ROLES = ['driver', 'capabilities', 'connection', 'domain', 'source', 'target', 'lifecycle', 'index']

export const driverRoles = {
  name: 'driver-roles',
  check: (tree) =>
    tree.workspaces
      .filter(({ folder }) => folder.startsWith('packages/driver-'))
      .flatMap(({ folder, files }) => {
        const found = ROLES.filter(
          (role) => !files.some(({ path }) => path === `${folder}/src/${role}.ts`),
        ).map((role) => ({ file: `${folder}/src/${role}.ts`, message: 'a driver has this file' }))
        const index = files.find(({ path }) => path === `${folder}/src/index.ts`)
        const name = folder.slice('packages/driver-'.length)
        const offer = new RegExp(
          `export\\s*\\{[^}]*\\b${name},\\s*${name}\\s+as\\s+driver\\b[^}]*\\}\\s*from`,
        )
        if (index !== undefined && !offer.test(index.bare))
          found.push({ file: index.path, message: `'${name}' and 'driver' are not exported as one function` })
        return found
      }),
}
