export type { Authority, CertificateOptions } from './authority.ts'
export { openAuthority } from './authority.ts'
export type { Beat, BeatLine } from './beat.ts'
export { parseBeat } from './beat.ts'
export type { BeatGuestOptions, GuestCommand } from './beat-guest.ts'
export { beatGuest } from './beat-guest.ts'
export type { BeatMemory } from './beat-image.ts'
export { beatPassTicks, beatPeriodMs, beatProblem, buildBeat } from './beat-image.ts'
export type { BeatReport, BeatReportOptions, HandOver } from './beat-report.ts'
export { beatReport } from './beat-report.ts'
export type { BeatSource, BeatWatch } from './beat-watch.ts'
export { watchBeats } from './beat-watch.ts'
export { cacheFolder } from './cache-folder.ts'
export type { CommandResult } from './command.ts'
export { giveQemu } from './host-qemu.ts'
export type { Lab } from './lab.ts'
export type { ExecOptions, LabHost, SpawnOnHost } from './lab-host.ts'
export { labProblem } from './lab-problem.ts'
export type { LinuxGuestOptions } from './linux-guest.ts'
export { linuxGuest, linuxPeriodMs } from './linux-guest.ts'
export { linuxProblem } from './linux-image.ts'
export type { LabOptions } from './open-lab.ts'
export { findLab, openLab, removeLab } from './open-lab.ts'
export type { LiveProcess, ProcessId } from './process-table.ts'
export type { QemuRelease, QemuSeries } from './qemu-release.ts'
export {
  exactQemu,
  exactQemuProblem,
  installedQemu,
  qemuRelease,
  qemuReleaseProblem,
  qemuSeries,
  spiceQemu,
} from './qemu-release.ts'
export type { ConsoleLog } from './xen/console-beats.ts'
export { consoleBeats } from './xen/console-beats.ts'
export type { XenBeatOptions, XenGuestOptions } from './xen/xen-guest.ts'
export { consoleLogs, xenBeat, xenGuest } from './xen/xen-guest.ts'
export type { XenExecOptions, XenHost } from './xen/xen-host.ts'
export { xenProblem, xenSeries } from './xen/xen-image.ts'
export type { XenKeys } from './xen/xen-keys.ts'
export type { XenLab, XenLabOptions } from './xen/xen-lab.ts'
export { openXenLab } from './xen/xen-lab.ts'
