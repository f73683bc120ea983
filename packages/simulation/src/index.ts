/**
 * Seeded simulation of whole deployments around vmferry's real orchestrator.
 *
 * @packageDocumentation
 */
export { type SeedResult, type SimulateOptions, play, simulate } from './simulate.ts'
