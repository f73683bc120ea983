/** A source file's text without its comments, and without what stands in its strings; every line stays where it is. */

const blank = (text) => text.replace(/[^\n]/g, ' ')

/** What may stand before a slash that begins a regular expression, and not a division. */
const BEFORE_PATTERN = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|await|yield))\s*$/
const PATTERN = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//y
const QUOTED = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/y

/**
 * Returns `code` (comments are blank) and `bare` (the inside of strings and regular expressions too). What a template
 * puts in by `${}` is code in both.
 */
export function readSource(text) {
  let code = ''
  let bare = ''
  let at = 0
  const nesting = []
  const take = (piece, both) => {
    code += both === 'comment' ? blank(piece) : piece
    bare += both === 'code' ? piece : blank(piece)
    at += piece.length
  }
  const match = (pattern) => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  const template = () => {
    const from = at
    let end = at
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end))
      end += text[end] === '\\' ? 2 : 1
    take(text.slice(from, end), 'string')
    if (text[at] === '`') return take('`', 'code')
    nesting.push(0)
    take('${', 'code')
  }
  while (at < text.length) {
    const sign = text[at]
    const comment = match(COMMENT)
    const quoted = match(QUOTED)
    const pattern = sign === '/' && BEFORE_PATTERN.test(bare.slice(-40)) ? match(PATTERN) : undefined
    if (comment !== undefined) take(comment, 'comment')
    else if (quoted !== undefined) take(quoted, 'string')
    else if (pattern !== undefined) take(pattern, 'string')
    else if (sign === '`') {
      take('`', 'code')
      template()
    } else if (sign === '}' && nesting.at(-1) === 0) {
      nesting.pop()
      take('}', 'code')
      template()
    } else {
      if (nesting.length > 0 && sign === '{') nesting[nesting.length - 1]++
      if (nesting.length > 0 && sign === '}') nesting[nesting.length - 1]--
      take(sign, 'code')
    }
  }
  return { code, bare }
}

const STATEMENT = /(?<![\w$.])(import|export)\s+(type\s+)?(?:[\w$*{}\s,]*?\sfrom\s*)?'([^'\n]+)'/g
const CALL = /(?<![\w$.])import\(\s*'([^'\n]+)'\s*\)/g

/** Everything that a source names to import: `{ name, line, typeOnly }`. What stands in its strings is no import. */
export function importsOf({ code, bare }) {
  const line = (index) => code.slice(0, index).split('\n').length
  const real = ({ index }) => /\S/.test(bare[index])
  const statements = [...code.matchAll(STATEMENT)].filter(real).map((found) => ({
    name: found[3],
    line: line(found.index),
    typeOnly: found[2] !== undefined,
  }))
  const calls = [...code.matchAll(CALL)].filter(real).map((found) => ({
    name: found[1],
    line: line(found.index),
    typeOnly: false,
  }))
  return [...statements, ...calls]
}

/** `@scope/name/sub` is of the package `@scope/name`. */
export const packageOf = (name) =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
