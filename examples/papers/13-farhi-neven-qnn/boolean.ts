import {
  adam,
  evaluate,
  fit,
  fold,
  hinge,
  initializers,
  integers,
  key,
  permutation,
  predict,
  readoutClassifier,
  sequential,
  uniform,
} from 'ketwork';
import type { Key, TrainingData } from 'ketwork';

/** A rule that labels bit strings. */
export interface Rule {
  readonly name: 'parity' | 'subset parity' | 'subset majority';
  /** The bits that count. */
  readonly subset: readonly number[];
  /** 1 or 0. */
  label(bits: readonly number[]): number;
}

/** Parity of all bits, and parity and majority of a random subset of odd size of about half of them. */
export function rules(bits: number, from: Key): Rule[] {
  const all = Array.from({ length: bits }, (_, j) => j);
  const some = (which: number): number[] => {
    const size = 2 * Math.floor(bits / 4) + 1;
    return [...permutation(fold(from, which), bits)].slice(0, size).sort((a, b) => a - b);
  };
  const ones = (subset: readonly number[], z: readonly number[]): number =>
    subset.reduce((sum, j) => sum + z[j]!, 0);
  const parity = (name: Rule['name'], subset: readonly number[]): Rule => ({
    name,
    subset,
    label: (z) => ones(subset, z) % 2,
  });
  const chosen = some(2);
  return [
    parity('parity', all),
    parity('subset parity', some(1)),
    {
      name: 'subset majority',
      subset: chosen,
      label: (z) => (2 * ones(chosen, z) > chosen.length ? 1 : 0),
    },
  ];
}

/** All bit strings, the first bit the most significant. */
export function allStrings(bits: number): number[][] {
  return Array.from({ length: 2 ** bits }, (_, z) =>
    Array.from({ length: bits }, (_, j) => (z >> (bits - 1 - j)) & 1),
  );
}

/** What came of training on a rule. */
export interface BooleanRun {
  readonly rule: Rule['name'];
  readonly bits: number;
  readonly subset: readonly number[];
  readonly seed: number;
  readonly offset: boolean;
  /** Share of the training labels that were turned round. */
  readonly noise: number;
  /** Share of all strings with the wrong label after training. */
  readonly error: number;
  /** Mean loss over all strings after training, with true labels. */
  readonly loss: number;
  readonly steps: number;
}

const BATCH = 8;

/** Trains rotations ZX of every bit (and one of the readout qubit, the offset) on random strings. */
export async function trainBoolean(
  rule: Rule,
  bits: number,
  seed: number,
  { steps, offset = true, noise = 0 }: { steps: number; offset?: boolean; noise?: number },
): Promise<BooleanRun> {
  const majority = rule.name === 'subset majority';
  const [rate, spread] = majority ? [0.05, 0.1] : [0.1, 1];
  const layers = offset ? ['ZX', 'X'] : ['ZX'];
  const model = sequential(
    readoutClassifier(bits, { layers }).layer({ init: initializers.normal(spread) }),
  );
  const data = randomStrings(rule, bits, fold(key(seed), bits), steps * BATCH, noise);
  await fit(model, data, {
    loss: hinge,
    // The loss of a majority cannot vanish: with a constant rate the angles keep trembling, and majorities by one bit are
    // lost now and then. That of a parity can.
    optimizer: adam(
      majority ? (step) => (rate * (1 + Math.cos((Math.PI * step) / steps))) / 2 : rate,
    ),
    epochs: 1,
    batchSize: BATCH,
    seed,
  });
  const strings = allStrings(bits);
  const test = {
    inputs: Float64Array.from(strings.flat()),
    inputShape: [bits],
    labels: Float64Array.from(strings, (z) => rule.label(z)),
  };
  const { loss, metrics } = await evaluate(model, test, { loss: hinge });
  return {
    rule: rule.name,
    bits,
    subset: rule.subset,
    seed,
    offset,
    noise,
    error: 1 - metrics['accuracy']!,
    loss,
    steps,
  };
}

/** Random strings with their labels, some of them turned round. */
function randomStrings(
  rule: Rule,
  bits: number,
  from: Key,
  count: number,
  noise: number,
): TrainingData {
  const inputs = Float64Array.from(integers(fold(from, 3), count * bits, 2));
  const flips = uniform(fold(from, 4), count);
  const labels = Float64Array.from({ length: count }, (_, e) => {
    const label = rule.label([...inputs.subarray(e * bits, (e + 1) * bits)]);
    return flips[e]! < noise ? 1 - label : label;
  });
  return { inputs, inputShape: [bits], labels };
}

/** Largest difference between the circuit's output and its closed form, over all strings of 6 bits. */
export async function closedFormError(seed: number): Promise<number> {
  const bits = 6;
  const network = sequential(readoutClassifier(bits, { layers: ['ZX', 'X'] }).layer()).build(seed);
  const w = network.parameters[0]!.data;
  const strings = allStrings(bits);
  const outputs = await predict(network, strings.flat());
  return Math.max(
    ...strings.map((z, i) => {
      const angle = z.reduce((sum, bit, j) => sum + w[j]! * (1 - 2 * bit), w[bits]!);
      return Math.abs(outputs[i]! - Math.sin(angle));
    }),
  );
}
