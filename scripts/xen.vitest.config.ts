import { defineConfig } from 'vitest/config'
import { readSources } from './read-sources.ts'

/** How many pairs of hosts the conformance kit has: the machine has two processors. */
const labs = Number(process.env['VMFERRY_KIT_LABS'] ?? 2)

/** `npm run test:xen`: guests that move between the lab's real Xen hosts. Reads the sources. */
export default defineConfig({
  ...readSources,
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['packages/lab/test/xen-on-lab.ts', '{apps,packages}/*/test/**/*-on-xen.ts'],
    reporters: ['verbose', './scripts/tally-reporter.ts'],
    fileParallelism: false,
    maxConcurrency: labs,
    env: { VMFERRY_KIT_LABS: `${labs}` },
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
