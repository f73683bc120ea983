import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/**
 * A span as OpenTelemetry has it. With `@opentelemetry/api` instead, `open` is `tracer.startSpan(name, { attributes },
 * context)` with the parent's context, and `close` is `span.setStatus(…)` and `span.end()`.
 *
 * @typedef {object} Span
 * @property {string} name
 * @property {Span | null} parent
 * @property {Record<string, string>} attributes
 * @property {number} startedAt milliseconds
 * @property {number | null} endedAt
 * @property {string | null} error the code of the error that ended it
 */

/**
 * What the four channels publish, as far as it is used here.
 *
 * @typedef {object} Message
 * @property {string} migration
 * @property {string} domain
 * @property {string} driver
 * @property {string} phase
 * @property {string} outcome
 * @property {{ code: string }} [error]
 */

/** Records a span for each migration of this process, and below it one for each of its phases. */
export function recordSpans() {
  /** @type {Span[]} */
  const spans = []
  /** @type {Map<string, Span>} */
  const open = new Map()

  /** @type {(key: string, span: Pick<Span, 'name' | 'parent' | 'attributes'>) => void} */
  const start = (key, span) => {
    const begun = { ...span, startedAt: performance.now(), endedAt: null, error: null }
    open.set(key, begun)
    spans.push(begun)
  }
  /** @type {(key: string, message: Message, more?: Record<string, string>) => void} */
  const end = (key, { error }, more = {}) => {
    const span = open.get(key)
    if (!span) return
    open.delete(key)
    Object.assign(span.attributes, more)
    span.endedAt = performance.now()
    span.error = error?.code ?? null
  }

  /** @type {Record<string, (message: Message) => void>} */
  const handlers = {
    'vmferry:migration:start': ({ migration, domain, driver }) =>
      start(migration, { name: 'vmferry.migration', parent: null, attributes: { domain, driver } }),
    'vmferry:phase:start': ({ migration, phase }) =>
      start(`${migration} ${phase}`, {
        name: `vmferry.${phase}`,
        parent: open.get(migration) ?? null,
        attributes: {},
      }),
    'vmferry:phase:end': (message) => end(`${message.migration} ${message.phase}`, message),
    'vmferry:migration:end': (message) => end(message.migration, message, { outcome: message.outcome }),
  }
  const listeners = Object.entries(handlers).map(([name, handler]) => {
    /** @type {import('node:diagnostics_channel').ChannelListener} */
    const listener = (message) => handler(/** @type {Message} */ (message))
    subscribe(name, listener)
    return { name, listener }
  })

  return {
    spans,
    stop() {
      for (const { name, listener } of listeners) unsubscribe(name, listener)
    },
  }
}
