import { abortError, type CallOptions, vmError } from '@vmferry/core/driver'

/** Milliseconds that an answer may take; a migration runs by itself, so all of them are short. */
const LIMIT = 10_000

const CODES: Readonly<Record<number, string>> = { 404: 'VM_NOT_FOUND', 409: 'VM_EXISTS', 423: 'VM_BUSY' }

/** The cluster's interface. After `close` every call rejects with VM_CONNECTION. */
export interface Client {
  get<T>(path: string, call: CallOptions): Promise<T>
  post<T>(path: string, body: unknown, call: CallOptions): Promise<T>
  close(): void
}

export function clientOf(api: string): Client {
  let closed = false

  /** The signal counts until the request is made: what was sent is waited for, so that its effect is known. */
  const send = async <T>(path: string, { signal }: CallOptions, post?: RequestInit): Promise<T> => {
    if (closed) throw vmError('VM_CONNECTION', `the connection to ${api} is closed`)
    if (signal.aborted) throw abortError(signal, path)
    const response = await fetch(`${api}${path}`, { ...post, signal: AbortSignal.timeout(LIMIT) }).catch(
      (cause: unknown) => {
        throw vmError('VM_CONNECTION', `${api}${path}: no answer, so its effect is not known`, { cause })
      },
    )
    const body = (await response.json()) as T & { readonly error: string }
    if (response.ok) return body
    throw vmError(CODES[response.status] ?? 'VM_PROTOCOL', body.error, {
      causes: [{ host: api, words: `${response.status} ${body.error}` }],
    })
  }
  return {
    get: (path, call) => send(path, call),
    post: (path, body, call) => send(path, call, { method: 'POST', body: JSON.stringify(body) }),
    close() {
      closed = true
    },
  }
}
