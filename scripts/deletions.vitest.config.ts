import { defineConfig } from 'vitest/config'

/** `npm run test:deletions`: deletes each case of the conformance kit once, and shows which broken driver then passes. */
export default defineConfig({
  resolve: { conditions: ['@vmferry/source'] },
  ssr: { resolve: { conditions: ['@vmferry/source'] } },
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['packages/integration/test/*-proof.ts'],
    reporters: ['verbose', './scripts/tally-reporter.ts'],
    testTimeout: 60_000,
  },
})
