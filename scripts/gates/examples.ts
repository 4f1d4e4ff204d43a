// Examples: every ```ts block of the doc comments and of the Markdown pages compiles, runs as it stands,
// and prints what the comment behind its console.log says. A block marked "ts no-run" is only counted.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extractBlocks } from './examples/extract.ts';
import type { Block } from './examples/extract.ts';
import { disagreement, isRemark } from './examples/printed.ts';
import { inParallel, listFiles, report, root, run } from './workspace.ts';

/** What running one block left; see `examples/runner.ts`. */
interface Outcome {
  readonly file: string;
  readonly error?: string;
  readonly printed: readonly { readonly line: number; readonly text: string }[];
}

// Inside the umbrella package, where every package's name resolves.
const folder = join(root, 'packages', 'ketwork', '.examples');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const pages = listFiles(['*.md', 'docs/**/*.md', 'packages/*/README.md', 'packages/*/src/**/*.ts']);
const found = pages.flatMap((page) => extractBlocks(page, readFileSync(join(root, page), 'utf8')));
const blocks = new Map<string, Block>();
for (const block of found.filter((b) => b.runs)) {
  const file = `${block.page.replaceAll(/[^a-z0-9]+/gi, '-')}-${block.line}.ts`;
  blocks.set(file, block);
  // Blank lines in front keep the line numbers of the page.
  writeFileSync(join(folder, file), `${'\n'.repeat(block.line - 1)}${block.code}\nexport {};\n`);
}
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../../tsconfig.base.json',
    compilerOptions: {
      declaration: false,
      isolatedDeclarations: false,
      noUncheckedIndexedAccess: false,
      exactOptionalPropertyTypes: false,
    },
    include: ['*.ts'],
  }),
);

/** Runs the files in one process; starts another one behind a file that ended it. */
async function runAll(files: readonly string[], lane: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let rest = [...files]; rest.length > 0;) {
    const results = join(folder, `results-${lane}.jsonl`);
    writeFileSync(results, '');
    const runner = join(root, 'scripts', 'gates', 'examples', 'runner.ts');
    const { output } = await run(process.execPath, [runner, folder, results, ...rest], {
      timeout: 300_000,
    });
    const lines = readFileSync(results, 'utf8').split('\n');
    const done = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Outcome);
    outcomes.push(...done);
    const [culprit, ...others] = rest.slice(done.length);
    if (culprit === undefined) break;
    outcomes.push({ file: culprit, error: `ended the process\n${output}`, printed: [] });
    rest = others;
  }
  return outcomes;
}

const files = [...blocks.keys()].sort();
const halves = [files.filter((_, i) => i % 2 === 0), files.filter((_, i) => i % 2 === 1)];
const ran = inParallel([0, 1], 2, (lane) => runAll(halves[lane] ?? [], lane));
const compiled =
  files.length === 0
    ? undefined
    : await run('tsc', ['-p', '.', '--pretty', 'false'], { cwd: folder });
const lanes = await ran;

const faults: string[] = [];
const uncompiled = new Set<Block>();
for (const line of compiled?.output.split('\n') ?? []) {
  // Faults of the packages' own sources belong to the types gate.
  const match = /^([^/(]+\.ts)\((\d+),\d+\): (.*)$/.exec(line);
  const block = match?.[1] === undefined ? undefined : blocks.get(match[1]);
  if (block === undefined) continue;
  faults.push(`${block.page}:${match?.[2]}: ${match?.[3]}`);
  uncompiled.add(block);
}
let compared = 0;
for (const { file, error, printed } of lanes.flat()) {
  const block = blocks.get(file);
  // A block that does not compile has said what is wrong with it.
  if (block === undefined || uncompiled.has(block)) continue;
  if (error !== undefined) faults.push(`${block.page}:${block.line}: ${error}`);
  for (const { line, text: expected } of block.expectations) {
    const texts = printed.filter((p) => p.line === line).map((p) => p.text);
    if (texts.length === 0) {
      if (error === undefined) faults.push(`${block.page}:${line}: was never reached`);
      continue;
    }
    if (isRemark(texts[0] ?? '', expected)) continue;
    compared++;
    const all = disagreement(texts.join(' '), expected);
    const first = disagreement(texts[0] ?? '', expected);
    if (all !== undefined && first !== undefined) faults.push(`${block.page}:${line}: ${all}`);
  }
}
rmSync(folder, { recursive: true, force: true });
report(
  faults,
  `${files.length} blocks run, ${compared} printed values compared, ${found.length - files.length} not run`,
);
