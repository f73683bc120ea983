/** What `npm start` and `npm test` share: a checkout that has only Node and git becomes one that runs. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Debian's packages for real guests on real hosts, each with a program that shows it is there. */
const PACKAGES = {
  'qemu-system-x86': 'qemu-system-x86_64',
  'openssh-server': 'sshd',
  'openssh-client': 'ssh',
  iproute2: 'ip',
  binutils: 'ld',
  'busybox-static': 'busybox',
  cpio: 'cpio',
  'libxml2-utils': 'xmllint',
}

/** Runs a command with its output on stderr, so that stdout stays the program's own. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options })
  if (error) throw error
  return status ?? 1
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  process.stderr.write(`vmferry needs Node 20.19 or newer; this is ${process.versions.node}\n`)
  process.exit(1)
}

/** Installs the dependencies when the lock file is another than at the last time. */
export function install() {
  const lock = createHash('sha256')
    .update(readFileSync(`${root}/package-lock.json`))
    .digest('hex')
  const stamp = `${root}/node_modules/.vmferry-lock`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  process.stderr.write('installing dependencies …\n')
  if (run('npm', ['ci', '--no-fund', '--no-audit']) !== 0) process.exit(1)
  writeFileSync(stamp, lock)
}

export function build() {
  if (run('npx', ['turbo', 'run', 'build', '--output-logs=errors-only']) !== 0) process.exit(1)
}

/** Installs what is missing where that is allowed; returns the packages that are still missing. */
export function provide() {
  const missing = () =>
    Object.entries(PACKAGES)
      .filter(([, program]) => !has(program))
      .map(([name]) => name)
  const wanted = missing()
  if (wanted.length === 0) return []
  if (process.getuid?.() !== 0 || !has('apt-get')) {
    process.stderr.write(
      `missing, and not mine to install: ${wanted.join(' ')} (apt install ${wanted.join(' ')})\n`,
    )
    return wanted
  }
  process.stderr.write(`installing ${wanted.join(' ')} …\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => run('apt-get', ['-qq', '-y', ...args], { env })
  apt('update')
  // a package that is not there must not keep the others out
  if (apt('install', '--no-install-recommends', ...wanted) !== 0)
    for (const name of wanted) apt('install', '--no-install-recommends', name)
  const left = missing()
  if (left.length > 0) process.stderr.write(`could not be installed: ${left.join(' ')}\n`)
  return left
}

function has(program) {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`.split(':')
  return path.some((folder) => existsSync(`${folder}/${program}`))
}
