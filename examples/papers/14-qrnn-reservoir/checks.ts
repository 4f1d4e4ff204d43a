import {
  cpu,
  dense,
  fit,
  forward,
  key,
  mse,
  narma,
  quantumReservoir,
  rmsprop,
  sequential,
} from 'ketwork';
import { CELLS, HIDDEN } from './models.ts';
import { task } from './tasks.ts';

/** What is checked about reservoirs and data before anything is trained. */
export interface Checks {
  /** Whether the angles of a reservoir are the same bits before and after training a read-out behind it. */
  readonly frozen: boolean;
  /** Whether two reservoirs of one seed give the same bits, and of another seed others. */
  readonly repeatable: boolean;
  /** Largest absolute feature of all cells with large random angles. */
  readonly largestFeature: number;
  /** Largest difference of the first 20 values of NARMA5 and NARMA10 from another program. */
  readonly narma: number;
}

/** Criteria 1 and 6 of the card. */
export async function check(): Promise<Checks> {
  const { train } = task('SHM');
  const engine = await cpu();
  let frozen = true;
  let repeatable = true;
  let largestFeature = 0;
  for (const cell of CELLS) {
    const layer = quantumReservoir({ cell, hidden: HIDDEN, scale: 3, returnSequences: true });
    const features = async (seed: number): Promise<Float64Array> => {
      const network = layer.build(train.inputShape, key(seed));
      network.bind!(engine);
      return await forward(network, train.inputs);
    };
    const [one, again, other] = [await features(1), await features(1), await features(2)];
    repeatable &&= same(one, again) && !same(one, other);
    for (const value of one) largestFeature = Math.max(largestFeature, Math.abs(value));

    const model = sequential(quantumReservoir({ cell, hidden: HIDDEN }), dense(1));
    const { buffers, parameters } = model.build(train.inputShape, 3);
    const before = buffers.map(({ data }) => data.slice());
    const start = parameters.map(({ data }) => data.slice());
    await fit(model, train, { loss: mse, optimizer: rmsprop(0.01), epochs: 1, seed: 1 });
    frozen &&= buffers.length > 0 && buffers.every(({ data }, i) => same(data, before[i]!));
    frozen &&= parameters.every(({ data }, i) => !same(data, start[i]!));
  }
  return { frozen, repeatable, largestFeature, narma: Math.max(...[5, 10].map(narmaDifference)) };
}

/** NARMA anew, from the last values backwards, against the library's series. */
function narmaDifference(order: number): number {
  const u: number[] = [];
  const y = Array.from({ length: order }, () => 0);
  for (let t = 0; t < 20; t++) {
    const turn = (2 * Math.PI * t) / 100;
    u.push((Math.sin(2.11 * turn) * Math.sin(3.73 * turn) * Math.sin(4.11 * turn) + 1) / 10);
  }
  while (y.length < 20) {
    const last = y.at(-1)!;
    const past = y.slice(-order).reduce((a, b) => a + b, 0);
    const t = y.length - 1;
    y.push(0.1 + 0.3 * last + (last * past) / 20 + 1.5 * u[t]! * u[t + 1 - order]!);
  }
  const { output } = narma(order, 300);
  return Math.max(...y.map((value, t) => Math.abs(value - output[t]!)));
}

function same(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
