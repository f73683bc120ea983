/** No default exports: a thing has one name wherever it is used. */
const DEFAULT = /(?<![\w$.])export\s+default\b|(?<![\w$.])export\s*\{[^}]*\bas\s+default\b/g

export const defaultExports = {
  name: 'default-exports',
  check: (tree) =>
    tree.workspaces.flatMap(({ files }) =>
      files.flatMap(({ path, bare }) =>
        [...bare.matchAll(DEFAULT)].map(({ index }) => ({
          file: path,
          line: bare.slice(0, index).split('\n').length,
          message: 'a default export; give it a name',
        })),
      ),
    ),
}
