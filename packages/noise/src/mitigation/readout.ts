import { CircuitError, key, ValueError } from '@ketwork/base';
import { circuit as build, probabilities, samples } from '@ketwork/circuit';
import type { Circuit, PauliObservable } from '@ketwork/circuit';
import type { MaybePromise } from '@ketwork/nn';
import type { AsyncEngine, Counts, Engine, Values } from '@ketwork/simulator';
import { applyNoise } from '../apply.ts';
import type { NoiseModel } from '../model.ts';
import { confusionMatrix, readoutProbabilities, readoutSamples } from '../readout.ts';
import { inverted, timesMatrix, toSimplex } from './confusion.ts';
import { all, closing, seedOf, after } from './runner.ts';

/** Options of {@link ReadoutMitigation.probabilities}. */
export interface ReadoutMitigationOptions {
  /**
   * `inverse`: the inverse confusion matrix, which may give probabilities below 0. `least-squares`: of all probabilities,
   * at least 0 and adding to 1, those whose misreadings are closest to what was read. Default `inverse`.
   */
  readonly method?: 'inverse' | 'least-squares';
}

/** Undoes errors of reading k qubits, on average. */
export interface ReadoutMitigation {
  /** The k qubits, the first one being the most significant of an outcome. */
  readonly qubits: readonly number[];
  /** The confusion matrices, rows true and columns read: `[2, 2]` for each qubit, or a single `[2^k, 2^k]`. */
  readonly matrices: readonly Float64Array[];
  /**
   * Probabilities without readout error.
   *
   * @param read Probabilities or frequencies `[batch, 2^k]`.
   * @returns `[batch, 2^k]`.
   * @throws ValueError where the length does not fit.
   */
  probabilities(read: ArrayLike<number>, options?: ReadoutMitigationOptions): Float64Array;
  /**
   * Counts without readout error: numbers that add to the shots, not integers, some perhaps below 0.
   *
   * @param read Counts keyed by bit strings of the k qubits, the first one leftmost; as the `counts` measurement gives them.
   * @throws ValueError for other keys.
   */
  counts(read: readonly Counts[], options?: ReadoutMitigationOptions): Counts[];
  /**
   * Expectation values of an observable made of Z (or of qubits turned so that Z is read), by the inverse. From counts with
   * a matrix per qubit, the work grows with the number of different outcomes, not with 2^k.
   *
   * @param read Probabilities `[batch, 2^k]` or counts.
   * @returns `[batch]`.
   * @throws CircuitError for letters other than Z or other qubits; ValueError for data that do not fit.
   */
  expval(observable: PauliObservable, read: ArrayLike<number> | readonly Counts[]): Float64Array;
}

/** Runs a calibration circuit and returns the probabilities read, `[2^k]`, of the qubits in their order. */
export type RunCalibration = (circuit: Circuit, seed: number) => MaybePromise<ArrayLike<number>>;

/** Options of {@link calibrateReadout}. */
export interface CalibrateReadoutOptions {
  /** `tensored`: a matrix per qubit from two circuits. `full`: one of all from 2^k circuits, at most 10 qubits. Default `tensored`. */
  readonly type?: 'tensored' | 'full';
  /** Noise of the engine: that of gates and in front of measurements, and readout errors. */
  readonly noise?: NoiseModel;
  /** Shots per circuit; exact when absent. */
  readonly shots?: number;
  /** Seed of the shots. Default 0. */
  readonly seed?: number;
}

/** Most qubits of a full confusion matrix. */
const MOST_FULL = 10;
const MOST_TENSORED = 24;

/**
 * Mitigation of readout errors with known confusion matrices, or those of a noise model.
 *
 * @param source A noise model; `[2, 2]` matrices, one for each qubit; or one of `[2^k, 2^k]`, to 10 qubits. Row-major, rows
 * being the true outcome and columns the one read, so that rows add to 1.
 * @param qubits The k qubits, the first one being the most significant of an outcome.
 * @throws ValueError for matrices of other sizes, with rows that do not add to 1 to 1e-6, entries below 0, or no inverse;
 * CircuitError for qubits listed twice.
 * @example
 * ```ts
 * import { noiseModel, readoutMitigation, readoutProbabilities } from '@ketwork/noise';
 * const model = noiseModel({ readout: [{ p10: 0.02, p01: 0.1 }] });
 * const read = readoutProbabilities([0.5, 0, 0, 0.5], [0, 1], model);
 * console.log(readoutMitigation(model, [0, 1]).probabilities(read)); // 0.5, 0, 0, 0.5
 * ```
 */
export function readoutMitigation(
  source: NoiseModel | readonly ArrayLike<number>[],
  qubits: readonly number[],
): ReadoutMitigation {
  checkQubits(qubits);
  const k = qubits.length;
  const matrices =
    'readout' in source
      ? qubits.map((qubit) => confusionMatrix(source, qubit))
      : source.map((matrix) => Float64Array.from(matrix));
  const full = matrices.length === 1 && k !== 1;
  const dim = full ? 2 ** k : 2;
  if ((!full && matrices.length !== k) || (full && k > MOST_FULL)) {
    throw new ValueError(`${matrices.length} confusion matrices for ${k} qubits`, {
      remedy: `Give one [2, 2] for each, or one [2^k, 2^k] for at most ${MOST_FULL} qubits`,
    });
  }
  const inverses = matrices.map((matrix, i) => {
    if (matrix.length !== dim * dim) {
      throw new ValueError(`confusion matrix ${i} has ${matrix.length} numbers`, {
        remedy: `Give [${dim}, ${dim}]`,
      });
    }
    for (let row = 0; row < dim; row++) {
      const entries = matrix.subarray(row * dim, (row + 1) * dim);
      const sum = entries.reduce((total, x) => total + x, 0);
      if (!entries.every((x) => x >= 0) || !(Math.abs(sum - 1) < 1e-6)) {
        throw new ValueError(`row ${row} of confusion matrix ${i} is [${entries.join(', ')}]`, {
          remedy: 'Rows are probabilities of what is read, for each true outcome',
        });
      }
    }
    const inverse = inverted(matrix, dim);
    if (inverse === undefined) {
      throw new ValueError(`confusion matrix ${i} has no inverse`, {
        remedy: 'Outcomes that are read alike cannot be told apart',
      });
    }
    return inverse;
  });

  const onAll = (
    p: Float64Array,
    list: readonly Float64Array[],
    transposed = false,
  ): Float64Array => timesMatrix(p, list, k, transposed);
  const mitigated = (p: Float64Array, options: ReadoutMitigationOptions = {}): Float64Array => {
    const { method = 'inverse' } = options;
    const plain = onAll(p, inverses);
    if (method === 'inverse') return plain;
    if (method !== 'least-squares') {
      throw new ValueError(`there is no method '${String(method)}'`, {
        remedy: "Use 'inverse' or 'least-squares'",
      });
    }
    return closest(p, plain, (x, transposed) => onAll(x, matrices, transposed));
  };
  const rows = (read: ArrayLike<number>): Float64Array[] => {
    const size = 2 ** k;
    if (k > MOST_TENSORED || read.length === 0 || read.length % size !== 0) {
      throw new ValueError(`${read.length} probabilities are not those of ${k} qubits`, {
        remedy: `Give [batch, 2^${k}], or counts and expval for many qubits`,
      });
    }
    if (!Array.from(read).every(Number.isFinite))
      throw new ValueError('a probability is not finite', { remedy: 'Use finite numbers' });
    return Array.from({ length: read.length / size }, (_, e) =>
      Float64Array.from({ length: size }, (__, i) => read[e * size + i]!),
    );
  };

  return {
    qubits: [...qubits],
    matrices,
    probabilities(read, options) {
      const list = rows(read);
      const out = new Float64Array(read.length);
      list.forEach((p, e) => out.set(mitigated(p, options), e * p.length));
      return out;
    },
    counts(read, options) {
      return read.map((counts) => {
        const { p, shots } = frequencies(counts, k);
        const out: Counts = {};
        mitigated(p, options).forEach((x, i) => {
          if (Math.abs(x) > 1e-12) out[i.toString(2).padStart(k, '0')] = x * shots;
        });
        return out;
      });
    },
    expval(observable, read) {
      const terms = observable.terms.map(({ coefficient, paulis }) => ({
        coefficient,
        places: paulis.map(({ qubit, pauli }) => {
          const place = qubits.indexOf(qubit);
          if (pauli === 'Z' && place >= 0) return place;
          throw new CircuitError(
            pauli === 'Z'
              ? `qubit ${qubit} was not read`
              : `${pauli} of qubit ${qubit} is not read`,
            {
              remedy:
                pauli === 'Z'
                  ? `The mitigation is for qubits ${qubits.join(', ')}`
                  : 'Turn the qubit so that Z is read, and give Z',
            },
          );
        }),
      }));
      const isCounts = (data: typeof read): data is readonly Counts[] =>
        typeof data[0] === 'object';
      // Value of a qubit's Z, and of 1, by the bit read: the inverse times ±1.
      const signs = full ? [] : inverses.map((m) => [m[0]! - m[1]!, m[2]! - m[3]!] as const);
      if (!full && isCounts(read)) {
        return Float64Array.from(read, (counts) => {
          let sum = 0;
          let shots = 0;
          for (const [outcome, count] of Object.entries(counts)) {
            checkOutcome(outcome, count, k);
            shots += count;
            for (const { coefficient, places } of terms)
              sum += places.reduce(
                (product, place) => product * signs[place]![outcome[place] === '1' ? 1 : 0],
                coefficient * count,
              );
          }
          return sum / shots;
        });
      }
      const list = isCounts(read) ? read.map((counts) => frequencies(counts, k).p) : rows(read);
      return Float64Array.from(list, (p) => {
        const plain = onAll(p, inverses);
        let sum = 0;
        for (const { coefficient, places } of terms) {
          const mask = places.reduce((bits, place) => bits | (1 << (k - 1 - place)), 0);
          plain.forEach((x, i) => (sum += odd(i & mask) ? -coefficient * x : coefficient * x));
        }
        return sum;
      });
    },
  };
}

/**
 * The circuits that calibrate the reading of k qubits: all in 0 and all in 1 (`tensored`), or all 2^k basis states in order
 * (`full`), the first of the qubits being the most significant. They hold X gates only; measurements are up to who runs
 * them.
 *
 * @param size Number of qubits of the circuits; by default what the qubits need.
 * @throws CircuitError for qubits listed twice or out of range; ValueError for more than 10 in a full calibration.
 * @example
 * ```ts
 * import { calibrationCircuits } from '@ketwork/noise';
 * console.log(calibrationCircuits([0, 1], 'full').map(({ ops }) => ops.length)); // [ 0, 1, 1, 2 ]
 * ```
 */
export function calibrationCircuits(
  qubits: readonly number[],
  type: 'tensored' | 'full' = 'tensored',
  size: number = Math.max(...qubits) + 1,
): Circuit[] {
  checkQubits(qubits);
  const k = qubits.length;
  if (type === 'full' && k > MOST_FULL) {
    throw new ValueError(`a full calibration of ${k} qubits takes 2^${k} circuits`, {
      remedy: `Use at most ${MOST_FULL} qubits, or a tensored one`,
    });
  }
  const states = type === 'full' ? Array.from({ length: 2 ** k }, (_, i) => i) : [0, -1];
  return states.map((state) =>
    build(size, (q) => {
      qubits.forEach((qubit, place) => {
        if (((state >> (k - 1 - place)) & 1) === 1) q.x(qubit);
      });
    }),
  );
}

/**
 * Measures confusion matrices by calibration circuits. With an engine, the noise model acts on the X gates, in front of
 * the measurements and on the bits read, as it would on a device.
 *
 * @param runner An engine, or a function that runs one circuit and returns the probabilities read.
 * @param qubits The k qubits, the first one being the most significant of an outcome.
 * @returns the mitigation at once, or a promise where the engine or function works with promises.
 * @throws as {@link readoutMitigation} and {@link calibrationCircuits}.
 * @example
 * ```ts
 * import { calibrateReadout, noiseModel } from '@ketwork/noise';
 * import { densityMatrix } from '@ketwork/simulator';
 * const noise = noiseModel({ readout: [{ p10: 0.02, p01: 0.1 }] });
 * const { matrices } = calibrateReadout(densityMatrix(), [0, 1], { noise });
 * console.log(matrices[0]); // 0.98, 0.02, 0.1, 0.9
 * ```
 */
export function calibrateReadout<R extends Engine | AsyncEngine | RunCalibration>(
  runner: R,
  qubits: readonly number[],
  options: CalibrateReadoutOptions = {},
): Calibrated<R> {
  const { type = 'tensored', noise, shots, seed = 0 } = options;
  key(seed);
  const circuits = calibrationCircuits(qubits, type);
  const k = qubits.length;
  const run = (circuit: Circuit, i: number): MaybePromise<ArrayLike<number>> => {
    if (typeof runner === 'function') return runner(circuit, seedOf(seed, i));
    const engine: Engine | AsyncEngine = runner;
    const noisy = noise === undefined ? circuit : applyNoise(circuit, noise, { measured: 'all' });
    if (shots === undefined) {
      const program: Exact = engine.compile(noisy, probabilities([...qubits]));
      return closing(program, () =>
        after(program.run(), (p) =>
          noise === undefined ? p : readoutProbabilities(p, qubits, noise),
        ),
      );
    }
    const program: Sampled = engine.compile(noisy, samples(shots, [...qubits]));
    const drawn = closing(program, () => program.run({}, { seed: seedOf(seed, 2 * i) }));
    return after(drawn, (bits) => {
      const read =
        noise === undefined
          ? bits
          : readoutSamples(bits, qubits, noise, key(seedOf(seed, 2 * i + 1)));
      const p = new Float64Array(2 ** k);
      for (let s = 0; s < shots; s++) {
        let outcome = 0;
        for (let j = 0; j < k; j++) outcome = 2 * outcome + read[s * k + j]!;
        p[outcome]! += 1 / shots;
      }
      return p;
    });
  };
  return after(all(circuits.map(run)), (rows) => {
    for (const row of rows) {
      if (row.length !== 2 ** k) {
        throw new ValueError(`the run function returned ${row.length} probabilities`, {
          remedy: `Return 2^${k}`,
        });
      }
    }
    if (type === 'full') return readoutMitigation([rows.flatMap((row) => Array.from(row))], qubits);
    const matrices = qubits.map((_, place) =>
      rows.flatMap((row) => {
        let one = 0;
        for (let i = 0; i < row.length; i++) if (((i >> (k - 1 - place)) & 1) === 1) one += row[i]!;
        return [Math.max(0, 1 - one), one];
      }),
    );
    return readoutMitigation(matrices, qubits);
  }) as Calibrated<R>;
}

interface Exact {
  run(): MaybePromise<Float64Array>;
  dispose(): void;
}

interface Sampled {
  run(values: Values, options: { readonly seed: number }): MaybePromise<Uint8Array>;
  dispose(): void;
}

/** A mitigation at once, or a promise of it. */
export type Calibrated<R extends Engine | AsyncEngine | RunCalibration> = R extends Engine
  ? ReadoutMitigation
  : R extends (...call: never[]) => infer Out
    ? Out extends PromiseLike<unknown>
      ? Promise<ReadoutMitigation>
      : ReadoutMitigation
    : Promise<ReadoutMitigation>;

/** Accelerated projected gradients on `|p C - read|²` over probabilities (Beck and Teboulle, SIAM J. Imaging Sci. 2, 183, 2009). */
function closest(
  read: Float64Array,
  start: Float64Array,
  misread: (p: Float64Array, transposed: boolean) => Float64Array,
): Float64Array {
  let x = toSimplex(start);
  let moved = x;
  let momentum = 1;
  // Rows of C add to 1, so its largest singular value is at most the root of its largest column sum.
  const ones = new Float64Array(read.length).fill(1);
  const rate = 1 / misread(ones, false).reduce((most, sum) => Math.max(most, sum), 0);
  for (let round = 0; round < 20_000; round++) {
    const gap = misread(moved, false).map((value, i) => value - read[i]!);
    const slope = misread(gap, true);
    const next = toSimplex(moved.map((value, i) => value - rate * slope[i]!));
    const step = next.reduce((most, value, i) => Math.max(most, Math.abs(value - x[i]!)), 0);
    const grown = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    // Momentum that points uphill is dropped.
    const uphill =
      next.reduce((sum, value, i) => sum + (moved[i]! - value) * (value - x[i]!), 0) > 0;
    const factor = uphill ? 0 : (momentum - 1) / grown;
    momentum = uphill ? 1 : grown;
    const last = x;
    moved = next.map((value, i) => value + factor * (value - last[i]!));
    x = next;
    if (step < 1e-14) break;
  }
  return x;
}

function frequencies(
  counts: Counts,
  k: number,
): { readonly p: Float64Array; readonly shots: number } {
  if (k > MOST_TENSORED) {
    throw new ValueError(`counts of ${k} qubits stand for 2^${k} probabilities`, {
      remedy: `Use at most ${MOST_TENSORED} qubits, or expval`,
    });
  }
  const p = new Float64Array(2 ** k);
  let shots = 0;
  for (const [outcome, count] of Object.entries(counts)) {
    checkOutcome(outcome, count, k);
    p[Number.parseInt(outcome, 2)]! += count;
    shots += count;
  }
  if (shots === 0) throw new ValueError('there are no counts', { remedy: 'Give at least one' });
  return { p: p.map((count) => count / shots), shots };
}

function checkOutcome(outcome: string, count: number, k: number): void {
  if (outcome.length === k && /^[01]+$/.test(outcome) && count >= 0 && count < Infinity) return;
  throw new ValueError(`'${outcome}': ${count} is not a count of ${k} qubits`, {
    remedy: `Use bit strings of length ${k} and numbers from 0`,
  });
}

function checkQubits(qubits: readonly number[]): void {
  const fit = qubits.every((qubit) => Number.isSafeInteger(qubit) && qubit >= 0);
  if (qubits.length > 0 && fit && new Set(qubits).size === qubits.length) return;
  throw new CircuitError(`the qubits read are [${qubits.join(', ')}]`, {
    remedy: 'Use integers from 0, each of them once',
  });
}

function odd(bits: number): boolean {
  let x = bits;
  for (const shift of [16, 8, 4, 2, 1]) x ^= x >> shift;
  return (x & 1) === 1;
}
