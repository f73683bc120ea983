import { describe, test } from 'node:test'
import { conformance } from '@vmferry/conformance'
import { setup } from '../dist/conformance.js'

conformance({ describe, test }, setup)
