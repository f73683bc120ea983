/** A file is named after its one noun, in kebab-case; never after being left over. */
import { basename } from 'node:path'

const BANNED = /(^|-)(utils?|helpers?|types?|common|managers?|misc)(-|$)/
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d|test-d))?\.(ts|mjs|js)$/

export const fileNames = {
  name: 'file-names',
  check: (tree) =>
    tree.workspaces.flatMap(({ files }) =>
      files.flatMap(({ path }) => {
        const name = basename(path)
        if (!KEBAB.test(name)) return [{ file: path, message: 'the name is not in kebab-case' }]
        const words = path
          .split('/')
          .slice(2)
          .join('/')
          .replace(/\.(ts|mjs|js)$/, '')
        if (words.split('/').some((word) => BANNED.test(word)))
          return [{ file: path, message: 'a name that says nothing; name it after what it is' }]
        return []
      }),
    ),
}
