/**
 * What the command line draws and tells, for applications that want to look alike. All are pure functions over the
 * events and errors of `@vmferry/core`.
 *
 * @packageDocumentation
 */
export { errorText } from './error-text.ts'
export { exitCodeOfError, exitCodeOfOutcome, type SignalName } from './exit-code.ts'
export type { Frame, View } from './frame.ts'
export { jsonLine, jsonView } from './json-view.ts'
export { plainView } from './plain-view.ts'
export { terminalView } from './terminal-view.ts'
