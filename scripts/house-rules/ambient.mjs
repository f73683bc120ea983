/** Core and the test driver take clock, timers, randomness and I/O as arguments: that is what makes them replayable. */
const SCOPE = ['packages/core/src/', 'packages/driver-test/src/']
const EXCEPT = ['packages/core/src/ferry/system-clock.ts', 'packages/driver-test/src/net/']

/** A channel for tracing has no clock, no randomness and no I/O of its own. */
const HARMLESS = ['node:diagnostics_channel']

const NAMES =
  'setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|clearImmediate|performance|crypto|process|console|fetch|WebSocket|globalThis'
/** As a value: neither somebody's property nor the name of a parameter or property. */
const AMBIENT = new RegExp(`(?<![\\w$#.])(${NAMES})\\b(?!\\s*\\??\\s*:)`, 'g')
const DATE = /(?<![\w$.])(?<!\bnew\s+)Date\b|\bnew\s+Date\b(?!\s*\(\s*[^)\s])/g
const CALLS = /\bMath\s*\.\s*random\b|\bAbortSignal\s*\.\s*timeout\b/g

export const ambient = {
  name: 'ambient',
  check: (tree) =>
    tree.workspaces
      .flatMap(({ files }) => files)
      .filter(
        ({ path }) =>
          SCOPE.some((folder) => path.startsWith(folder)) && !EXCEPT.some((part) => path.startsWith(part)),
      )
      .flatMap(({ path, bare, imports }) => [
        ...[AMBIENT, DATE, CALLS].flatMap((pattern) =>
          [...bare.matchAll(pattern)].map(({ 0: words, index }) => ({
            file: path,
            line: bare.slice(0, index).split('\n').length,
            message: `'${words}' is ambient; take it as an argument`,
          })),
        ),
        ...imports
          .filter(({ name, typeOnly }) => name.startsWith('node:') && !typeOnly && !HARMLESS.includes(name))
          .map(({ name, line }) => ({
            file: path,
            line,
            message: `'${name}' is ambient; take it as an argument`,
          })),
      ]),
}
