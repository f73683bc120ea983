import { defineConfig } from 'vitest/config'
import { readSources } from './read-sources.ts'

/** `npm run test:xen`: guests that move between the lab's real Xen hosts. Reads the sources. */
export default defineConfig({
  ...readSources,
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['packages/lab/test/xen-on-lab.ts', '{apps,packages}/*/test/**/*-on-xen.ts'],
    reporters: ['verbose', './scripts/tally-reporter.ts'],
    fileParallelism: false,
    maxConcurrency: 2,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
