// Runs the experiment of a paper: npm run paper -- <NN>, see the usage below.
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine, peakMemory, processorTime, versions } from './common/environment.ts';
import { rounded, writeJson } from './common/experiment.ts';
import type { Experiment } from './common/experiment.ts';
import { verdict, writePage } from './common/page.ts';
import { Parts } from './common/parts.ts';
import { ProgressBar, duration } from './common/progress.ts';

const papers = join(dirname(fileURLToPath(import.meta.url)), 'papers');
const folders = (await readdir(papers)).filter((name) => /^\d\d-/.test(name)).sort();
const usage = `npm run paper -- <NN> [--quick | --variant name] [--seed n] [--seeds count] [--epochs n] [--out folder] [--fresh]
A run that was stopped goes on where it was; --fresh begins anew.
Papers: ${folders.join(', ')}`;

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
        fresh: { type: 'boolean', default: false },
        variant: { type: 'string' },
        seed: { type: 'string', default: '1' },
        seeds: { type: 'string' },
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
const { quick, variant } = values;
const seed = count('seed', values.seed, 0);
const seedCount = values.seeds === undefined ? (quick ? 1 : 5) : count('seeds', values.seeds, 1);
const seeds = Array.from({ length: seedCount }, (_, i) => seed + i);
const epochs = values.epochs === undefined ? undefined : count('epochs', values.epochs, 1);

const { default: experiment } = (await import(`./papers/${folder}/train.ts`)) as {
  default: Experiment;
};
if (variant !== undefined && (quick || experiment.variants?.[variant] === undefined)) {
  const known = Object.entries(experiment.variants ?? {}).map(([name, what]) => `${name}: ${what}`);
  refuse(
    quick
      ? '--quick and --variant exclude each other.'
      : `Paper ${experiment.number} has no variant ${variant}. ${known.join('; ')}`,
  );
}

console.log(`${experiment.title}\n${experiment.source}\n`);
const results = values.out ?? join(papers, folder, 'results');
const bar = new ProgressBar(`paper ${experiment.number}`);
const kept = join(results, '.parts');
if (values.fresh) await rm(kept, { recursive: true, force: true });
const parts = await Parts.open(
  join(papers, folder),
  kept,
  {
    quick,
    seeds,
    ...(variant === undefined ? {} : { variant }),
    ...(epochs === undefined ? {} : { epochs }),
  },
  (share, text, skipped) => bar.update(share, text, skipped),
);
process.once('SIGINT', () => {
  console.error('\nStopped. The same command goes on from here.');
  process.exit(130);
});

const start = performance.now();
const result = await experiment.run({
  quick,
  ...(variant === undefined ? {} : { variant }),
  seed,
  seeds,
  ...(epochs === undefined ? {} : { epochs }),
  progress: (share, text) => bar.update(share, text),
  expect: (cost) => parts.expect(cost),
  part: (name, work, cost) => parts.part(name, work, cost),
});
bar.done();
const wallTime = rounded((performance.now() - start) / 1000 + parts.earlierSeconds, 1);

const stem = join(results, `${variant ?? (quick ? 'quick' : 'full')}-seed-${seed}`);
const { data, claims, text } = result;
await writeJson(`${stem}.json`, {
  paper: experiment.number,
  title: experiment.title,
  source: experiment.source,
  quick,
  ...(variant === undefined ? {} : { variant }),
  seed,
  seeds,
  versions: versions(),
  machine: machine(),
  wallTime,
  processorSeconds: rounded(processorTime(), 1),
  peakMemoryMiB: Math.round(peakMemory()),
  claims,
  ...data,
});
await writePage(`${stem}.html`, experiment, result, { quick, seed, wallTime });
await parts.clear();

console.log(`\n${text}\n`);
if (quick)
  console.log(
    'The quick form only shows that everything works; its figures say little about the claims.\n',
  );
for (const claim of claims)
  console.log(`${claim.id}  ${verdict(claim)}: ${claim.claim}\n   ${claim.found}`);
console.log(
  `\n${duration(wallTime)}, at most ${Math.round(peakMemory())} MiB. Results: ${stem}.json, page: ${stem}.html`,
);
