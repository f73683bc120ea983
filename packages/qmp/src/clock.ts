/** How the client waits: core's `Clock` fits. */
export interface QmpClock {
  /** Calls `callback` once after `ms` milliseconds; the returned function cancels it and may be called at any time. */
  schedule(ms: number, callback: () => void): () => void
}

/** The time of this process. Its timers keep no process alive: the stream does that. */
export const ambientClock: QmpClock = {
  schedule(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
