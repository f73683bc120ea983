import type { CallOptions, MigrationRequest, Offer } from '@vmferry/core/driver'
import { expect, test } from 'vitest'
import { fileFindings } from '../src/facts/file-findings.ts'
import type { Definition } from '../src/guest/definition.ts'
import type { QemuHost } from '../src/qemu-host.ts'

const FILE = { path: '/a', writable: true, exists: true, identity: '7 4096' }

/** The codes that are found where the disk is the source's own, and nothing is locked. */
async function found(cache: string, targetId: string): Promise<string[]> {
  const exec = async () => ({ code: 0, signal: null, stdout: `${FILE.identity}\n`, stderr: '' })
  const at = { host: { name: 'beta', exec }, newId: () => 'id' } as unknown as QemuHost
  const offer = { cookie: { files: [FILE] } } as unknown as Offer
  const argv = ['qemu', '-drive', `file=${FILE.path},file.locking=off,cache=${cache}`]
  const request = { source: { hostId: 'one' }, target: { hostId: targetId } } as unknown as MigrationRequest
  const findings = await fileFindings(
    at,
    offer,
    { argv } as unknown as Definition,
    request,
    {} as CallOptions,
  )
  return findings.map(({ severity, code }) => `${severity} ${code}`)
}

test('a disk that is never flushed cannot be shared between two hosts, but within one', async () => {
  expect(await found('unsafe', 'two')).toEqual(['blocker cache-unsafe'])
  expect(await found('none', 'two')).toEqual(['warning locks-off'])
  expect(await found('unsafe', 'one')).toEqual(['warning locks-off'])
})
