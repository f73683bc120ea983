import type { VmErrorCode } from './error.ts'
import type { JsonObject } from './json.ts'
import type { Offer } from './offer.ts'

/** What one side found out about a wish, without any side effect. */
export interface Survey {
  /** Everything that stands in the way or that the user should know: all at once, not the first. */
  readonly findings: readonly Finding[]
  /** Transports that would work from this side's view, best first; those that would not are warnings in `findings`. */
  readonly transports: readonly TransportChoice[]
  /** A digest of the facts that the findings rest on: another digest later means that the facts have changed. */
  readonly digest: string
  /**
   * The domain's epoch that this host holds, under the name that it has or would have there; 0: none. A claim that follows asks
   * for more at once. Left out: it learns that from VM_STALE, in one round trip more.
   */
  readonly epoch?: number
}

/** The source's survey also has the draft of the offer, which the target's check looks at. */
export interface SourceSurvey extends Survey {
  readonly offer: Offer
}

/** One finding of a check. */
export interface Finding {
  /** `blocker`: the migration would fail or harm the guest. `warning`: it goes on. */
  readonly severity: 'blocker' | 'warning'
  /** Stable, kebab-case: `machine-type-missing`. */
  readonly code: string
  /** The side it was found on. */
  readonly side: 'source' | 'target'
  /** One sentence: what was found and where. */
  readonly message: string
  /** What to do about it. */
  readonly remedy?: string
  /** The host's own words. */
  readonly words?: string
  /** The error code that a blocker raises; default VM_PHASE_FAILED. A taken name is VM_EXISTS. */
  readonly error?: VmErrorCode
}

/** One transport that a side can use. */
export interface TransportChoice {
  /** A name of the manifest's `uriTransports`; a hypervisor without any that could be asked for still names its own way. */
  readonly name: string
  /** Why it stands where it stands, for people: `both connections lead to one host`. */
  readonly why: string
  /**
   * Of the target: what the source may know before the target is prepared, for a way that it makes meanwhile. No secrets. Core hands it
   * on in {@link import('./request.ts').ChosenRequest}.
   */
  readonly cookie?: JsonObject
  /** False: over this transport a bandwidth limit is not obeyed. Default: as the manifest says. */
  readonly resource?: boolean
  /** Narrower progress over this transport. Default: as the manifest says. */
  readonly progress?: 'bytes' | 'coarse' | 'none'
}
