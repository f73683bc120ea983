/**
 * The public API of each entry point as one file that is read in review: `npm run api` writes packages/…/etc/*.api.md,
 * `npm run api:check` fails when a report is missing, old or nobody's.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { entryPoints, publicPackages } from './public-packages.mjs'
import { root } from './workspace.mjs'

const check = process.argv.includes('--check')
const temp = mkdtempSync(join(tmpdir(), 'vmferry-api-'))
const problems = []
try {
  for (const { folder, manifest } of publicPackages()) {
    const etc = join(root, folder, 'etc')
    const reports = entryPoints(manifest)
      .filter(({ types }) => types !== null)
      .map(({ name, types }) => ({
        name: `${basename(name.replace(/^@vmferry\//, '').replaceAll('/', '-'))}.api.md`,
        types,
      }))
    if (!check) mkdirSync(etc, { recursive: true })
    for (const { name, types } of reports) {
      const text = report(join(root, folder), types, name)
      const path = join(etc, name)
      const before = existsSync(path) ? readFileSync(path, 'utf8') : null
      if (before === text) continue
      if (check)
        problems.push(
          `${folder}/etc/${name} ${before === null ? 'is missing' : 'is another API than the built one'}`,
        )
      else writeFileSync(path, text)
    }
    for (const name of existsSync(etc) ? readdirSync(etc) : [])
      if (!reports.some((one) => one.name === name))
        problems.push(`${folder}/etc/${name} is of no entry point`)
  }
} finally {
  rmSync(temp, { recursive: true, force: true })
}
for (const problem of problems) process.stderr.write(`${problem}\n`)
if (problems.length > 0) {
  process.stderr.write('npm run build && npm run api, and read what has changed\n')
  process.exitCode = 1
} else process.stdout.write('API reports: all match\n')

/** The report of one entry point as text. */
function report(projectFolder, types, reportFileName) {
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, 'package.json'),
    configObject: {
      projectFolder,
      mainEntryPointFilePath: join(projectFolder, types),
      newlineKind: 'lf',
      compiler: { overrideTsconfig: tsconfig(projectFolder, types) },
      apiReport: { enabled: true, reportFileName, reportFolder: temp, reportTempFolder: join(temp, 'temp') },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          default: { logLevel: 'none' },
          'ae-forgotten-export': { logLevel: 'warning', addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
        compilerMessageReporting: { default: { logLevel: 'error' } },
      },
    },
  })
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error
    },
  })
  return readFileSync(join(temp, reportFileName), 'utf8')
}

/** As a user's compiler sees the package: its declarations, and those of its dependencies. */
function tsconfig(projectFolder, types) {
  return {
    compilerOptions: {
      target: 'es2023',
      lib: ['es2023'],
      types: ['node'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
      strict: true,
      skipLibCheck: true,
    },
    files: [join(projectFolder, types)],
  }
}
