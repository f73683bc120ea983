import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessId } from './process-table.ts'

/** The names of the hosts of a lab. */
export type HostName = 'controller' | 'alpha' | 'beta'
/** All of them, in the order in which they are made. */
export const hostNames: readonly HostName[] = ['controller', 'alpha', 'beta']

/** What is known of a running host. */
export interface HostState {
  /** The process that keeps the namespaces. */
  readonly holder: ProcessId
  /** Its network namespace, such as `net:[4026532208]`. */
  readonly net: string
  readonly mnt: string
}

/** What a lab leaves in its folder, so that another process can use and end it. */
export interface LabState {
  /** Namespaces do not outlive a boot, and their numbers are used again. */
  readonly bootId: string
  /** The random word that also stands in each host's /run: by it a process is known when the holder is gone. */
  readonly id: string
  /** The process that opened the lab and would close it. */
  readonly owner: ProcessId
  /** Tells whether the folder is temporary: then it goes with the lab. */
  readonly temporary: boolean
  readonly hosts: Readonly<Record<HostName, HostState>>
}

const nameOf = (folder: string): string => join(folder, 'lab.json')

/** The state in `folder`, or undefined when there is none. */
export async function readState(folder: string): Promise<LabState | undefined> {
  const text = await readFile(nameOf(folder), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const state: unknown = JSON.parse(text)
  if (!isLabState(state)) throw new Error(`${nameOf(folder)} is not the state of a lab`)
  return state
}

function isLabState(value: unknown): value is LabState {
  return typeof value === 'object' && value !== null && 'bootId' in value && 'hosts' in value
}

/** Writes it whole or not at all. */
export async function writeState(folder: string, state: LabState): Promise<void> {
  await writeFile(`${nameOf(folder)}.new`, `${JSON.stringify(state, undefined, 2)}\n`)
  await rename(`${nameOf(folder)}.new`, nameOf(folder))
}

/** The number of this boot of the machine. */
export async function currentBoot(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
