import { describe, expect, test } from 'vitest'
import { qmpSchema, type SchemaEntry } from '../src/index.ts'
import { recordedSchema } from './recording.ts'

const recorded = JSON.parse(recordedSchema().toString()) as { return: readonly SchemaEntry[] }

describe('the schema of QEMU 7.2', () => {
  const schema = qmpSchema(recorded.return)

  test('knows commands from types and events', () => {
    expect(schema.hasCommand('migrate')).toBe(true)
    expect(schema.hasCommand('blockdev-set-active')).toBe(false)
    expect(schema.hasCommand('MIGRATION')).toBe(false)
    expect(schema.hasCommand('int')).toBe(false)
    expect(schema.hasEvent('MIGRATION')).toBe(true)
    expect(schema.hasEvent('migrate')).toBe(false)
  })

  test('follows the numbers of types to an argument', () => {
    expect(schema.hasArgument('migrate', 'uri')).toBe(true)
    expect(schema.hasArgument('migrate', 'channels')).toBe(false)
    expect(schema.hasArgument('migrate-incoming', 'exit-on-error')).toBe(false)
    expect(schema.hasArgument('migrate-set-capabilities', 'capabilities.state')).toBe(true)
    expect(schema.hasArgument('nbd-server-start', 'addr.data.path')).toBe(true)
    expect(schema.hasArgument('blockdev-add', 'file.filename')).toBe(true)
    expect(schema.hasArgument('blockdev-add', 'file.file.file.filename')).toBe(true)
    expect(schema.hasArgument('no-such-command', 'uri')).toBe(false)
  })

  test('knows the values of an enumeration', () => {
    expect(schema.hasEnumValue('blockdev-mirror', 'copy-mode', 'write-blocking')).toBe(true)
    expect(schema.hasEnumValue('blockdev-mirror', 'copy-mode', 'telepathy')).toBe(false)
    expect(schema.hasEnumValue('blockdev-add', 'driver', 'nbd')).toBe(true)
    expect(schema.hasEnumValue('migrate', 'uri', 'tcp')).toBe(false)
  })

  test('knows the migration parameters and capabilities', () => {
    expect(schema.hasMigrationParameter('max-bandwidth')).toBe(true)
    expect(schema.hasMigrationParameter('avail-switchover-bandwidth')).toBe(false)
    expect(schema.hasMigrationCapability('return-path')).toBe(true)
    expect(schema.hasMigrationCapability('mapped-ram')).toBe(false)
  })

  test('knows marks and what may go out of band', () => {
    expect(schema.feature('query-migrate', 'deprecated')).toBe(false)
    expect(schema.feature('query-sgx', 'unstable')).toBe(false)
    expect(schema.feature('block_resize', 'deprecated')).toBe(false)
    expect(schema.allowsOob('migrate-pause')).toBe(true)
    expect(schema.allowsOob('migrate-recover')).toBe(true)
    expect(schema.allowsOob('migrate')).toBe(false)
  })
})

test('a type that contains itself is no endless walk', () => {
  const schema = qmpSchema([
    { name: 'c', 'meta-type': 'command', 'arg-type': '1', 'ret-type': '1' },
    { name: '1', 'meta-type': 'object', members: [{ name: 'self', type: '2' }] },
    { name: '2', 'meta-type': 'alternate', members: [{ type: '2' }, { type: '[2]' }, { type: '1' }] },
    { name: '[2]', 'meta-type': 'array', 'element-type': '2' },
  ])
  expect(schema.hasArgument('c', 'self.self.self')).toBe(true)
  expect(schema.hasArgument('c', 'self.other')).toBe(false)
})

test('what is no schema is refused', () => {
  expect(() => qmpSchema({} as readonly SchemaEntry[])).toThrow('not a list')
})
