// A long comparison of the CPU engine with the reference on random circuits; mutated programs in OpenQASM; malformed requests to a coordinator. Can be stopped and goes on where it was.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dynamicEngines, fuzzDynamic } from './fuzz/dynamic.ts';
import { fuzzFederated } from './fuzz/federated.ts';
import { fuzzGpu } from './fuzz/gpu.ts';
import { fuzzLarge } from './fuzz/large.ts';
import { fuzzQasm } from './fuzz/qasm.ts';
import { fuzzSmall } from './fuzz/small.ts';
import { emptyTally } from './fuzz/tally.ts';
import type { Tally } from './fuzz/tally.ts';
import { engineAt } from './harness/engines.ts';
import { describeMachine, describeVersions } from './harness/machine.ts';
import type { Precision } from './peers/native.ts';

const usage = `npm run fuzz -- [options]

  --circuits n       circuits of 1 to 10 qubits from the engine's tests (default 20000)
  --large n          circuits of 14 to 18 qubits (default 1000)
  --qasm n           mutated programs in OpenQASM (default 100000)
  --dynamic n        circuits with noise, measurements and feedback (default 1200); given alone, nothing else is run
  --federated n      malformed requests to the coordinator of a federation (default 100000); given alone, nothing else is run
  --gpu n            calls of GPU engines (default 0); given alone, nothing else is run
  --from n           first seed (default 0)
  --precision p      f64 (default, to 1e-12) or f32 (to 1e-4)
  --restart          forget what an earlier run has checked

Stopped with Ctrl-C it goes on where it was when started again with the same options.
Exit code 1 where a circuit fails; results go to bench/results/fuzz.json.`;

interface Options {
  readonly circuits: number;
  readonly large: number;
  readonly qasm: number;
  readonly dynamic: number;
  readonly federated: number;
  readonly gpu: number;
  readonly from: number;
  readonly precision: Precision;
}

/** What is kept between runs. */
interface Saved {
  readonly options: Options;
  readonly small: Tally;
  readonly large: Tally;
  readonly qasm: Tally;
  readonly dynamic: Tally;
  readonly federated: Tally;
  readonly gpu: Tally;
}

const stateFile = fileURLToPath(new URL('.fuzz.json', import.meta.url));

function readOptions(): { options: Options; restart: boolean } {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== '--'),
    options: {
      circuits: { type: 'string' },
      large: { type: 'string' },
      qasm: { type: 'string' },
      dynamic: { type: 'string' },
      federated: { type: 'string' },
      gpu: { type: 'string' },
      from: { type: 'string', default: '0' },
      precision: { type: 'string', default: 'f64' },
      restart: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const parts = ['circuits', 'large', 'qasm', 'dynamic', 'federated', 'gpu'] as const;
  const alone = (['dynamic', 'federated', 'gpu'] as const).some((one) =>
    parts.every((name) => (values[name] !== undefined) === (name === one)),
  );
  const count = (name: (typeof parts)[number] | 'from', usual: number): number => {
    const number = Number(values[name] ?? (alone && name !== 'from' ? 0 : usual));
    if (!Number.isSafeInteger(number) || number < 0)
      throw new Error(`--${name} takes an integer from 0 on`);
    return number;
  };
  const { precision } = values;
  if (precision !== 'f64' && precision !== 'f32') throw new Error('--precision takes f64 or f32');
  const options = {
    circuits: count('circuits', 20_000),
    large: count('large', 1000),
    qasm: count('qasm', 100_000),
    dynamic: count('dynamic', 1200),
    federated: count('federated', 100_000),
    gpu: count('gpu', 0),
    from: count('from', 0),
  };
  return { options: { ...options, precision }, restart: values.restart };
}

function begin(options: Options, restart: boolean): Saved {
  if (!restart && existsSync(stateFile)) {
    const saved = JSON.parse(readFileSync(stateFile, 'utf8')) as Saved;
    if (JSON.stringify(saved.options) === JSON.stringify(options)) return saved;
    console.log('an earlier run had other options: starting anew');
  }
  const [small, large, qasm] = [emptyTally(), emptyTally(), emptyTally()];
  const [dynamic, federated, gpu] = [emptyTally(), emptyTally(), emptyTally()];
  return { options, small, large, qasm, dynamic, federated, gpu };
}

const save = (saved: Saved): void => writeFileSync(stateFile, JSON.stringify(saved));

let stopped = false;
let shown = 0;

/** A bar on a terminal, a line every tenth elsewhere. */
function progress(name: string, tally: Tally, total: number, began: number, first: number): void {
  const now = performance.now();
  const last = tally.done === total;
  if (process.stdout.isTTY ? now - shown < 100 && !last : tally.done % Math.ceil(total / 10) !== 0)
    return;
  shown = now;
  const made = tally.done - first;
  const left = made === 0 ? 0 : ((now - began) / made) * (total - tally.done);
  const filled = Math.round((30 * tally.done) / total);
  const bar = `${'#'.repeat(filled)}${'.'.repeat(30 - filled)}`;
  const worst = Math.max(0, ...Object.values(tally.worst).map(({ error }) => error));
  const line = `${name} ${bar} ${tally.done}/${total}, worst ${worst.toExponential(1)}, ${tally.failures.length} failed, ${(left / 1000).toFixed(0)} s left`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}${last ? '\n' : ''}`);
  else console.log(line);
}

async function part(
  name: string,
  saved: Saved,
  tally: Tally,
  total: number,
  check: (seed: number) => void | Promise<void>,
): Promise<void> {
  const began = performance.now();
  const first = tally.done;
  let kept = began;
  while (tally.done < total && !stopped) {
    await check(saved.options.from + tally.done);
    progress(name, tally, total, began, first);
    if (performance.now() - kept < 2000) continue;
    kept = performance.now();
    save(saved);
    // Lets Ctrl-C be heard.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  save(saved);
}

function conclude(saved: Saved): void {
  const { options, small, large, qasm, dynamic, federated, gpu } = saved;
  const failures = [small, large, qasm, dynamic, federated, gpu].flatMap((tally) => tally.failures);
  for (const failure of failures.slice(0, 20)) console.log(failure);
  if (failures.length > 20) console.log(`… and ${failures.length - 20} more`);
  const worst = { ...small.worst, ...large.worst, ...dynamic.worst, ...gpu.worst };
  for (const [kind, { error, seed }] of Object.entries(worst))
    console.log(`${kind.padEnd(38)}${error.toExponential(2)}  seed ${seed}`);
  console.log(
    `${small.done + large.done + dynamic.done} circuits, ${qasm.done} programs, ${federated.done} requests, ${gpu.done} calls of GPU engines, ${failures.length} failed`,
  );
  const results = new URL('results/', import.meta.url);
  mkdirSync(results, { recursive: true });
  const header = {
    date: new Date().toISOString().slice(0, 10),
    versions: describeVersions(),
    machine: describeMachine(),
  };
  const file = new URL(options.precision === 'f64' ? 'fuzz.json' : 'fuzz-f32.json', results);
  writeFileSync(file, `${JSON.stringify({ ...header, options, worst, failures }, undefined, 2)}\n`);
  rmSync(stateFile, { force: true });
  if (failures.length > 0) process.exitCode = 1;
}

const { options, restart } = readOptions();
const engine = await engineAt(options.precision);
if (engine === undefined) throw new Error(`the engine has no ${options.precision}`);
const tolerance = options.precision === 'f64' ? 1e-12 : 1e-4;
process.once('SIGINT', () => {
  stopped = true;
});
const saved = begin(options, restart);
await part('small', saved, saved.small, options.circuits, (seed) =>
  fuzzSmall(engine, seed, saved.small, tolerance),
);
await part('large', saved, saved.large, options.large, (seed) =>
  fuzzLarge(engine, seed, saved.large, tolerance),
);
await part('qasm', saved, saved.qasm, options.qasm, (seed) => fuzzQasm(seed, saved.qasm));
if (options.dynamic > 0) {
  using engines = await dynamicEngines();
  await part('dynamic', saved, saved.dynamic, options.dynamic, (seed) =>
    fuzzDynamic(engines, seed, saved.dynamic),
  );
}
if (options.federated > 0) {
  await using fuzz = await fuzzFederated();
  await part('federated', saved, saved.federated, options.federated, (seed) =>
    fuzz.check(seed, saved.federated),
  );
  if (!stopped) await fuzz.conclude(saved.federated);
}
if (options.gpu > 0) {
  const fuzz = await fuzzGpu(options.gpu);
  if (typeof fuzz === 'string') console.log(`skipped: calls of GPU engines: ${fuzz}`);
  else {
    await part('gpu', saved, saved.gpu, options.gpu, (seed) => fuzz.check(seed, saved.gpu));
    if (!stopped) fuzz.conclude(saved.gpu);
    fuzz.dispose();
  }
}
engine.dispose();
if (stopped) {
  console.log('\nstopped; the same command goes on from here');
  process.exitCode = 130;
} else conclude(saved);
