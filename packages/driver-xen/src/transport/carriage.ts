import type { Sender } from '../migration/copy.ts'
import type { CopyFigures } from '../migration/progress.ts'
import type { CopySeen } from '../migration/watch.ts'

/** What carries the stream from the source's xl to the target's. */
export interface Carrier {
  figures(seen: CopySeen): CopyFigures
  /** `arrived`: the target's xl has everything. */
  state(seen: CopySeen): 'going' | 'arrived' | 'broken'
  /** Ends this controller's part of it. What runs on the source is ended by the fence there. */
  end(): Promise<void>
}

/** The names that the stream has and is to have. */
export function namesIn({ offer, request }: Sender['file']): readonly [from: string, to: string] {
  return [offer.domain, request.rename ?? offer.domain]
}
