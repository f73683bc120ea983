import { type Capabilities, PHASES, type Phase } from '@vmferry/core/driver'

/** What a manifest must say for a case to apply. */
export interface Need {
  /** The member of the manifest, as it is written: `live`, `features.startPaused`. */
  readonly flag: string
  /** What it must be, in words. */
  readonly wanted: string
  met(manifest: Capabilities): boolean
  /** What the manifest says instead. */
  said(manifest: Capabilities): string
}

type Flag = 'live' | 'resource' | 'domainRename' | 'pausedGuests' | 'postCopy'

/** An ability that is true or false. */
export function able(flag: Flag): Need {
  return {
    flag,
    wanted: 'true',
    met: (manifest) => manifest[flag],
    said: (manifest) => String(manifest[flag]),
  }
}

/** A documented extra. */
export function feature(name: string): Need {
  return {
    flag: `features.${name}`,
    wanted: 'true',
    met: ({ features }) => features[name] === true,
    said: ({ features }) => String(features[name] ?? false),
  }
}

/** A list that names something. */
export function some(flag: 'streams' | 'uriTransports'): Need {
  return {
    flag,
    wanted: 'at least one',
    met: (manifest) => manifest[flag].length > 0,
    said: (manifest) => `[${manifest[flag].join(', ')}]`,
  }
}

/** One of some words. */
export function says(flag: 'handover' | 'fencing' | 'progress', ...words: readonly string[]): Need {
  return {
    flag,
    wanted: words.join(' or '),
    met: (manifest) => words.includes(manifest[flag]),
    said: (manifest) => manifest[flag],
  }
}

/** The source can be restored after that phase. */
export function abortableAfter(phase: Phase): Need {
  const rank = (name: string): number => (PHASES as readonly string[]).indexOf(name)
  return {
    flag: 'abortableUntil',
    wanted: `${phase} or later`,
    met: ({ abortableUntil }) => rank(abortableUntil) >= rank(phase),
    said: ({ abortableUntil }) => abortableUntil,
  }
}

/** At least one ability is denied, so that there is something to refuse. */
export const LESSER: Need = {
  flag: 'live, resource, domainRename',
  wanted: 'false in one of them',
  met: ({ live, resource, domainRename }) => !(live && resource && domainRename),
  said: () => 'true',
}

/** A hypervisor that migrates at all. */
export const MIGRATES: readonly Need[] = [some('streams')]
/** One that migrates in phases. */
export const PHASED: readonly Need[] = [...MIGRATES, says('handover', 'phased')]
/** One that migrates by one call. */
export const DIRECT: readonly Need[] = [...MIGRATES, says('handover', 'direct')]

/** A way back after that phase. Until perform has stopped the guest, an abort has nothing to restore. */
export function wayBackAfter(phase: Phase): readonly Need[] {
  return phase === 'begin' || phase === 'prepare' ? PHASED : [...PHASED, abortableAfter(phase)]
}
