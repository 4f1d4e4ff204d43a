import {
  adam,
  circuit,
  cpu,
  evaluate,
  expval,
  fit,
  fold,
  hinge,
  initializers,
  input,
  integers,
  key,
  pauliSum,
  readoutClassifier,
  sequential,
  state,
  uniform,
} from 'ketwork';
import type { Key, PauliGenerator, PauliSum, TrainingData } from 'ketwork';
import { allStrings } from './boolean.ts';
import type { Rule } from './boolean.ts';

/** Trains on two states only, the superpositions of all strings of either label; tests on single strings. */
export async function trainSuperposition(
  rule: Rule,
  bits: number,
  seed: number,
  { steps, phases }: { steps: number; phases: boolean },
): Promise<{ readonly error: number; readonly loss: number }> {
  const strings = allStrings(bits);
  const angles = uniform(fold(key(seed), 7), strings.length, { high: 2 * Math.PI });
  const labels = strings.map((z) => rule.label(z));
  const inputs = new Float64Array(2 * 2 * strings.length);
  for (const label of [0, 1]) {
    const norm = 1 / Math.sqrt(labels.filter((own) => own === label).length);
    labels.forEach((own, z) => {
      if (own !== label) return;
      const at = 2 * (label * strings.length + z);
      const angle = phases ? angles[z]! : 0;
      inputs[at] = norm * Math.cos(angle);
      inputs[at + 1] = norm * Math.sin(angle);
    });
  }
  const classifier = readoutClassifier(bits, { layers: ['ZX', 'X'], embedding: 'state' });
  const model = sequential(classifier.layer({ init: initializers.normal(1) }));
  await fit(
    model,
    { inputs, labels: [0, 1] },
    { loss: hinge, optimizer: adam(0.1), epochs: steps, batchSize: 2, seed },
  );
  const kets = new Float64Array(2 * strings.length ** 2);
  strings.forEach((_, z) => (kets[2 * (z * strings.length + z)] = 1));
  const { loss, metrics } = await evaluate(model, { inputs: kets, labels }, { loss: hinge });
  return { error: 1 - metrics['accuracy']!, loss };
}

/** Qubits of the states whose energy is to be told. */
const QUBITS = 5;

/** Sum of Z_i Z_j over the edges of a random graph: a ring and three neighbouring diagonals, degrees 3 and 4. */
export function graphHamiltonian(from: Key): PauliSum {
  const first = integers(from, 1, QUBITS)[0]!;
  const edges = [
    ...Array.from({ length: QUBITS }, (_, i) => [i, (i + 1) % QUBITS]),
    ...[0, 1, 2].map((k) => [(first + k) % QUBITS, (first + k + 2) % QUBITS]),
  ];
  return pauliSum(edges.map((edge) => [1, 'ZZ', edge] as const));
}

/** Random product states, then two layers of random two-qubit gates. */
const scrambler = circuit(QUBITS, { a: input([QUBITS, 3]), b: input([4, 15]) }, (q, { a, b }) => {
  for (let qubit = 0; qubit < QUBITS; qubit++)
    q.rot(a.at(qubit, 0), a.at(qubit, 1), a.at(qubit, 2), qubit);
  const pairs = [0, 2, 1, 3];
  pairs.forEach((left, i) => {
    q.quantumConvolution(
      Array.from({ length: 15 }, (_, k) => b.at(i, k)),
      left,
      left + 1,
    );
  });
});

/** States with the sign of their energy as labels, energies near 0 left out. */
export async function energyStates(
  hamiltonian: PauliSum,
  count: number,
  from: Key,
): Promise<TrainingData & { readonly energies: readonly number[] }> {
  const engine = await cpu();
  using program = engine.compile(scrambler, [state(), expval(hamiltonian)]);
  const tries = 6 * count;
  const range = { low: -Math.PI, high: Math.PI };
  const [kets, energies] = program.run({
    a: uniform(fold(from, 0), tries * QUBITS * 3, range),
    b: uniform(fold(from, 1), tries * 4 * 15, range),
  });
  const size = 2 * 2 ** QUBITS;
  const kept = [...energies.keys()].filter((i) => Math.abs(energies[i]!) > 0.3).slice(0, count);
  if (kept.length < count) throw new Error(`only ${kept.length} of ${tries} states have an energy`);
  return {
    inputs: Float64Array.from(kept.flatMap((i) => [...kets.subarray(i * size, (i + 1) * size)])),
    inputShape: [2 ** QUBITS, 2],
    labels: Float64Array.from(kept, (i) => (energies[i]! > 0 ? 1 : 0)),
    energies: kept.map((i) => energies[i]!),
  };
}

/** What came of training on energies of states. */
export interface EnergyRun {
  readonly seed: number;
  readonly parameters: number;
  readonly error: number;
  /** Error of always guessing the more frequent label. */
  readonly constantError: number;
  readonly seconds: number;
}

/** Trains rotations between all qubits and the readout qubit, and between neighbours, on the sign of the energy. */
export async function trainEnergies(
  seed: number,
  steps: number,
  testCount: number,
): Promise<EnergyRun> {
  const own = fold(key(seed), 11);
  const hamiltonian = graphHamiltonian(fold(own, 0));
  const batchSize = 16;
  const train = await energyStates(hamiltonian, Math.min(2000, steps * batchSize), fold(own, 1));
  const test = await energyStates(hamiltonian, testCount, fold(own, 2));
  const neighbours = (word: string): PauliGenerator[] =>
    Array.from({ length: QUBITS }, (_, i) => ({ word, qubits: [i, (i + 1) % QUBITS] }));
  const block = ['ZX', 'XX', 'ZZ', ...neighbours('ZZ'), ...neighbours('XX')];
  const classifier = readoutClassifier(QUBITS, {
    layers: [...block, ...block],
    embedding: 'state',
  });
  const model = sequential(classifier.layer({ init: initializers.normal(0.3) }));
  const { seconds } = await fit(model, train, {
    loss: hinge,
    optimizer: adam(0.03),
    epochs: Math.ceil((steps * batchSize) / train.labels.length),
    batchSize,
    seed,
  });
  const { metrics } = await evaluate(model, test, { loss: hinge });
  const positive = [...test.energies].filter((energy) => energy > 0).length / testCount;
  return {
    seed,
    parameters: classifier.generators.length,
    error: 1 - metrics['accuracy']!,
    constantError: Math.min(positive, 1 - positive),
    seconds,
  };
}
