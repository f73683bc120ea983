import { vmError } from '@vmferry/core/driver'

/** Files of a host, reached one way or the other. Paths have been checked. */
export interface FileAccess {
  read(path: string, stop: AbortSignal): Promise<Uint8Array>
  write(path: string, data: Uint8Array, stop: AbortSignal): Promise<void>
  remove(path: string, stop: AbortSignal): Promise<void>
}

/** Most bytes of a file that is read whole. */
export const mostFileBytes: number = 16 * 1024 * 1024

export type FileAct = 'read' | 'written' | 'removed'

/** The error for a file that could not be read, written or removed, with the system's own words. */
export function fileError(act: FileAct, path: string, place: string, words: string, missing: boolean): Error {
  const details = { host: place, causes: words === '' ? [] : [{ host: place, words }] }
  if (missing) return vmError('VM_NOT_FOUND', `there is no file ${path} on ${place}`, details)
  return vmError('VM_PHASE_FAILED', `${path} on ${place} could not be ${act}`, details)
}

/** The error for a file that is longer than anything vmferry keeps. */
export function fileTooLong(path: string, place: string): Error {
  return vmError('VM_PROTOCOL', `${path} on ${place} is longer than ${mostFileBytes} bytes`, { host: place })
}
