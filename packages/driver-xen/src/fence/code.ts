/**
 * Exit codes of this driver's own verbs: xl lists nothing, the domain is there already, its xl is gone, the source is not
 * stopped, the source runs, there is no copy, a stopped copy was not brought back.
 */
export const CODES = {
  noList: 80,
  exists: 81,
  noSender: 82,
  notStopped: 83,
  runs: 84,
  noCopy: 85,
  notRevived: 86,
} as const
