import { conformance } from '@vmferry/conformance'
import { describe, test } from 'vitest'
import { setup } from '../src/conformance.ts'

conformance({ describe, test }, setup)
