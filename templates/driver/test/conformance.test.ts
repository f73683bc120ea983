import { conformance } from '@vmferry/conformance'
import { describe, test } from 'vitest'
import { setup } from '../src/conformance.ts'

// a driver that asks for its host gets the ways to it here: { hosts: [local(), ssh()] } of @vmferry/host
conformance({ describe, test }, setup)
