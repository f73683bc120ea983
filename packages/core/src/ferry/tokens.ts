/**
 * Tokens for applications that compose their drivers and hosts with a dependency-injection container. They are global
 * symbols, so that two copies of core agree on them. Core itself needs no container: see `createFerry`.
 */

/** A `Driver` or `LazyDriver`; register as many as there are. */
export const DRIVER: unique symbol = Symbol.for('@vmferry/core/driver@1')

/** A `HostProvider`; register as many as there are. */
export const HOST_PROVIDER: unique symbol = Symbol.for('@vmferry/core/host-provider@1')
