/** For tests that read the sources of the packages instead of what was built. */
export const readSources = {
  resolve: { conditions: ['@vmferry/source'] },
  ssr: { resolve: { conditions: ['@vmferry/source'] } },
}
