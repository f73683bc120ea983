import { defineConfig } from 'vitest/config'
import { readSources } from './scripts/read-sources.ts'

/** Units read the sources; end-to-end tests run what was built. */
export default defineConfig({
  test: {
    reporters: ['default', './scripts/tally-reporter.ts'],
    // more than the two processors of a small machine: most of the time is spent waiting for real hypervisors
    maxWorkers: 3,
    projects: [
      {
        ...readSources,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', '{examples,templates}/*/test/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['apps/*/test/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
