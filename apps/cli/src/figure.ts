import { mbpsFromBytesPerSecond } from '@vmferry/core'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `512 MiB`, `1.5 GiB`. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${short(value, unit === 0)} ${UNITS[unit]}`
}

/** `43 ms`, `3.2 s`, `2 min 5 s`, `3 h 12 min`. */
export function durationText(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${short(ms / 1000, false)} s`
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `3.2 s left`, `at least 3.2 s left`. */
export function timeLeftText(etaMs: number, isAtLeast = false): string {
  return `${isAtLeast ? 'at least ' : ''}${durationText(etaMs)} left`
}

/** Bytes per second as `800 Mbps`. */
export function rateText(bytesPerSecond: number): string {
  return `${short(mbpsFromBytesPerSecond(bytesPerSecond), false)} Mbps`
}

function short(value: number, whole: boolean): string {
  return whole || value >= 99.95 ? String(Math.round(value)) : String(Math.round(value * 10) / 10)
}
