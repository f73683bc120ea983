import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { labProblem } from '@vmferry/lab'
import { demoOnLab } from './lab-demo.ts'

/** The command line that an operator would use: the demo does nothing that a user could not type. */
const vmferry = join(
  dirname(createRequire(import.meta.url).resolve('vmferry/package.json')),
  'bin/vmferry.js',
)
const flags = process.argv.slice(2)

const problem = await labProblem()
if (problem === null) {
  process.exitCode = await demoOnLab(vmferry, flags)
} else {
  process.stderr.write(
    `no two real hosts here: ${problem}\nso a test hypervisor in memory moves its guest instead\n`,
  )
  const argv = [vmferry, 'migrate', 'test:///default', 'web1', 'test:///other', '--live', ...flags]
  const child = spawn(process.execPath, argv, { stdio: 'inherit' })
  process.exitCode = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
}
