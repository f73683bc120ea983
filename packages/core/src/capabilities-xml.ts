import type { Capabilities } from './driver/index.ts'
export function capabilitiesToXml(capabilities: Capabilities): string {
  return JSON.stringify(capabilities.live)
}
export function capabilitiesFromXml(xml: string): unknown {
  return xml
}
