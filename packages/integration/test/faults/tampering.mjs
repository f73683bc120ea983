/** A way to hosts whose answers can be spoilt. */
import { Duplex, Transform } from 'node:stream'

const SPOILT = {
  garbage: () => '\u0000\u0007}{"return"\n',
  truncated: (text) => `${text.slice(0, text.length / 2)}\n`,
  interleaved: (text) => `${text.slice(0, 9)}${text}${text.slice(9)}`,
  oversize: (text) => `{"return": "${'x'.repeat(64 << 20)}${text}`,
  'wrong-id': (text) => text.replaceAll(/"id": ?"[^"]*"/g, '"id": "somebody-elses"'),
}

/** `next(how)` spoils the next answer that a host gives, whichever way it comes. */
export function tampering() {
  let next = null
  const spoilt = (text) => {
    if (next === null || text.trim() === '') return text
    const how = SPOILT[next]
    next = null
    return how(text)
  }
  const heard = (stream) => {
    const readable = stream.pipe(
      new Transform({ transform: (chunk, _encoding, done) => done(null, spoilt(String(chunk))) }),
    )
    for (const end of ['error', 'close']) stream.on(end, (error) => readable.destroy(error))
    return Duplex.from({ readable, writable: stream })
  }
  const channel = (inner) => ({
    ...inner,
    async exec(...words) {
      const result = await inner.exec(...words)
      return { ...result, stdout: spoilt(result.stdout) }
    },
    dial: async (...words) => heard(await inner.dial(...words)),
  })
  return {
    next: (how) => (next = how),
    host: (provider) => ({ ...provider, open: async (...words) => channel(await provider.open(...words)) }),
  }
}
