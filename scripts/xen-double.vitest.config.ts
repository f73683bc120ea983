import { defineConfig } from 'vitest/config'
import { readSources } from './read-sources.ts'

/** `npm run test:xen:double`: the conformance kit over the Xen driver, between two hosts of a fake Xen. Reads the sources. */
export default defineConfig({
  ...readSources,
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['packages/integration/test/xen/*-on-double.ts'],
    reporters: ['verbose', './scripts/tally-reporter.ts'],
    // a case waits most of its time, and some of them measure it
    maxConcurrency: 4,
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
