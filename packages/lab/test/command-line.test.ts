import { describe, expect, it } from 'vitest'
import { lineOf } from '../src/beat-display.ts'
import { parseWords } from '../src/command-line.ts'

describe('the words of vmferry-lab', () => {
  it('take the folder from --folder and leave alone what stands behind --', () => {
    expect(parseWords(['run', 'alpha', '--folder', '/l', '--', 'ls', '--folder', '--', 'x'])).toMatchObject({
      folder: '/l',
      command: 'run',
      operands: ['alpha'],
      rest: ['ls', '--folder', '--', 'x'],
    })
    expect(parseWords(['up'])).toMatchObject({ folder: '.lab', command: 'up' })
  })

  it.each([
    [[], 'a command is missing'],
    [['fly'], 'there is no command fly'],
    [['run', 'alpha'], 'run needs a command behind --'],
    [['qemu', '10.0'], 'qemu takes 0 operands, not 1'],
    [['xen', 'alpha'], 'xen takes 0 operands, not 1'],
    [['watch', 'alpha'], 'watch takes 2 operands, not 1'],
    [['up', '--fast'], "Unknown option '--fast'"],
  ])('that make no sense are refused: %j', (words, why) => {
    expect(parseWords(words)).toContain(why)
  })
})

describe('the line of a watched guest', () => {
  it('says what was heard', () => {
    const beat = { at: 0, host: 'beta', tick: 300, cookie: '7c3e', ok: true }
    expect(lineOf([], 'beta')).toBe('beta: silent')
    expect(lineOf([beat], 'beta')).toBe('beta: tick 300, 1 beats, boot 7c3e, memory right')
    expect(lineOf([{ ...beat, ok: false, badAddress: 0xa3f000 }], 'beta')).toContain('MEMORY WRONG at a3f000')
  })
})
