import { createFerry } from '@vmferry/core'
import { createWorld, test } from '@vmferry/driver-test'
import { evacuate } from './evacuate.js'

const world = createWorld()
const ferry = createFerry({ drivers: [test({ world })] })
const source = await ferry.connect('test:///default')
// the first target cannot do it live, and to the second the copy fails once
const targets = [await ferry.connect('test:///old?without=live'), await ferry.connect('test:///new')]

world.host('default').start('cache1')
world.faults.add({ at: 'perform', kind: 'fail', when: 'during', domain: 'db1' })
await evacuate(source, targets, (line) => console.log(line))
console.log(`ran twice: ${world.violations.length}`)
await ferry.close()
