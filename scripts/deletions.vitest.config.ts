import { defineConfig } from 'vitest/config'
import { readSources } from './read-sources.ts'

/** `npm run test:deletions`: deletes each case of the conformance kit once, and shows which broken driver then passes. */
export default defineConfig({
  ...readSources,
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['packages/integration/test/*-proof.ts'],
    reporters: ['verbose', './scripts/tally-reporter.ts'],
    testTimeout: 60_000,
  },
})
