import { parseOptionList } from './option-list.ts'

/** Options whose value is a secret, as in `-object secret,data=…` and `-iscsi password=…`. */
const SECRET = /(?:^|[.-])(?:data|password|passwd|passphrase)$/

/** A shorter one would be found in words that have nothing to do with it. */
const SHORTEST = 4

/**
 * QEMU's words without the secrets of its command line, which it repeats when it complains about an option: `***` stands
 * for each. A secret of fewer than four characters stays.
 */
export function withoutSecrets(words: string, argv: readonly string[]): string {
  const secrets = argv.flatMap(secretsIn).filter(({ length }) => length >= SHORTEST)
  return secrets
    .toSorted((one, other) => other.length - one.length)
    .reduce((text, secret) => text.replaceAll(secret, '***'), words)
}

function secretsIn(word: string): string[] {
  const inUrl = [...word.matchAll(/:\/\/[^/@:]*:([^/@]+)@/g)].map(([, password = '']) => password)
  if (word.startsWith('{'))
    return [...inUrl, ...[...word.matchAll(/"([^"]+)"\s*:\s*"((?:[^"\\]|\\.)*)"/g)].flatMap(inMember)]
  const options = parseOptionList(word, '').filter(([key]) => SECRET.test(key))
  // As it is meant, and as it is written.
  return [...inUrl, ...options.flatMap(([, value]) => [value, value.replaceAll(',', ',,')])]
}

function inMember([, key = '', value = '']: readonly string[]): string[] {
  return SECRET.test(key) ? [value] : []
}
