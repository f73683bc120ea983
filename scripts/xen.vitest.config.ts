import { defineConfig } from 'vitest/config'

/** `npm run test:xen`: guests that move between the lab's real Xen hosts. Reads the sources. */
const source = { resolve: { conditions: ['@vmferry/source'] } }

export default defineConfig({
  ...source,
  ssr: source,
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['packages/lab/test/xen-on-lab.ts', '{apps,packages}/*/test/**/*-on-xen.ts'],
    reporters: ['verbose', './scripts/tally-reporter.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
