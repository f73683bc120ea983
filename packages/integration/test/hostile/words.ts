import * as fc from 'fast-check'
import { hostileWords } from '../../../host/test/hostile-words.ts'

/** What has got through where a name, a user, a host or a path was put into a command line, an option or a path. */
export function words(canary: string): readonly string[] {
  return [
    ...hostileWords(canary),
    `a$(touch ${canary})`,
    `a;touch ${canary};`,
    `a&touch ${canary}&`,
    `$((touch ${canary}))`,
    `\${x:=$(touch ${canary})}`,
    `a\r\ntouch ${canary}\r\n`,
    `--rsync-path=touch ${canary}`,
    `-o ProxyCommand touch ${canary}`,
    `-e touch ${canary}`,
    `web1 -name $(touch ${canary})`,
    `web1,guest=\`touch ${canary}\``,
    `../../../../..${canary}`,
    `..`,
    `.`,
    `/`,
    `a/../b`,
    `%2e%2e%2f`,
    `%00`,
    `exec:touch ${canary}`,
    `unix:${canary}`,
    `file:${canary}`,
    `fd:3`,
    `A=b`,
    `if`,
    `eval`,
    `#`,
    `!`,
    `{`,
    `[[`,
    `function`,
    `раураl`,
    `web\u200b1`,
    `web\u202e1`,
    `ｗｅｂ１`,
    `web\u0000$(touch ${canary})`,
    `\ud800`,
    `%n%n%n%s`,
    `{{7*7}}`,
    `__proto__`,
    `constructor`,
    `con`,
    `a'$(touch ${canary})'`,
    `a"$(touch ${canary})"`,
    `\\$(touch ${canary})`,
    `\\\`touch ${canary}\\\``,
  ]
}

/** Words put together from the signs that mean something to a shell and commands that would make the canary. */
export function anyWord(canary: string): fc.Arbitrary<string> {
  const command = fc.constantFrom(`touch ${canary}`, `>${canary}`, `touch\t${canary}`, `: >>${canary}`)
  const sign = fc.constantFrom(
    ...`'"\\$\`;&|<>(){}[]*?!~#% \t\n\r=-@:,/.^`.split(''),
    '$(',
    '${',
    '&&',
    '||',
    '<<',
    '\\\n',
  )
  const piece = fc.oneof(
    { weight: 4, arbitrary: sign },
    { weight: 2, arbitrary: command },
    { weight: 1, arbitrary: fc.constantFrom(...words(canary).filter((word) => word.length < 200)) },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
  )
  return fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
}

/** The same, as an argument can hold them: without NUL, and whole in UTF-8. */
export function anyArgument(canary: string): fc.Arbitrary<string> {
  return anyWord(canary).map((word) => Buffer.from(word.replaceAll('\0', '')).toString())
}
