import { version } from './version.ts'

const [first, ...rest] = process.argv.slice(2)

if (rest.length === 0 && (first === '--version' || first === '-V')) {
  // answered before anything is loaded: scripts ask this often
  process.stdout.write(`${version()}\n`)
} else {
  const { runProgram } = await import('./program.ts')
  process.exitCode = await runProgram(process.argv.slice(2))
  // all is written and closed by then; Node would first take its signal handlers down, and a late Ctrl-C would kill it
  // with another verdict than the one that stands
  process.once('beforeExit', () => process.exit())
}
