import type { Finding } from '@vmferry/core/driver'
import type { BlockInfo } from '@vmferry/qmp'
import { jsonMember, optionsNamed } from '../guest/command-line.ts'
import { type OptionList, optionValue, parseOptionList } from '../guest/option-list.ts'
import { blocker } from './finding.ts'

/** The drives that have another file than at the start, or none any more. */
export function driftedMedia(
  where: string,
  argv: readonly string[],
  drives: readonly BlockInfo[],
): Finding[] {
  const given = givenDrives(argv)
  const isSomewhere = (path: string): boolean =>
    drives.some(({ inserted }) => {
      if (!inserted) return false
      const plain = plainFile(inserted.file)
      return plain === undefined ? inserted.file.includes(JSON.stringify(path)) : isFile(path, plain)
    })
  const changed = (message: string): Finding =>
    blocker('source', 'medium-changed', message, 'put back what it was started with, or start the guest anew')
  const other = drives.flatMap((drive) => {
    const file = plainFile(drive.inserted?.file)
    const own = given.find(({ id }) => id === drive.device)?.file
    const isGiven =
      own === undefined ? file === undefined || names(argv, file) : file !== undefined && isFile(own, file)
    if (isGiven || file === undefined || isOfLateDevice(argv, drive)) return []
    return [
      changed(`the drive ${nameOf(drive)} of ${where} has ${file} now, which is not on its command line`),
    ]
  })
  const gone = given.flatMap(({ id, file }) => {
    const drive = drives.find(({ device }) => device === id)
    const isThere = id === undefined ? isSomewhere(file) : drive === undefined || drive.inserted
    return isThere ? [] : [changed(`the drive of ${where} that was started with ${file} has it no longer`)]
  })
  const ejected = emptied(argv, drives).map((id) =>
    changed(`the drive ${id} of ${where} was started with a medium, and has none now`),
  )
  return [...other, ...gone, ...ejected]
}

/** Its device is found to be new, which says enough. */
function isOfLateDevice(argv: readonly string[], { qdev = '' }: BlockInfo): boolean {
  const id = /^\/machine\/peripheral\/([^/]+)\//.exec(qdev)?.[1]
  return id !== undefined && !optionsNamed(argv, 'device').some((value) => idOf(value) === id)
}

interface GivenDrive {
  readonly id: string | undefined
  readonly file: string
}

/** The drives whose file the command line says in a plain way, apart from those made of nodes. */
function givenDrives(argv: readonly string[]): GivenDrive[] {
  const short = optionsNamed(argv, 'cdrom', 'hda', 'hdb', 'hdc', 'hdd', 'fda', 'fdb').map((file) => ({
    id: undefined,
    file,
  }))
  const long = optionsNamed(argv, 'drive').map((value) => {
    const options: OptionList = parseOptionList(value, 'file')
    return { id: optionValue(options, 'id'), file: optionValue(options, 'file') }
  })
  return [...short, ...long].flatMap(({ id, file }) => {
    const plain = plainFile(file)
    return plain === undefined ? [] : [{ id, file: plain }]
  })
}

/** A path as it stands; nothing for what QEMU says in another way than the command line. */
function plainFile(file: string | undefined): string | undefined {
  if (file === undefined || file === '') return undefined
  const path = file.replace(/^file:/, '')
  return /^[a-z][a-z0-9+.-]*:/.test(path) ? undefined : path
}

/** Whether a path of the command line is what QEMU calls that: it may have been started with a relative one. */
function isFile(given: string, seen: string): boolean {
  return given === seen || (!seen.startsWith('/') && given.endsWith(`/${seen}`))
}

/** Whether a word of the command line names the file, in whichever of QEMU's forms. */
function names(argv: readonly string[], file: string): boolean {
  const forms = [file, file.replaceAll(',', ',,'), JSON.stringify(file).slice(1, -1)]
  return argv.some((word) =>
    forms.some((form) => {
      // an adopted guest's paths are absolute here, whatever its QEMU calls them
      const folder = file.startsWith('/') ? '' : '/'
      for (let at = word.indexOf(form); at >= 0; at = word.indexOf(form, at + 1)) {
        const [before, after] = [word[at - 1] ?? '', word[at + form.length] ?? '']
        if ((before === folder || /^[=:"]?$/.test(before)) && /^[,"]?$/.test(after)) return true
      }
      return false
    }),
  )
}

/** Devices with an id that were started with a node and have nothing in them. */
function emptied(argv: readonly string[], drives: readonly BlockInfo[]): string[] {
  return optionsNamed(argv, 'device').flatMap((value) => {
    const [id, node] = [idOf(value), memberOf(value, 'drive')]
    if (id === undefined || node === undefined || !nodeNames(argv).includes(node)) return []
    const drive = drives.find(({ qdev }) => qdev === id || qdev?.startsWith(`/machine/peripheral/${id}/`))
    return drive && !drive.inserted ? [id] : []
  })
}

function nodeNames(argv: readonly string[]): (string | undefined)[] {
  return optionsNamed(argv, 'blockdev').map((value) => memberOf(value, 'node-name'))
}

function idOf(device: string): string | undefined {
  return memberOf(device, 'id')
}

/** Of a device or a node. */
function memberOf(value: string, key: string): string | undefined {
  return value.startsWith('{') ? jsonMember(value, key) : optionValue(parseOptionList(value, 'driver'), key)
}

function nameOf({ device, qdev }: BlockInfo): string {
  return device || (qdev ?? 'without a name').replace(/^\/machine\/peripheral\/([^/]+)\/.*/, '$1')
}
