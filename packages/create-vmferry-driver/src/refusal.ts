/** An error that its reader can do something about. */
export interface Refusal extends Error {
  readonly remedy: string
}

export function refusal(message: string, remedy: string): Refusal {
  return Object.assign(new Error(message), { remedy })
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'remedy' in error
}
