import { defineConfig } from 'vitest/config'

/** `npm run test:xen:double`: the conformance kit over the Xen driver, between two hosts of a fake Xen. Reads the sources. */
const source = { resolve: { conditions: ['@vmferry/source'] } }

export default defineConfig({
  ...source,
  ssr: source,
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
