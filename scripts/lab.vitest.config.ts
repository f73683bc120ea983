import { defineConfig } from 'vitest/config'

/** The long part of `npm run test:qemu`: guests that move in the lab, one after the other. Reads what was built. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['apps/cli/test/*-on-lab.ts'],
    reporters: ['verbose', './scripts/tally-reporter.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
