// Runs the workspace's gates: all of them, or those named on the command line.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inParallel, root, run } from './gates/workspace.ts';

interface Gate {
  readonly name: string;
  readonly command: readonly string[];
}

// Gates strip types from programs with a function that Node still calls experimental.
const quiet = '--disable-warning=ExperimentalWarning';

const gate = (name: string, ...args: string[]): Gate => ({
  name,
  command: [process.execPath, quiet, join(root, 'scripts', 'gates', `${name}.ts`), ...args],
});

/** Gates of one stage may run side by side; those that need the whole machine are alone in theirs. */
const stages: readonly (readonly Gate[])[] = [
  [
    gate('layout'),
    gate('imports'),
    { name: 'format', command: ['oxfmt', '--check', '.'] },
    gate('lint'),
    gate('types'),
    { name: 'unused', command: ['knip', '--no-progress', '--no-config-hints'] },
    gate('docs'),
    gate('examples'),
  ],
  [gate('unit')],
  [gate('packed')],
  [gate('browser')],
  [gate('playground')],
];

const gates = stages.flat();
const wanted = process.argv.slice(2).filter((argument) => argument !== '--');
const unknown = wanted.filter((name) => !gates.some((g) => g.name === name));
if (unknown.length > 0) {
  console.error(
    `no gate called ${unknown.join(', ')}; there are ${gates.map((g) => g.name).join(', ')}`,
  );
  process.exit(2);
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const indented = (text: string): string => text.trimEnd().replaceAll(/^/gm, '    ');

const began = performance.now();
const failed: string[] = [];
let testCounts: string | undefined;
// The packed gate leaves its installation here for the browser gate.
const scratch = mkdtempSync(join(tmpdir(), 'ketwork-check-'));

async function check({ name, command }: Gate): Promise<void> {
  const start = performance.now();
  const [program = '', ...args] = command;
  const { code, output } = await run(program, args, { env: { KETWORK_SCRATCH: scratch } });
  const lines = output.split('\n');
  const skipped = lines.find((line) => line.startsWith('skipped: '));
  const verdict = code !== 0 ? 'FAILED' : skipped === undefined ? 'ok' : skipped;
  console.log(`${name.padEnd(10)}${seconds(start).padStart(9)}  ${verdict}`);
  if (code !== 0) {
    failed.push(name);
    console.log(indented(output));
  } else {
    for (const line of lines) {
      if (line.startsWith('note: ') || line.startsWith('warning: ')) console.log(indented(line));
    }
  }
  testCounts = lines.findLast((line) => /^\d+ passed, \d+ failed$/.test(line)) ?? testCounts;
}

try {
  for (const stage of stages) {
    const chosen = stage.filter((g) => wanted.length === 0 || wanted.includes(g.name));
    await inParallel(chosen, Math.min(2, availableParallelism()), check);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const count = wanted.length === 0 ? gates.length : wanted.length;
console.log(
  failed.length === 0
    ? `all ${count} gates passed in ${seconds(began)}`
    : `${failed.length} of ${count} gates FAILED in ${seconds(began)}: ${failed.join(', ')}`,
);
if (testCounts !== undefined) console.log(testCounts);
process.exitCode = failed.length === 0 ? 0 : 1;
