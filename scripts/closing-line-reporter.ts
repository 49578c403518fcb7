import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Ends the run with one plain line from the real counts: `N passed, N failed, N skipped`. */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skips: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1; // A file that could not be loaded is a failure, not an absence.
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state] += 1;
        if (result.state === "skipped") skips.push(describeSkip(test));
      }
    }
    count.failed += count.pending; // Started and never finished.
    if (skips.length > 0) process.stdout.write(`\nSkipped:\n${skips.map((line) => `  ${line}\n`).join("")}`);
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}

function describeSkip(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" && result.note ? `: ${result.note}` : "";
  return `${test.module.relativeModuleId} > ${test.fullName}${note}`;
}
