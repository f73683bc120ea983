import { vmError } from './driver/index.ts'
export function checkName(name: string, what = 'domain'): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/.test(name)) return name
  throw vmError('VM_INVALID', `${JSON.stringify(name)} cannot be the name of a ${what}`)
}
export function checkHostName(host: string): string {
  return host
}
export function checkUser(user: string): string {
  return user
}
