import {
  accuracy,
  adam,
  adversarialExamples,
  bim,
  crossEntropy,
  dense,
  evaluate,
  evolve,
  fit,
  fold,
  key,
  pauliSum,
  permutation,
  sequential,
  uniform,
} from 'ketwork';
import type { Attack, TrainingData, WeightedWord } from 'ketwork';
import { rounded } from '../../common/experiment.ts';
import { LOCAL, QUBITS, likelihood, stateModel } from './models.ts';

const AMPLITUDES = 2 * 2 ** QUBITS;
/** Largest angles of the local rotations of attacks; the claim is about the second. */
export const ANGLES: readonly number[] = [0.1, 0.3, 0.6, 1];

/** What came of the quantum data of one seed. */
export interface ChainRun {
  readonly seed: number;
  readonly parameters: number;
  readonly clean: number;
  /** Under local rotations of random signs, by angle. */
  readonly noise: readonly number[];
  /** Under the local rotations that an attack finds, by angle. */
  readonly attacked: readonly number[];
  /** Accuracy of logistic regression on the ten ⟨Z⟩. */
  readonly logistic: number;
  readonly seconds: number;
}

/**
 * The Néel state after the time 5 under the Aubry–André chain, -(g/2) Σ (XX + YY) - Σ (V_k/2) Z_k with
 * V_k = V cos(2π α k), α = (√5 - 1)/2 and g = 1. It spreads where V < 2 (label 0), and stays where V > 2 (label 1).
 */
export function evolvedState(v: number): Float64Array {
  const golden = (Math.sqrt(5) - 1) / 2;
  const words: WeightedWord[] = [];
  for (let k = 0; k + 1 < QUBITS; k++)
    words.push([-0.5, 'XX', [k, k + 1]], [-0.5, 'YY', [k, k + 1]]);
  for (let k = 0; k < QUBITS; k++)
    words.push([(-v / 2) * Math.cos(2 * Math.PI * golden * (k + 1)), 'Z', [k]]);
  const neel = new Float64Array(AMPLITUDES);
  // |0101010101⟩
  neel[2 * Number.parseInt('01'.repeat(QUBITS / 2), 2)] = 1;
  return evolve(pauliSum(words), neel, 5, { tolerance: 1e-9 });
}

/** States as examples, with the strength of the potential of each. */
export interface ChainStates extends TrainingData {
  readonly inputs: Float64Array;
  readonly labels: Float64Array;
  readonly v: readonly number[];
}

/** States of V from 0 to 1.5 and from 2.5 to 5, half of each, behind angles of a perturbation that are 0. */
export function chainStates(count: number, seed: number): ChainStates {
  const order = permutation(fold(key(seed), 1), count);
  const draws = uniform(fold(key(seed), 2), count);
  const labels = Float64Array.from(order, (place) => place % 2);
  const v = [...draws].map((u, e) => (labels[e] === 0 ? 1.5 * u : 2.5 + 2.5 * u));
  const width = LOCAL + AMPLITUDES;
  const inputs = new Float64Array(count * width);
  v.forEach((value, e) => inputs.set(evolvedState(value), e * width + LOCAL));
  return { inputs, labels, inputShape: [width], v };
}

/** An attack that may change the angles of the perturbation only, never the state itself. */
export function local(attack: Attack): Attack {
  return {
    ...attack,
    name: `local ${attack.name}`,
    perturb: (problem) =>
      attack.perturb({
        ...problem,
        async gradient(x) {
          const { losses, grads } = await problem.gradient(x);
          const width = grads.length / problem.count;
          return { losses, grads: grads.map((g, i) => (i % width < LOCAL ? g : 0)) };
        },
      }),
  };
}

/** Expectation values of Z on every qubit, as inputs of a classical classifier. */
function magnetizations({ inputs, labels }: TrainingData): TrainingData {
  const width = LOCAL + AMPLITUDES;
  const z = new Float64Array(labels.length * QUBITS);
  for (let e = 0; e < labels.length; e++) {
    for (let index = 0; index < 2 ** QUBITS; index++) {
      const at = e * width + LOCAL + 2 * index;
      const p = inputs[at]! ** 2 + inputs[at + 1]! ** 2;
      for (let qubit = 0; qubit < QUBITS; qubit++)
        z[e * QUBITS + qubit]! += ((index >> (QUBITS - 1 - qubit)) & 1) === 0 ? p : -p;
    }
  }
  return { inputs: z, labels, inputShape: [QUBITS] };
}

/** Trains a classifier of the phase and perturbs its test states. */
export async function runChain(
  seed: number,
  settings: { readonly train: number; readonly test: number; readonly epochs: number },
): Promise<ChainRun> {
  const start = performance.now();
  const train = chainStates(settings.train, seed + 1000);
  const test = chainStates(settings.test, seed + 2000);
  const model = stateModel();
  const common = { epochs: settings.epochs, batchSize: 25, metrics: [accuracy], seed };
  await fit(model, train, { ...common, loss: likelihood, optimizer: adam(0.02) });
  const measured = async (inputs: ArrayLike<number>): Promise<number> => {
    const data = { ...test, inputs };
    const { metrics } = await evaluate(model, data, { loss: likelihood, metrics: [accuracy] });
    return rounded(metrics['accuracy']!);
  };
  const width = LOCAL + AMPLITUDES;
  const attacked: number[] = [];
  const noise: number[] = [];
  for (const angle of ANGLES) {
    const attack = local(bim(angle, { steps: 20, stepSize: angle / 5 }));
    const inputs = await adversarialExamples(model, test, { loss: likelihood, attack, seed });
    attacked.push(await measured(inputs));
    const noisy = Float64Array.from(test.inputs);
    const signs = uniform(fold(key(seed), 3), settings.test * LOCAL, { low: -1, high: 1 });
    signs.forEach((sign, i) => {
      noisy[Math.floor(i / LOCAL) * width + (i % LOCAL)] = angle * Math.sign(sign);
    });
    noise.push(await measured(noisy));
  }
  const logistic = sequential(dense(QUBITS, 2));
  const classical = { ...common, loss: crossEntropy, optimizer: adam(0.05) };
  await fit(logistic, magnetizations(train), classical);
  const twin = await evaluate(logistic, magnetizations(test), { loss: crossEntropy });
  return {
    seed,
    parameters: model.network!.parameters.reduce((sum, { data }) => sum + data.length, 0),
    clean: await measured(test.inputs),
    noise,
    attacked,
    logistic: rounded(twin.metrics['accuracy']!),
    seconds: rounded((performance.now() - start) / 1000, 1),
  };
}
