import type { Reporter, TestModule, TestResult } from 'vitest/node'

/**
 * Prints the closing line `N passed, N failed, N skipped`; a file that fails to import counts as failed. Cases of the
 * conformance kit that the manifest of a driver does not call for are no skipped tests: they have a line of their own.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, notApplicable: 0 }
    for (const module of modules) {
      let any = false
      for (const test of module.children.allTests()) {
        any = true
        count[kindOf(test.result())]++
      }
      if (!any && module.state() === 'failed') count.failed++
    }
    const { passed, failed, skipped, notApplicable } = count
    if (notApplicable > 0)
      process.stdout.write(`\n${notApplicable} cases not applicable to a driver under test\n`)
    process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  }
}

function kindOf(result: TestResult): 'passed' | 'failed' | 'skipped' | 'notApplicable' {
  if (result.state === 'passed' || result.state === 'failed') return result.state
  return result.state === 'skipped' && result.note?.startsWith('not applicable') ? 'notApplicable' : 'skipped'
}
