import type { Duplex } from 'node:stream'
import { decode } from './decode.ts'
import { connectionFailure, type Failure, protocolFailure } from './failure.ts'
import { framing } from './framing.ts'
import { isQmpObject, type QmpObject } from './value.ts'

/** A stream of QMP messages. */
export interface Wire {
  readonly send: (text: string) => void
  /** Ends the stream; `ended` is told. A second time does nothing. */
  end(failure: Failure): void
}

/** Who is told what arrives. */
export interface WireHandlers {
  /** One message. A failure that it returns ends the stream. */
  message(message: QmpObject): Failure | undefined
  /** Told once, when the stream is over for whatever reason. */
  ended(failure: Failure): void
}

/** Owns `stream` from now on: it is destroyed when either side ends it, and when what it says is not QMP. */
export function wire(stream: Duplex, maxBytes: number, handlers: WireHandlers): Wire {
  const frames = framing(maxBytes)
  let over = false
  let unsent = ''

  const onData = (chunk: Uint8Array | string): void => {
    try {
      for (const frame of frames.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)) {
        const message = decode(frame)
        const failure = isQmpObject(message) ? handlers.message(message) : protocolFailure('sent no object')
        if (failure !== undefined) end(failure)
        if (over) return
      }
    } catch (error) {
      end(protocolFailure(`sent what is not QMP: ${error instanceof Error ? error.message : String(error)}`))
    }
  }
  const onEnd = (): void => end(connectionFailure('closed the connection'))
  const onError = (error: Error): void => end(connectionFailure('is out of reach', error))

  stream.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError)
  // A stream that ended before it came here tells nobody again.
  if (stream.destroyed || stream.readableEnded) queueMicrotask(onEnd)

  return {
    send: (text) => {
      if (unsent === '') queueMicrotask(flush)
      unsent += text
    },
    end,
  }

  /** What was asked for at once goes in one piece: over ssh each costs a packet. */
  function flush(): void {
    const text = unsent
    unsent = ''
    if (!over) stream.write(text)
  }

  function end(failure: Failure): void {
    if (over) return
    over = true
    stream.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError)
    // What it still has to say about its own end is nobody's news, but unheard it would end the process.
    stream.on('error', () => undefined)
    stream.destroy()
    handlers.ended(failure)
  }
}
