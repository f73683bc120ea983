import { readdirSync, readFileSync } from 'node:fs'
import { type DefaultTheme, defineConfig } from 'vitepress'

const docs = new URL('..', import.meta.url)

/** The decisions in their order, by their own titles. */
function decisions(): DefaultTheme.SidebarItem[] {
  const files = readdirSync(new URL('decisions', docs)).filter((name) => /^\d{4}-.*\.md$/.test(name))
  return files.toSorted().map((file) => {
    const [title = ''] = readFileSync(new URL(`decisions/${file}`, docs), 'utf8').split('\n')
    return { text: title.replace(/^# /, ''), link: `/decisions/${file.replace(/\.md$/, '')}` }
  })
}

/** The reference as typedoc lists it, with the modules of a package by the name of their import. */
function reference(): DefaultTheme.SidebarItem[] {
  const listed = readFileSync(new URL('api/typedoc-sidebar.json', docs), 'utf8')
  return (JSON.parse(listed) as DefaultTheme.SidebarItem[]).map(({ text = '', items = [], ...item }) => ({
    ...item,
    text,
    items: items.map((part) => {
      const module = part.text === 'index' ? text : `${text}/${part.text ?? ''}`
      return part.link === undefined ? part : { ...part, text: module }
    }),
  }))
}

const guide: DefaultTheme.SidebarItem[] = [
  { text: 'Start in five minutes', link: '/start' },
  {
    text: 'Concepts',
    items: [
      { text: 'How a migration runs', link: '/architecture' },
      { text: 'Outcomes', link: '/concepts/outcomes' },
      { text: 'Recovery', link: '/concepts/recovery' },
      { text: 'Capabilities', link: '/concepts/capabilities' },
    ],
  },
  {
    text: 'Guides',
    items: [
      { text: 'From code', link: '/guides/code' },
      { text: 'From the command line', link: '/guides/command-line' },
      { text: 'Cancel', link: '/guides/cancel' },
      { text: 'Test your orchestration', link: '/guides/testing' },
      { text: 'Hosts and ssh', link: '/guides/hosts' },
      { text: 'The journal', link: '/guides/journal' },
      { text: 'Tracing', link: '/guides/tracing' },
    ],
  },
  {
    text: 'Drivers',
    items: [
      { text: 'QEMU and KVM', link: '/drivers/qemu' },
      { text: 'Xen', link: '/drivers/xen' },
      { text: 'Test', link: '/drivers/test' },
      { text: 'Write a driver', link: '/writing-a-driver' },
    ],
  },
  {
    text: 'Look up',
    items: [
      { text: 'Errors', link: '/reference/errors' },
      { text: 'Exit codes', link: '/reference/exit-codes' },
      { text: 'JSON lines', link: '/reference/json-lines' },
      { text: 'The cases of the kit', link: '/reference/conformance' },
    ],
  },
  {
    text: 'The project',
    items: [
      { text: 'What is stable', link: '/stability' },
      { text: 'Performance', link: '/performance' },
      { text: 'Reliability', link: '/reliability' },
      { text: 'Reliability on real QEMU', link: '/reliability-qemu' },
      { text: 'Simulation', link: '/simulation' },
      { text: 'Security', link: '/security' },
      { text: 'Upgrading', link: '/upgrading' },
      { text: 'Contributing', link: '/contributing' },
      { text: 'Decisions', link: '/decisions/', collapsed: true, items: decisions() },
    ],
  },
]

// oxlint-disable-next-line import/no-default-export -- VitePress reads nothing else
export default defineConfig({
  title: 'vmferry',
  description: 'Moves running virtual machines between hosts, with nothing installed on them',
  lang: 'en',
  lastUpdated: false,
  vite: { publicDir: false, build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/start', activeMatch: '^/(start|architecture|concepts|guides)' },
      { text: 'Drivers', link: '/drivers/qemu', activeMatch: '^/(drivers|writing-a-driver)' },
      { text: 'Errors', link: '/reference/errors', activeMatch: '^/reference' },
      { text: 'API', link: '/api/', activeMatch: '^/api' },
    ],
    sidebar: { '/api/': reference(), '/': guide },
    outline: [2, 3],
    search: { provider: 'local' },
    footer: { message: 'Apache-2.0' },
  },
})
