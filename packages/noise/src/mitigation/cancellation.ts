import { CircuitError, key, UnsupportedError, uniformAt, ValueError } from '@ketwork/base';
import { assembleCircuit, channel, circuit as build, input } from '@ketwork/circuit';
import type { ChannelOp, Circuit, Observable, Op, PauliProbability } from '@ketwork/circuit';
import type { MaybePromise } from '@ketwork/nn';
import { readValues } from '@ketwork/simulator';
import type { Values } from '@ketwork/simulator';
import { applyNoise } from '../apply.ts';
import type { NoiseModel } from '../model.ts';
import { after, estimate, inOrder, listed, seedOf } from './runner.ts';
import type { Mitigated, CircuitRunner } from './runner.ts';

/** A map as a sum of Pauli operations with weights of either sign. */
export interface QuasiProbability {
  /** Weights, which add to 1, with their Pauli words, the first letter for the first qubit. */
  readonly terms: readonly { readonly weight: number; readonly word: string }[];
  /** Sum of the absolute weights; `gamma²` times as many samples are needed for the same standard error. */
  readonly gamma: number;
}

/** Options of {@link errorCancellation}. */
export interface ErrorCancellationOptions {
  /** Noise to attach to the circuit first; none where the circuit has its channels. */
  readonly noise?: NoiseModel;
  /** Number of sampled circuits, or `all` of them, weighted (at most 2^20). Default 1000. */
  readonly samples?: number | 'all';
  /** Values of the slots. */
  readonly values?: Values;
  /** Shots per sampled circuit and setting; exact when absent. */
  readonly shots?: number;
  /** Seed of the samples and of shots. Default 0. */
  readonly seed?: number;
}

/** What {@link errorCancellation} found. */
export interface ErrorCancellationResult {
  /** Estimates without noise, `[batch, observables]`. */
  readonly values: Float64Array;
  /** Their standard errors, `[batch, observables]`; 0 for all circuits, NaN for a single sample. */
  readonly errors: Float64Array;
  /** Product of the `gamma` of all channels. */
  readonly gamma: number;
  /** Number of circuits that were run. */
  readonly circuits: number;
}

/** Circuits in one batch. */
const CHUNK = 256;
const MOST = 2 ** 20;

/**
 * The inverse of a Pauli channel as a quasi-probability: the map that undoes it is a sum of Pauli operations, some with
 * negative weights (Temme, Bravyi and Gambetta, arXiv:1612.02058).
 *
 * @param channel Probabilities of Pauli words that add to 1, as `paulis` of the channel table gives them.
 * @throws ValueError for probabilities that do not add to 1, words that differ in length or have other letters, or a
 * channel without inverse.
 * @example
 * ```ts
 * import { inversePauliChannel } from '@ketwork/noise';
 * const { gamma } = inversePauliChannel([{ probability: 0.9, word: 'I' }, { probability: 0.1, word: 'Z' }]);
 * console.log(gamma); // 1.25
 * ```
 */
export function inversePauliChannel(channel: readonly PauliProbability[]): QuasiProbability {
  const qubits = channel[0]?.word.length ?? 0;
  const size = 4 ** qubits;
  const probabilities = new Float64Array(size);
  let sum = 0;
  for (const { probability, word } of channel) {
    const digits = Array.from(word, (letter) => 'IXYZ'.indexOf(letter));
    if (qubits === 0 || qubits > 4 || word.length !== qubits || digits.includes(-1)) {
      throw new ValueError(`'${word}' is not a Pauli word of ${qubits} letters`, {
        remedy: 'Use words of equal length, 1 to 4, of the letters I, X, Y, Z',
      });
    }
    if (!(probability >= 0 && probability <= 1)) {
      throw new ValueError(`the probability of '${word}' is ${probability}`, {
        remedy: 'Use 0 to 1',
      });
    }
    probabilities[digits.reduce((index, digit) => 4 * index + digit, 0)]! += probability;
    sum += probability;
  }
  if (!(Math.abs(sum - 1) < 1e-9)) {
    throw new ValueError(`the probabilities add to ${sum}`, { remedy: 'They must add to 1' });
  }
  // Eigenvalues of the channel on Pauli words; those of the inverse are their reciprocals.
  const eigenvalues = transformed(probabilities, qubits);
  const smallest = eigenvalues.reduce((least, x) => Math.min(least, Math.abs(x)), 1);
  if (smallest < 1e-9) {
    throw new ValueError('the channel has no inverse: it wipes out a Pauli word', {
      remedy: 'Weaken the noise',
    });
  }
  const weights = transformed(
    eigenvalues.map((x) => 1 / x),
    qubits,
  );
  const terms = Array.from(weights, (weight, index) => ({
    weight: weight / size,
    word: wordOf(index, qubits),
  })).filter(({ weight }) => Math.abs(weight) > 1e-15);
  return { terms, gamma: terms.reduce((total, { weight }) => total + Math.abs(weight), 0) };
}

/** `Σ_j ±x_j` with a minus where the Pauli words i and j anticommute: one qubit after the other. */
function transformed(x: Float64Array, qubits: number): Float64Array {
  const out = Float64Array.from(x);
  for (let q = 0; q < qubits; q++) {
    const stride = 4 ** q;
    for (let i = 0; i < out.length; i++) {
      if (Math.floor(i / stride) % 4 !== 0) continue;
      const [one, x1, y1, z1] = [0, 1, 2, 3].map((d) => out[i + d * stride]!) as [
        number,
        number,
        number,
        number,
      ];
      out[i] = one + x1 + y1 + z1;
      out[i + stride] = one + x1 - y1 - z1;
      out[i + 2 * stride] = one - x1 + y1 - z1;
      out[i + 3 * stride] = one - x1 - y1 + z1;
    }
  }
  return out;
}

function wordOf(index: number, qubits: number): string {
  return Array.from(
    { length: qubits },
    (_, q) => 'IXYZ'[Math.floor(index / 4 ** (qubits - 1 - q)) % 4],
  ).join('');
}

/**
 * Probabilistic error cancellation for Pauli noise (Temme, Bravyi and Gambetta, arXiv:1612.02058): behind every channel a
 * Pauli operation is drawn from the quasi-probability of its inverse, and the results, multiplied by `gamma` and the sign,
 * have the value without noise as their mean. The channels must be known and be mixtures of Pauli words; the inserted
 * Pauli operations are taken to be free of noise. Sampled circuits are examples of one batch, which they are drawn for by
 * (seed, sample, place).
 *
 * @param runner An engine for the noisy circuits, or a function that runs one; it is given batches of up to 256 circuits
 * times examples, as values of a slot of rotation angles of 0 or π.
 * @param observables One or a list.
 * @returns the result at once, or a promise where the engine or function works with promises.
 * @throws UnsupportedError for channels that are not mixtures of Pauli words, have parameters in slots or are under
 * conditions, and for post-selection; ValueError for a channel without inverse, or a number of samples out of range; CircuitError for a circuit
 * without channels.
 * @example
 * ```ts
 * import { circuit, Z } from '@ketwork/circuit';
 * import { errorCancellation } from '@ketwork/noise';
 * import { densityMatrix } from '@ketwork/simulator';
 * const noisy = circuit(1, (q) => q.x(0).depolarizing(0.1, 0));
 * const { values, errors, gamma } = errorCancellation(densityMatrix(), noisy, Z(0), { samples: 4000, seed: 1 });
 * // The value without noise is -1.
 * console.log(values[0]!.toFixed(2), errors[0]!.toFixed(2), gamma.toFixed(3)); // -1.00 0.01 1.231
 * console.log(errorCancellation(densityMatrix(), noisy, Z(0), { samples: 'all' }).values[0]?.toFixed(9)); // -1.000000000
 * ```
 */
export function errorCancellation<R extends CircuitRunner>(
  runner: R,
  circuit: Circuit,
  observables: Observable | readonly Observable[],
  options: ErrorCancellationOptions = {},
): Mitigated<R, ErrorCancellationResult> {
  const { noise, samples = 1000, values = {}, shots, seed = 0 } = options;
  const list = listed(observables);
  if (noise?.readout.some(({ p10, p01 }) => p10 !== 0 || p01 !== 0) === true) {
    throw new UnsupportedError('readout errors are not cancelled', {
      remedy: 'Leave them out of the model and use readoutMitigation',
    });
  }
  const noisy = noise === undefined ? circuit : applyNoise(circuit, noise, { measured: 'all' });
  const { sampled, sites, slot } = insertions(noisy);
  const gamma = sites.reduce((product, { quasi }) => product * quasi.gamma, 1);
  const everything = sites.reduce((product, { quasi }) => product * quasi.terms.length, 1);
  const count = samples === 'all' ? everything : samples;
  if (!Number.isSafeInteger(count) || count < 1 || count > (samples === 'all' ? MOST : Infinity)) {
    throw new ValueError(
      samples === 'all' ? `there are ${count} circuits` : `${count} is not a number of samples`,
      { remedy: samples === 'all' ? `Sample; 'all' goes to ${MOST}` : 'Use a positive integer' },
    );
  }
  const read = readValues(noisy, values);
  const draw = samples === 'all' ? counted(sites) : drawn(sites, gamma, key(seed));
  const width = sampled.slots.at(-1)!.shape[0]!;
  const size = read.batch * list.length;
  const sums = new Float64Array(size);
  const means = new Float64Array(size);
  const squares = new Float64Array(size);
  const run = (c: number): MaybePromise<ChunkResult> => {
    const from = c * CHUNK;
    const lanes = Math.min(CHUNK, count - from);
    const factors = new Float64Array(lanes);
    const angles = new Float64Array(lanes * read.batch * width);
    for (let s = 0; s < lanes; s++) {
      const own = new Float64Array(width);
      factors[s] = draw(from + s, own);
      for (let e = 0; e < read.batch; e++) angles.set(own, (s * read.batch + e) * width);
    }
    const given: Record<string, Float64Array> = { [slot]: angles };
    for (const { name, axis } of noisy.slots) {
      const one = read.get(name);
      given[name] = axis === 'shared' ? one : repeated(one, lanes);
    }
    const call = { values: given, seed: seedOf(seed, c + 1), scale: 1 };
    return after(estimate(runner, sampled, list, call, shots), ({ values: found }) => ({
      factors,
      found,
    }));
  };
  const add = ({ factors, found }: ChunkResult, c: number): void => {
    if (found.length !== factors.length * size) {
      throw new ValueError(
        `the run function returned ${found.length} values for ${factors.length * read.batch} examples`,
        { remedy: 'Return [batch, observables]' },
      );
    }
    factors.forEach((factor, s) => {
      for (let j = 0; j < size; j++) {
        const value = factor * found[s * size + j]!;
        const gap = value - means[j]!;
        sums[j]! += value;
        means[j]! += gap / (c * CHUNK + s + 1);
        squares[j]! += gap * (value - means[j]!);
      }
    });
  };
  return after(inOrder(Math.ceil(count / CHUNK), run, add), () => ({
    values: samples === 'all' ? sums : means,
    errors: squares.map((x) => (samples === 'all' ? 0 : Math.sqrt(x / (count - 1) / count))),
    gamma,
    circuits: count,
  })) as Mitigated<R, ErrorCancellationResult>;
}

/** Values of the circuits of a batch, and the factor of each circuit. */
interface ChunkResult {
  readonly factors: Float64Array;
  readonly found: ArrayLike<number>;
}

/** A channel, its inverse and the elements of the slot that insert Pauli operations behind it. */
interface Site {
  readonly quasi: QuasiProbability;
  /** First element: an angle about X and one about Z for each qubit. */
  readonly first: number;
}

/** The circuit with rotations by angles from a slot, 0 or π, behind every channel. */
function insertions(circuit: Circuit): {
  readonly sampled: Circuit;
  readonly sites: readonly Site[];
  readonly slot: string;
} {
  let name = 'pauli';
  while (circuit.slots.some((slot) => slot.name === name)) name += '_';
  const places: {
    readonly after: number;
    readonly op: ChannelOp;
    readonly quasi: QuasiProbability;
  }[] = [];
  circuit.ops.forEach((op, i) => {
    if (op.type === 'conditional') refuseConditional(op.then, i, op.otherwise);
    if (op.type === 'channel') places.push({ after: i, op, quasi: inverseOf(op, i) });
    if (op.type === 'measure' && op.postselect !== undefined) {
      throw new UnsupportedError('results under post-selection are not linear in the noise', {
        operation: i,
        remedy: 'Cancel the numerator and the success probability, both without post-selection',
      });
    }
  });
  if (places.length === 0) {
    throw new CircuitError('the circuit has no noise channels to cancel', {
      remedy: 'Give a noise model, or a circuit with channels',
    });
  }
  const sites: Site[] = [];
  const width = places.reduce((sum, { op }) => sum + 2 * op.qubits.length, 0);
  const behind = new Map<number, readonly Op[]>();
  let first = 0;
  let slots: Circuit['slots'] = [];
  for (const { after, op, quasi } of places) {
    sites.push({ quasi, first });
    const made = build(circuit.qubits, { [name]: input([width]) }, (q, record) => {
      op.qubits.forEach((qubit, i) => {
        q.rx(record[name]!.at(first + 2 * i), qubit).rz(record[name]!.at(first + 2 * i + 1), qubit);
      });
    });
    slots = made.slots;
    behind.set(after, made.ops);
    first += 2 * op.qubits.length;
  }
  const ops = circuit.ops.flatMap((op, i) => [op, ...(behind.get(i) ?? [])]);
  const sampled = assembleCircuit({ ...circuit, slots: [...circuit.slots, ...slots], ops });
  return { sampled, sites, slot: name };
}

function refuseConditional(then: readonly Op[], operation: number, otherwise: readonly Op[]): void {
  for (const op of [...then, ...otherwise]) {
    if (op.type === 'conditional') refuseConditional(op.then, operation, op.otherwise);
    if (op.type !== 'channel') continue;
    throw new UnsupportedError('noise under conditions is not cancelled', {
      operation,
      remedy: 'Keep conditions free of noise, or use zeroNoiseExtrapolation with foldGates',
    });
  }
}

function inverseOf(op: ChannelOp, operation: number): QuasiProbability {
  const row = op.kraus === undefined ? channel(op.channel) : undefined;
  if (row?.paulis === undefined) {
    throw new UnsupportedError(`${op.channel} is not a mixture of Pauli words`, {
      operation,
      remedy: 'Use Pauli noise, such as depolarizing or pauliError, or zeroNoiseExtrapolation',
    });
  }
  const parameters = op.angles.map((angle) => {
    if (typeof angle === 'number') return angle;
    throw new UnsupportedError(`${op.channel} has parameters that are not numbers`, {
      operation,
      remedy: 'Bind its slots first',
    });
  });
  return inversePauliChannel(row.paulis(parameters, op.qubits.length));
}

/** Writes the angles of a sample and returns its factor. */
type Draw = (sample: number, angles: Float64Array) => number;

function insert({ first }: Site, word: string, angles: Float64Array): void {
  for (let i = 0; i < word.length; i++) {
    if (word[i] === 'X' || word[i] === 'Y') angles[first + 2 * i] = Math.PI;
    if (word[i] === 'Z' || word[i] === 'Y') angles[first + 2 * i + 1] = Math.PI;
  }
}

function drawn(sites: readonly Site[], gamma: number, random: ReturnType<typeof key>): Draw {
  return (sample, angles) => {
    let factor = gamma;
    sites.forEach((site, j) => {
      const { terms, gamma: own } = site.quasi;
      let left = uniformAt(random, sample, j) * own;
      const at = terms.findIndex(({ weight }) => (left -= Math.abs(weight)) < 0);
      // Rounding may leave a little after the last term.
      const { weight, word } = terms[at < 0 ? terms.length - 1 : at]!;
      if (weight < 0) factor = -factor;
      insert(site, word, angles);
    });
    return factor;
  };
}

function counted(sites: readonly Site[]): Draw {
  return (sample, angles) => {
    let factor = 1;
    let rest = sample;
    for (const site of sites) {
      const { terms } = site.quasi;
      const { weight, word } = terms[rest % terms.length]!;
      rest = Math.floor(rest / terms.length);
      factor *= weight;
      insert(site, word, angles);
    }
    return factor;
  };
}

function repeated(one: Float64Array, times: number): Float64Array {
  const out = new Float64Array(times * one.length);
  for (let i = 0; i < times; i++) out.set(one, i * one.length);
  return out;
}
