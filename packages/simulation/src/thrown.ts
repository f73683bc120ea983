/** What was thrown, as an error: whoever throws something else has broken the language's habit, not ours. */
export function thrown(what: unknown): Error {
  return what instanceof Error ? what : new Error(String(what))
}
