/**
 * Makes docs/migration.svg from a true run of `npm start` in a terminal of 100 columns. Needs root, QEMU and tmux:
 * `node scripts/record-migration.mjs`.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './workspace.mjs'

const COLUMNS = 114
const ROWS = 11
const session = `vmferry-${process.pid}`
const tmux = (...words) => execFileSync('tmux', ['-L', session, ...words], { cwd: root, encoding: 'utf8' })

tmux(
  'new-session',
  '-d',
  '-x',
  String(COLUMNS),
  '-y',
  String(ROWS),
  `${process.execPath} apps/demo/bin/demo.js; sleep 60`,
)
/** What the screen showed, each time it showed something new. */
const frames = []
const from = performance.now()
for (let still = 0; still < 40 && performance.now() - from < 60_000; ) {
  const screen = tmux('capture-pane', '-p').trimEnd()
  const last = frames.at(-1)
  if (screen !== last?.screen) frames.push({ screen, at: performance.now() - from })
  still = screen === last?.screen && /in all, hosts included/.test(screen) ? still + 1 : 0
  await sleep(100)
}
tmux('kill-server')

const LINE = 18
const height = ROWS * LINE + 24
const total = frames.at(-1).at + 4000
const escape = (text) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])
const percent = (at) => ((at / total) * 100).toFixed(3)

/** One group a frame, visible from its own time until the next. */
const groups = frames.map(({ screen, at }, index) => {
  const until = frames[index + 1]?.at ?? total
  const rows = screen
    .split('\n')
    .map((line, row) => `<tspan x="12" y="${24 + row * LINE}">${escape(line) || ' '}</tspan>`)
  const style = `@keyframes f${index}{0%,${percent(at)}%{visibility:hidden}${percent(at + 0.1)}%,${percent(until)}%{visibility:visible}${percent(until + 0.1)}%,100%{visibility:hidden}}#f${index}{animation:f${index} ${(total / 1000).toFixed(1)}s infinite step-end}`
  const isLast = index === frames.length - 1
  return {
    style: isLast ? style.replace(/visibility:hidden}}#/, 'visibility:visible}}#') : style,
    text: `<text id="f${index}" xml:space="preserve">${rows.join('')}</text>`,
  }
})
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${COLUMNS * 8.4 + 24} ${height}" role="img" aria-label="A live migration of a QEMU guest in the terminal">
<style>text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#d6deeb;visibility:hidden}#f${frames.length - 1}{visibility:visible}${groups.map(({ style }) => style).join('')}</style>
<rect width="100%" height="100%" rx="8" fill="#0b1622"/>
${groups.map(({ text }) => text).join('\n')}
</svg>
`
writeFileSync(`${root}/docs/migration.svg`, svg)
process.stdout.write(`docs/migration.svg: ${frames.length} frames, ${svg.length} bytes\n`)
