import { createFerry } from '@vmferry/core'
import { createWorld, test } from '@vmferry/driver-test'
import { recordSpans } from './span-recorder.js'

const recorder = recordSpans()
const world = createWorld()
const ferry = createFerry({ drivers: [test({ world })] })
const here = await ferry.connect('test:///default')
const there = await ferry.connect('test:///other')

world.faults.add({ at: 'prepare', kind: 'fail' })
const web1 = await here.domain('web1')
await web1.migrate(there, { live: true }).done.catch(() => {}) // fails once
await web1.migrate(there, { live: true })
await ferry.close()
recorder.stop()

for (const { name, parent, attributes, startedAt, endedAt, error } of recorder.spans) {
  const words = Object.entries(attributes).map(([key, value]) => `${key}=${value}`)
  if (error) words.push(`error=${error}`)
  const ms = Math.round((endedAt ?? startedAt) - startedAt)
  console.log([parent ? `  ${name}` : name, `${ms} ms`, ...words].join(' '))
}
