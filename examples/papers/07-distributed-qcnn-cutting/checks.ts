import {
  X,
  Y,
  Z,
  adam,
  cpu,
  crossEntropy,
  cutCircuit,
  cuttingEngine,
  expval,
  fit,
  fold,
  key,
  medicalImages,
  uniform,
} from 'ketwork';
import type { Engine } from 'ketwork';
import { median, rounded } from '../../common/experiment.ts';
import { HEADS, chain, cuts } from './models.ts';

/** What holds exactly, and how shots spread. */
export interface Checks {
  readonly sets: number;
  /** Largest differences of results and gradients of the cut circuit from those of the whole one. */
  readonly value: number;
  readonly gradient: number;
  readonly fragments: readonly number[];
  /** Runs of fragments for one example. */
  readonly runs: number;
  /** Largest difference of the parameters after an epoch with the circuit cut and whole. */
  readonly epoch: number;
  /** Median error by shots per run. */
  readonly shots: readonly { readonly perRun: number; readonly error: number }[];
}

/** Read-outs behind the cut, before it, and on both sides. */
const READINGS = expval(
  Z(4),
  Z(5),
  Z(6),
  Z(7),
  Z(0),
  X(1),
  Z(2),
  X(0).mul(Y(6)),
  Z(1).mul(Z(3)).mul(Z(7)),
);

/** Compares the circuit in two fragments with the whole one. */
export async function check(seed: number, sets: number, images: number): Promise<Checks> {
  const engine = await cpu();
  const from = fold(key(seed), 70);
  const cut = cutCircuit(engine, chain, READINGS, { cuts });
  const whole = engine.compile(chain, READINGS);
  let value = 0;
  let gradient = 0;
  for (let set = 0; set < sets; set++) {
    const own = fold(from, set);
    const values = {
      x: uniform(fold(own, 0), 8, { low: -Math.PI / 2, high: Math.PI / 2 }),
      w: uniform(fold(own, 1), 14, { low: -Math.PI, high: Math.PI }),
    };
    const dy = uniform(fold(own, 2), 9, { low: -1, high: 1 });
    value = Math.max(value, largest(cut.run(values), whole.run(values)));
    const [a, b] = [cut.vjp(values, dy), whole.vjp(values, dy)];
    gradient = Math.max(gradient, largest(a.w, b.w), largest(a.x, b.x));
  }
  return {
    sets,
    value,
    gradient,
    fragments: cut.cut.fragments,
    runs: cut.cut.runs,
    epoch: await epochDifference(engine, seed, images),
    shots: shotErrors(engine, seed),
  };
}

async function epochDifference(engine: Engine, seed: number, images: number): Promise<number> {
  const data = medicalImages({ kind: 'lesion', count: images, seed });
  const trained = await Promise.all(
    [engine, cuttingEngine(engine, { cuts })].map(async (own) => {
      const model = HEADS['quantum']!(2);
      await fit(model, data, {
        loss: crossEntropy,
        optimizer: adam(0.01),
        epochs: 1,
        batchSize: 16,
        seed,
        engine: own,
      });
      return model.network!.parameters;
    }),
  );
  return Math.max(...trained[0]!.map(({ data: a }, p) => largest(a, trained[1]![p]!.data)));
}

function shotErrors(engine: Engine, seed: number): Checks['shots'] {
  const values = {
    x: uniform(fold(key(seed), 71), 8, { low: -1, high: 1 }),
    w: uniform(fold(key(seed), 72), 14, { low: -Math.PI, high: Math.PI }),
  };
  const exact = engine.compile(chain, READINGS).run(values);
  const { runs } = cutCircuit(engine, chain, READINGS, { cuts }).cut;
  return [256, 1024, 4096, 16_384].map((perRun) => {
    const program = cutCircuit(engine, chain, READINGS, { cuts, shots: perRun * runs });
    const errors = Array.from({ length: 40 }, (_, i) => {
      const found = program.run(values, { seed: 1000 * seed + i });
      return [...found].map((one, k) => Math.abs(one - exact[k]!));
    });
    return { perRun, error: rounded(median(errors.flat()), 5) };
  });
}

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}
