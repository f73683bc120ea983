import { commandLine } from './command-line.ts'

process.exitCode = await commandLine(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`vmferry-lab: ${error instanceof Error ? error.message : String(error)}\n`)
  return 1
})
