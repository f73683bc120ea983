import { expect, test } from 'vitest'
import type { TargetHypervisor } from '../src/facts/hypervisor.ts'
import { type GuestProcessor, processorFindings, withoutSwitchedOff } from '../src/facts/processor.ts'

const EPYC = 'EPYC-v3-x86_64-cpu'
const HERE = { name: 'EPYC 9000', flags: ['avx2', 'sse2'] }

function target(change: Partial<TargetHypervisor> = {}): TargetHypervisor {
  return {
    binary: true,
    machines: new Set(),
    devices: new Set(),
    version: '7.2.22',
    processors: new Map([
      [EPYC, ['avx512', 'xsaves']],
      ['host-x86_64-cpu', []],
    ]),
    capabilities: new Set(),
    commands: new Set(),
    ...change,
  }
}

function codes(guest: Partial<GuestProcessor>, there = target(), processor = HERE): string[] {
  const whole: GuestProcessor = { accelerator: 'kvm', type: EPYC, unavailable: [], ...guest }
  return processorFindings('beta', whole, there, processor).map(
    ({ severity, code, message }) => `${severity} ${code}: ${message}`,
  )
}

test('a feature counts as missing only if the guest has it', () => {
  expect(codes({ unavailable: ['avx512', 'xsaves'] })).toEqual([])
  expect(codes({ unavailable: ['xsaves'] })).toEqual([
    'blocker cpu-features-missing: the guest has CPU features that beta cannot give it: avx512',
  ])
})

test('a model that the target does not know is a blocker by its name', () => {
  expect(codes({ type: 'Nova-v1-x86_64-cpu' })).toEqual([
    'blocker cpu-model-missing: the QEMU on beta has no CPU model Nova-v1',
  ])
})

test('a guest that runs on KVM needs it at the target, one without does not', () => {
  expect(codes({}, target({ version: null }))).toEqual([
    'blocker accelerator-missing: the guest runs on KVM, which the QEMU on beta cannot use',
  ])
  expect(codes({ accelerator: 'tcg' }, target({ version: null }))).toEqual([])
})

test("a guest with its host's processor needs one with the same features, and another name is a warning", () => {
  const given = { type: 'host-x86_64-cpu', host: HERE }
  expect(codes(given)).toEqual([])
  expect(codes(given, target(), { name: 'EPYC 9000', flags: ['sse2'] })).toEqual([
    'blocker cpu-features-missing: the guest has CPU features that beta cannot give it: avx2',
  ])
  expect(codes(given, target(), { name: 'Xeon', flags: ['avx2', 'avx512', 'sse2'] })).toEqual([
    "warning cpu-differs: the guest was given its host's processor, EPYC 9000; beta has Xeon",
  ])
})

test('a feature that the command line has switched off is not missed', () => {
  const guest: GuestProcessor = { accelerator: 'kvm', type: EPYC, unavailable: ['xsaves'] }
  const without = (...words: string[]) => withoutSwitchedOff(guest, ['qemu-system-x86_64', ...words])
  const cpu = 'EPYC,-sha_ni,+avx2,rdseed=off,x2apic=on,phys-bits=40'
  expect(without('-cpu', cpu, '-m', '64').unavailable).toEqual(['rdseed', 'sha-ni', 'xsaves'])
  expect([without('-cpu', 'host'), without()]).toEqual([guest, guest])
  expect(codes(guest)).toHaveLength(1)
  expect(codes(without('-cpu', 'EPYC,-avx512'))).toEqual([])
})
