// Unit tests on the sources. Ends with a line "N passed, N failed".
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './workspace.ts';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const folder = mkdtempSync(join(tmpdir(), 'ketwork-unit-'));
const file = join(folder, 'results.json');
const { code, output } = await run('vitest', [
  'run',
  '--config=scripts/vitest.config.ts',
  '--reporter=dot',
  '--reporter=json',
  `--outputFile.json=${file}`,
  ...process.argv.slice(2),
]);
if (code !== 0) console.log(output.trimEnd());
let results: Results | undefined;
try {
  results = JSON.parse(readFileSync(file, 'utf8')) as Results;
} catch {
  console.log('vitest left no results');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (results !== undefined) {
  // A file that could not even be loaded has no failed test of its own; it counts as one.
  const broken = results.testResults.filter(
    (suite) =>
      suite.status === 'failed' && !suite.assertionResults.some((t) => t.status === 'failed'),
  ).length;
  const failed = results.numFailedTests + broken;
  console.log(
    `note: ${results.testResults.length} test files, ${results.numPendingTests} tests skipped`,
  );
  console.log(`${results.numPassedTests} passed, ${failed} failed`);
  if (results.numPassedTests === 0) console.log('no test passed');
  process.exitCode = code !== 0 || failed > 0 || results.numPassedTests === 0 ? 1 : 0;
} else {
  process.exitCode = 1;
}
