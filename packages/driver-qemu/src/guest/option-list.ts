/** QEMU's `key=value,key=value` syntax, in which a doubled comma is a comma of the value. */
export type OptionList = readonly (readonly [key: string, value: string])[]

/** Takes an option list apart; a first word without `=` is the value of `implied`. */
export function parseOptionList(text: string, implied: string): OptionList {
  const words = text
    .replaceAll(',,', '\0')
    .split(',')
    .map((word) => word.replaceAll('\0', ','))
  return words.map((word, index) => {
    const at = word.indexOf('=')
    if (at >= 0) return [word.slice(0, at), word.slice(at + 1)] as const
    return index === 0 ? ([implied, word] as const) : ([word, 'on'] as const)
  })
}

/** Puts an option list together again. */
export function formatOptionList(options: OptionList): string {
  return options.map(([key, value]) => `${key}=${value.replaceAll(',', ',,')}`).join(',')
}

/** Whether a key is on, in one of the words that QEMU takes for it. */
export function isOn(options: OptionList, key: string): boolean {
  return ['on', 'yes', 'true'].includes(optionValue(options, key) ?? 'off')
}

/** Whether a key is off, in one of the words that QEMU takes for it. */
export function isOff(options: OptionList, key: string): boolean {
  return ['off', 'no', 'false'].includes(optionValue(options, key) ?? 'on')
}

/** The last value of a key, as QEMU takes it. */
export function optionValue(options: OptionList, key: string): string | undefined {
  return options.findLast(([name]) => name === key)?.[1]
}
