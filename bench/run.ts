// Answers one question of the bench, or all: prints a table, writes results/<question>.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine, describeVersions } from './harness/machine.ts';
import { firstLine } from './harness/question.ts';
import { startPeers } from './harness/peers.ts';
import type { Question } from './harness/question.ts';
import { formatTable, missed, resultText } from './harness/row.ts';
import type { HeaderRow, Row } from './harness/row.ts';
import { installPeers } from './peers/install.ts';
import { questions } from './questions/all.ts';

const usage = `npm run bench -- [question ...] [--rounds n] [--strict]

  --rounds n   samples of each figure (default 9)
  --strict     exit with 1 where a goal is not met
  --tiny       everything small, to see that it works; writes no results
  --install-peers   install the peers into bench/.peers (some 1.5 GB, minutes) and stop

${questions.map(({ name, asks }) => `  ${name.padEnd(16)}${asks}`).join('\n')}

KETWORK_PYTHON      a Python with the native peers (default: the installed one, else python3)
KETWORK_PROTOTYPES  folder of the engine's prototypes (jit.mjs)
KETWORK_PEERS       folder with the npm peers in node_modules (default: the installed one)`;

interface Arguments {
  readonly chosen: Question[];
  readonly rounds: number;
  readonly strict: boolean;
  readonly tiny: boolean;
}

function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '9' },
      strict: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
      'install-peers': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  if (values['install-peers']) {
    installPeers((line) => console.log(line));
    process.exit(0);
  }
  const rounds = Number(values.rounds);
  const unknown = positionals.filter(
    (name) => !questions.some((question) => question.name === name),
  );
  if (unknown.length > 0) throw new Error(`there is no question ${unknown.join(', ')}`);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a positive integer');
  const chosen = questions.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  return { chosen, rounds, strict: values.strict, tiny: values.tiny };
}

/** Seconds as a person reads them. */
const took = (since: number): string => `${((performance.now() - since) / 1000).toFixed(0)} s`;

async function main(): Promise<void> {
  const { chosen, rounds, strict, tiny } = readArguments();
  const began = performance.now();
  const absent: string[] = [];
  const say = (reason: string): void => console.log(`skipped: ${reason}`);
  const { peers, versions, stop } = await startPeers((reason) => {
    absent.push(reason);
    say(reason);
  });
  const results = new URL('results/', import.meta.url);
  mkdirSync(results, { recursive: true });
  const failures: Row[] = [];
  try {
    for (const question of chosen) {
      const start = performance.now();
      const settings = tiny
        ? { rounds: 1, sampleSeconds: 0.001, warmSeconds: 0.01 }
        : { rounds, sampleSeconds: 0.05 };
      const skipped = [...absent];
      const skip = (reason: string): void => {
        skipped.push(reason);
        say(reason);
      };
      const rows = await question.answer({ settings, tiny, peers, skip });
      const header: HeaderRow = {
        question: question.name,
        header: true,
        date: new Date().toISOString().slice(0, 10),
        versions: { ...describeVersions(), ...versions },
        machine: describeMachine(),
        rounds,
        skipped,
      };
      if (!tiny) {
        const file = `${question.results ?? question.name}.json`;
        writeFileSync(new URL(file, results), resultText(header, rows));
      }
      console.log(`\n${question.name}: ${question.asks} (${took(start)})\n${formatTable(rows)}`);
      failures.push(...missed(rows));
    }
  } finally {
    stop();
  }
  console.log(
    failures.length === 0
      ? `\nall goals met (${took(began)})`
      : `\n${failures.length} rows miss their goal (${took(began)}):\n${formatTable(failures)}`,
  );
  if (strict && failures.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${firstLine(error)}`);
  process.exitCode = 2;
}
