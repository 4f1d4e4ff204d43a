import { isDeepStrictEqual } from 'node:util';
import { deferMeasurements } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { cpu, densityMatrix, reference, trajectories } from '@ketwork/simulator';
import type { Engine, Results, TrajectoryEngine } from '@ketwork/simulator';
import { denseDensityMatrix, Random, randomMeasurement, randomValues } from '@ketwork/testing';
import type { DynamicKind, RandomDynamicOptions } from '@ketwork/testing';
import { compareCut } from './cutting.ts';
import { exampleOf, noisyDynamicCircuit } from './draw.ts';
import { compareRewritten, compareWritten } from './rewrites.ts';
import { Judge } from './tally.ts';
import type { Tally } from './tally.ts';

/** What random dynamic circuits are run on. */
export interface DynamicEngines extends Disposable {
  readonly cpu: Engine;
  readonly density: Engine;
  /** Two numbers of trajectories: a suspicion that the few raise is tested with the many. */
  readonly few: TrajectoryEngine;
  readonly many: TrajectoryEngine;
}

/** Opens the engines. */
export async function dynamicEngines(): Promise<DynamicEngines> {
  const engines = {
    cpu: await cpu(),
    density: densityMatrix(),
    few: await trajectories({ trajectories: 500, seed: 1 }),
    many: await trajectories({ trajectories: 20_000, seed: 2 }),
  };
  return {
    ...engines,
    [Symbol.dispose]() {
      for (const engine of Object.values(engines)) engine.dispose();
    },
  };
}

const judge = reference();
const EXACT = 1e-11;
const ALL: readonly DynamicKind[] = ['channel', 'measure', 'reset', 'conditional'];
const UNITARY: readonly DynamicKind[] = ['measure', 'reset', 'conditional'];

/** A circuit with values of which enough is left after its post-selections. */
export interface Problem {
  readonly circuit: Circuit;
  readonly values: Record<string, Float64Array>;
  readonly batch: number;
  /** Least probability of an example's post-selections. */
  readonly success: number;
}

function problemOf(
  random: Random,
  options: Omit<RandomDynamicOptions, 'qubits' | 'ops'>,
  { least = 1e-3, hermitian = true } = {},
): Problem {
  for (;;) {
    const drawn = noisyDynamicCircuit(random, {
      qubits: random.integer(1, 4),
      ops: random.integer(2, 9),
      slotGenerators: false,
      ...options,
    });
    const circuit = {
      ...drawn,
      slots: drawn.slots.map((slot) =>
        slot.kind === 'hermitian' && !hermitian ? { ...slot, differentiable: false } : slot,
      ),
    };
    const batch = circuit.slots.some(({ axis }) => axis === 'batch') ? random.integer(1, 4) : 1;
    const values = randomValues(random, circuit, batch);
    let success: Float64Array;
    try {
      success = judge.compile(circuit, { type: 'successProbability' }).run(values);
    } catch (error) {
      if (!/nothing is left/.test(String(error))) throw error;
      continue;
    }
    if (Math.min(...success) < least) continue;
    return { circuit, values, batch, success: Math.min(1, ...success) };
  }
}

function measured(
  random: Random,
  circuit: Circuit,
  types: readonly Measurement['type'][],
): Measurement[] {
  return types.map((type) => randomMeasurement(random, circuit, type));
}

const EXACTLY = ['expval', 'variance', 'probabilities', 'successProbability'] as const;

/** Compares an engine's values and gradients with the reference. */
function compareExact(
  judged: Judge,
  engine: Engine,
  random: Random,
  problem: Problem,
  measurements: readonly Measurement[],
): void {
  const { circuit, values, success } = problem;
  using program = engine.compile(circuit, measurements);
  using expected = judge.compile(circuit, measurements);
  const want = expected.run(values) as Float64Array[];
  const have = program.run(values) as Float64Array[];
  want.forEach((x, i) =>
    judged.compare(`${engine.name} ${measurements[i]!.type}`, have[i]!, x, EXACT / success),
  );
  if (!circuit.slots.some(({ differentiable }) => differentiable)) return;
  const dy = want.map((x) => random.normals(x.length));
  const options = random.pick([{}, { perExample: true }, { squaredNorms: true }]);
  const gradients = program.vjp(values, dy, options);
  for (const [slot, x] of Object.entries(expected.vjp(values, dy, options)))
    judged.compare(`${engine.name} gradient`, gradients[slot]!, x, EXACT / success ** 2);
}

/** Density matrices, with channels whose parameters come from slots. */
function compareDensity(judged: Judge, { density }: DynamicEngines, random: Random): void {
  const problem = problemOf(random, { dynamic: ALL });
  const { circuit, values, batch, success } = problem;
  compareExact(judged, density, random, problem, measured(random, circuit, EXACTLY));
  if (circuit.ops.some(({ type }) => type === 'conditional')) return;
  const rho = density.compile(circuit, { type: 'densityOperator' }).run(values);
  const size = rho.length / batch;
  for (let example = 0; example < batch; example++) {
    const dense = denseDensityMatrix(circuit, exampleOf(circuit, values, example));
    const mine = rho.subarray(example * size, (example + 1) * size);
    judged.compare('density-matrix densityOperator', mine, dense.rho, EXACT / success);
  }
}

/** The CPU engine without channels: values, gradients, and the same counts for the same seed. */
function compareCpu(judged: Judge, engines: DynamicEngines, random: Random): void {
  for (;;) {
    const problem = problemOf(random, { dynamic: UNITARY, filters: false }, { hermitian: false });
    const { circuit, values } = problem;
    const plain = { ...circuit, slots: circuit.slots.filter(({ kind }) => kind !== 'hermitian') };
    const measurements = measured(random, plain, EXACTLY);
    if (deferMeasurements(circuit, { read: measurements }).circuit.qubits > 10) continue;
    compareExact(judged, engines.cpu, random, problem, measurements);
    const read = randomMeasurement(random, circuit, 'counts', 60) as Measurement & {
      readonly type: 'counts';
    };
    const seed = random.integer(2 ** 40);
    const have = engines.cpu.compile(circuit, read).run(values, { seed });
    const want = judge.compile(circuit, read).run(values, { seed });
    judged.note('cpu counts', isDeepStrictEqual(have, want) ? 0 : 1);
    return;
  }
}

/** Largest deviation in standard errors; what was never seen counts as rare. */
function worstScore(
  values: Results<readonly Measurement[]>,
  errors: Results<readonly Measurement[]>,
  wanted: Results<readonly Measurement[]>,
  kept: number,
): number {
  let worst = 0;
  (wanted as Float64Array[]).forEach((want, m) =>
    want.forEach((x, i) => {
      const off = Math.abs((values[m] as Float64Array)[i]! - x);
      if (off < 1e-9) return;
      const score = off / Math.hypot((errors[m] as Float64Array)[i]!, 3 / kept);
      if (!(score <= worst)) worst = Number.isNaN(score) ? Infinity : score;
    }),
  );
  return worst;
}

/**
 * Trajectories. Of about 30 numbers each, in 10^4 circuits, the largest deviation is expected below 5 standard errors;
 * small samples have longer tails, so that beyond 4 a larger sample with another seed decides.
 */
function compareTrajectories(judged: Judge, engines: DynamicEngines, random: Random): void {
  const { circuit, values } = problemOf(random, { dynamic: ALL, filters: false }, { least: 0.1 });
  const measurements = measured(random, circuit, EXACTLY);
  const wanted = judge.compile(circuit, measurements).run(values);
  const score = (engine: TrajectoryEngine): number => {
    using program = engine.compile(circuit, measurements);
    const {
      values: means,
      errors,
      kept,
    } = program.runWithErrors(values, {
      seed: random.integer(2 ** 40),
    });
    return worstScore(means, errors, wanted, Math.min(...kept));
  };
  const first = score(engines.few);
  judged.note('trajectories, standard errors', first, Infinity);
  if (first < 4) return;
  const second = score(engines.many);
  judged.note('trajectories again, standard errors', second, Infinity);
  if (!(second < 5)) judged.thrown(`trajectories off by ${second.toFixed(1)} standard errors`);
}

const KINDS = [
  ['density matrix', compareDensity],
  ['cpu', compareCpu],
  ['trajectories', compareTrajectories],
  ['cutting', compareCut],
  ['rewriting', compareRewritten],
  ['OpenQASM', compareWritten],
] as const;

/** One random dynamic circuit; the seed modulo 6 says what is compared. */
export function fuzzDynamic(engines: DynamicEngines, seed: number, tally: Tally): void {
  const judged = new Judge(tally, seed, EXACT);
  const [name, compare] = KINDS[seed % KINDS.length]!;
  try {
    compare(judged, engines, new Random(seed).child(77));
  } catch (error) {
    judged.thrown(error);
  }
  judged.close(name);
}
