// Runs the experiment of a paper: npm run paper -- <NN> [--quick] [--seed n] [--epochs n] [--out folder]
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine, peakMemory, versions } from './common/environment.ts';
import { rounded, writeJson } from './common/experiment.ts';
import type { Claim, Experiment } from './common/experiment.ts';
import { ProgressBar, duration } from './common/progress.ts';

const papers = join(dirname(fileURLToPath(import.meta.url)), 'papers');
const folders = (await readdir(papers)).filter((name) => /^\d\d-/.test(name)).sort();
const usage = `npm run paper -- <NN> [--quick] [--seed n] [--epochs n] [--out folder]\nPapers: ${folders.join(', ')}`;

function refuse(what: string): never {
  console.error(`${what}\n${usage}`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        epochs: { type: 'string' },
        out: { type: 'string' },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function count(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    refuse(`--${name} ${text} is not an integer of at least ${least}`);
  return value;
}

const { values, positionals } = parse();
const wanted = positionals[0]?.padStart(2, '0') ?? refuse('Which paper?');
if (positionals.length > 1) refuse(`What is ${positionals[1]}?`);
const folder =
  folders.find((name) => name === wanted || name.startsWith(`${wanted}-`)) ??
  refuse(`There is no paper ${wanted}.`);
const seed = count('seed', values.seed, 0);
const epochs = values.epochs === undefined ? undefined : count('epochs', values.epochs, 1);

const { default: experiment } = (await import(`./papers/${folder}/index.ts`)) as {
  default: Experiment;
};
console.log(`${experiment.title}\n${experiment.source}\n`);
const bar = new ProgressBar(`paper ${experiment.number}`);
const start = performance.now();
const { data, claims, text } = await experiment.run({
  quick: values.quick,
  seed,
  ...(epochs === undefined ? {} : { epochs }),
  progress: (share, what) => bar.update(share, what),
});
bar.done();
const wallTime = (performance.now() - start) / 1000;

const path = join(
  values.out ?? join(papers, folder, 'results'),
  `${values.quick ? 'quick' : 'full'}-seed-${seed}.json`,
);
await writeJson(path, {
  paper: experiment.number,
  title: experiment.title,
  source: experiment.source,
  quick: values.quick,
  seed,
  versions: versions(),
  machine: machine(),
  wallTime: rounded(wallTime, 1),
  peakMemoryMiB: Math.round(peakMemory()),
  claims,
  ...data,
});

const verdict = ({ met }: Claim): string =>
  met === null ? 'not measured' : met ? 'met' : 'not met';
console.log(`\n${text}\n`);
if (values.quick)
  console.log(
    'The quick form only shows that everything works; its figures say little about the claims.\n',
  );
for (const claim of claims)
  console.log(`${claim.id}  ${verdict(claim)}: ${claim.claim}\n   ${claim.found}`);
console.log(`\n${duration(wallTime)}, at most ${Math.round(peakMemory())} MiB. Results: ${path}`);
