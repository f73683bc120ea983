export type { MemoryHost, MemoryHostOptions } from './memory-host.ts'
export { memoryHost } from './memory-host.ts'
export type { MemoryProcess, MemoryProgram } from './memory-process.ts'
