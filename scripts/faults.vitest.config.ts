import { defineConfig } from 'vitest/config'

/** `npm run test:faults` and `npm run soak`: faults of real QEMU, one after the other, in the lab. Reads what was built. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['packages/integration/test/faults/*-on-lab.ts'],
    reporters: ['verbose', './scripts/tally-reporter.ts'],
    fileParallelism: false,
    testTimeout: 150_000,
    hookTimeout: 120_000,
  },
})
