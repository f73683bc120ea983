/** One noun a file: no source above 250 lines, and half of them at most 80. */
const CEILING = 250
const MEDIAN = 80

export const sizes = {
  name: 'sizes',
  check: (tree) =>
    tree.workspaces.flatMap(({ folder, files }) => {
      const sources = files
        .filter(({ part }) => part === 'src')
        .map(({ path, text }) => ({ path, lines: count(text) }))
      const large = sources
        .filter(({ lines }) => lines > CEILING)
        .map(({ path, lines }) => ({
          file: path,
          message: `${lines} lines; a source has at most ${CEILING}`,
        }))
      const middle = sources.map(({ lines }) => lines).toSorted((a, b) => a - b)[
        Math.floor(sources.length / 2)
      ]
      if (middle === undefined || middle <= MEDIAN) return large
      return [
        ...large,
        { file: folder, message: `the median source has ${middle} lines, at most ${MEDIAN} are meant` },
      ]
    }),
}

const count = (text) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
