import { ssh } from '@vmferry/host'
import type { XenLab } from '@vmferry/lab'
import type { XenHostName, XenHosts } from './xen-hosts.ts'

export interface RealXenHosts extends XenHosts {
  /** Ends every connection to both hosts, and those between them, at the hosts: no end of them says goodbye. */
  cutConnections(): Promise<void>
}

const RUN = '/run/vmferry/xen'

/** Each session of sshd has a process of its own, a child of the one that listens. The session that does this comes last. */
const END_SESSIONS = `
listener=$(pgrep -o -x sshd)
for pid in $(pgrep -P "$listener"); do
  [ "$pid" = "$PPID" ] || kill -KILL "$pid"
done
kill -KILL "$PPID"
`

/** The hosts of a lab. Guests are made with its own `create`. */
export function realXenHosts(lab: XenLab): RealXenHosts {
  const said = async (host: XenHostName, ...argv: string[]): Promise<string> => {
    const { stdout } = await lab[host].exec(argv)
    return stdout
  }
  return {
    provider: ssh({ config: lab.ssh.config }),
    uri: (host) => `xen+ssh://root@${host}/`,
    async domains(host) {
      const rows = (await said(host, 'xl', 'list')).trim().split('\n').slice(2)
      return rows.map((row) => {
        const [name, , , , flags = ''] = row.split(/\s+/)
        return `${name} ${flags.replace(/^[r-][b-]/, '-b')}`
      })
    },
    async traces(host) {
      const files = (await said(host, 'ls', RUN)).split('\n').filter(Boolean)
      const processes = (await said(host, 'ps', '-eo', 'args')).split('\n')
      return [...files, ...processes.filter((line) => line.includes(`${RUN}/m-`))].map((line) =>
        line.slice(-300),
      )
    },
    async cutConnections() {
      await Promise.all([lab.alpha, lab.beta].map((host) => host.exec(['sh', '-c', END_SESSIONS])))
    },
  }
}
