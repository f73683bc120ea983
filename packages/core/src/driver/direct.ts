import type { CallOptions, EffectOptions, MigrationId } from './call.ts'
import type { CopyState } from './copy-state.ts'
import type { ChosenRequest, MigrationRequest } from './request.ts'
import type { Survey } from './survey.ts'

/** A hypervisor that migrates by one call of its own, without phases: core asks, waits and inspects. On the source's connection. */
export interface DirectMigration {
  /** Looks, without any side effect. */
  check(domain: string, request: MigrationRequest, call: CallOptions): Promise<Survey>
  /**
   * The one call. Resolves when the guest runs at the target and is gone from the source. VM_PHASE_FAILED and VM_ABORTED
   * mean that the source is as it was; any other rejection means unknown, and core asks `inspect`.
   */
  migrate(domain: string, request: ChosenRequest, call: EffectOptions): Promise<void>
  /** What the hypervisor knows about both copies. */
  inspect(
    id: MigrationId,
    call: CallOptions,
  ): Promise<{ readonly source: CopyState; readonly target: CopyState }>
  /** Asks the hypervisor to stop; resolves when it has answered, not when the migration has settled. */
  cancel?(id: MigrationId, call: EffectOptions): Promise<void>
}
