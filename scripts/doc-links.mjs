/**
 * `npm run docs:check`, second half: no dead link in the pages beside the site, none in the built site, whose pages load
 * nothing from elsewhere; and the list of decisions is whole.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { markdownFiles, root } from './doc-files.mjs'

const dist = join(root, 'docs/.vitepress/dist')
const problems = []

function checkPage(page) {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```.*?^```/gms, '')
  for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    const [path = ''] = link.split('#')
    if (/^[a-z]+:/.test(link) || path === '') continue
    if (!existsSync(join(root, dirname(page), decodeURI(path)))) problems.push(`${page}: ${link}`)
  }
}

function attributes(html, name) {
  return [...html.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g'))].map(([, value = '']) =>
    decodeURI(value.replaceAll('&amp;', '&')),
  )
}

function checkSite() {
  const pages = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.html'),
  )
  const site = new Map(pages.map((name) => [`/${name}`, readFileSync(join(dist, name), 'utf8')]))
  const ids = new Map([...site].map(([page, html]) => [page, new Set(attributes(html, 'id'))]))
  for (const [page, html] of site) {
    for (const link of attributes(html, 'href')) {
      const { origin, pathname, hash } = new URL(link, `https://site.invalid${page}`)
      if (origin !== 'https://site.invalid') continue
      const path = decodeURI(pathname.endsWith('/') ? `${pathname}index.html` : pathname)
      const anchor = decodeURIComponent(hash.slice(1))
      if (!existsSync(join(dist, path))) problems.push(`${page}: ${link}`)
      else if (anchor !== '' && ids.get(path)?.has(anchor) === false) problems.push(`${page}: ${link}`)
    }
    for (const [tag] of html.matchAll(/<(?:script|link|img)\b[^>]*(?:src|href)="(?:https?:)?\/\/[^>]*>/g))
      problems.push(`${page} loads from elsewhere: ${tag}`)
  }
  return pages.length
}

function checkDecisions() {
  const folder = join(root, 'docs/decisions')
  const list = readFileSync(join(folder, 'index.md'), 'utf8')
  const missing = readdirSync(folder).filter((name) => /^\d/.test(name) && !list.includes(`(./${name})`))
  for (const name of missing) problems.push(`docs/decisions/index.md does not list ${name}`)
}

checkDecisions()
// pages below docs/ link within the site
for (const page of markdownFiles()) if (!page.startsWith('docs/')) checkPage(page)
if (!existsSync(dist)) throw new Error('the site is not built: npm run docs')
const count = checkSite()
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(`${count} pages: ${problems.length} dead or foreign links\n`)
process.exitCode = problems.length === 0 ? 0 : 1
