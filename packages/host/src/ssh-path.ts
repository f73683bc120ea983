import { hostname, userInfo } from 'node:os'

/** What the `%` signs of ssh_config(5) stand for. */
export interface Tokens {
  readonly alias: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly home: string
}

/** Expands `~`, `%h` and its like, and `${NAME}` in a path of ssh's configuration; `ssh -G` prints them as they were. */
export function expandPath(path: string, tokens: Tokens): string {
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    d: tokens.home,
    h: tokens.host,
    i: `${process.getuid?.() ?? ''}`,
    L: hostname().split('.')[0] ?? '',
    l: hostname(),
    n: tokens.alias,
    p: `${tokens.port}`,
    r: tokens.user,
    u: userInfo().username,
  }
  return path
    .replace(/^~(?=\/|$)/, tokens.home)
    .replace(/^\$(\w+)$/, (_, name: string) => process.env[name] ?? '')
    .replace(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? '')
    .replace(/%(.)/g, (whole, letter: string) => values[letter] ?? whole)
}
