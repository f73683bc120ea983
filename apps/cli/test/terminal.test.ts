import { expect, test } from 'vitest'
import { BIN, begin, type Running } from './command.ts'

/** The command line on a pseudo-terminal of that many columns (util-linux `script`); its input is the keyboard. */
function onTerminal(columns: number, world: object, args: string, env: Record<string, string> = {}): Running {
  const command = `stty cols ${columns}; exec ${process.execPath} ${BIN} --driver ./test/fake-world.mjs ${args}`
  const inWorld = { TERM: 'xterm-256color', FAKE_WORLD: JSON.stringify(world), ...env }
  return begin(['-qec', command, '/dev/null'], { program: 'script', env: inWorld })
}

const WAY = 'migrate test:///default web1 test:///other --live'
// oxlint-disable-next-line no-control-regex -- a terminal's language
const COLOUR = /\u001b\[\d+m/g

test('a terminal gets one line that is redrawn in place and fits, then the outcome', async () => {
  const { code, stdout } = await onTerminal(50, { bytesPerSecond: 1e8 }, WAY).ended
  expect(code).toBe(0)
  const [line = '', ...rest] = stdout.split('\r\n')
  expect(rest).toEqual([''])
  const drawn = line.split('\r').map((text) => text.replace('\u001b[K', ''))
  expect(drawn.some((text) => /^web1 {2}perform 1 .*\d+%.* Mbps {2}/.test(text))).toBe(true)
  const end = drawn.findIndex((text) => text.includes('migrated'))
  for (const text of drawn.slice(0, end)) expect(text.length).toBeLessThan(50)
  expect(drawn[end]?.replaceAll(COLOUR, '')).toMatch(/^migrated: web1 is now on test:\/\/\/other, downtime /)
  // nothing but "clear to the end of the line" and colours: the cursor is never hidden, the screen never scrolled
  expect(stdout.replaceAll('\u001b[K', '').replaceAll(COLOUR, '')).not.toContain('\u001b')
})

test('NO_COLOR is obeyed', async () => {
  const coloured = await onTerminal(80, {}, WAY).ended
  expect(coloured.stdout).toMatch(COLOUR)
  const plain = await onTerminal(80, {}, WAY, { NO_COLOR: '1' }).ended
  expect(plain.stdout).not.toMatch(COLOUR)
})

test('a terminal that cannot move its cursor gets plain lines', async () => {
  const { stdout } = await onTerminal(80, {}, WAY, { TERM: 'dumb' }).ended
  expect(stdout).not.toContain('\u001b')
  expect(stdout).toContain('\r\nperform\r\n')
})

test('Ctrl-C on a terminal rolls back and leaves the screen in order', async () => {
  const running = onTerminal(80, { bytesPerSecond: 200_000 }, WAY)
  await running.seen('perform 1')
  running.child.stdin?.write('\u0003')
  const { code, stdout } = await running.ended
  expect(code).toBe(130)
  const lines = stdout.split('\r\n').map((line) => line.replaceAll(COLOUR, ''))
  expect(lines.at(-1)).toBe('')
  const kept = lines.map((line) => line.split('\u001b[K').at(line.endsWith('\u001b[K') ? -2 : -1))
  expect(kept.map((line) => line?.replace('\r', ''))).toEqual(
    expect.arrayContaining([
      'SIGINT: cancelling, the guest stays on the source',
      expect.stringMatching(/^rolled back: web1 is still on test:\/\/\/default/),
      expect.stringMatching(/^VM_ABORTED in perform on /),
      'guest: running on source, none on target',
    ]),
  )
})
