import { findLab } from '@vmferry/lab'
import { migrateRaw } from './raw-migration.ts'

/** `raw-migration.js LAB-FOLDER ssh|tcp QEMU-COMMAND-LINE…`: the bare sequence as a process of its own, its times as JSON. */
const [folder = '', way, ...argv] = process.argv.slice(2)
const lab = await findLab(folder)
if (!lab) throw new Error(`no lab is up in ${folder}`)
process.stdout.write(`${JSON.stringify(await migrateRaw(lab, way === 'tcp' ? 'tcp' : 'ssh', argv))}\n`)
