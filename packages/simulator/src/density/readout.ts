import { squaredMatrix, squaredPauli } from '@ketwork/circuit';
import type { Circuit, Measurement, Observable, QubitsAndBits } from '@ketwork/circuit';
import { wiresRead } from '../compile.ts';
import { checkSuccess, postselects } from '../postselection.ts';
import type { GradientSink } from '../cpu/gradient-sink.ts';
import type { SlotValues } from '../values.ts';
import {
  digitMatrix,
  digitPlaces,
  intoDigits,
  pauliCoefficients,
  signIndices,
  toMatrix,
  toPauli,
  walshHadamard,
  wordIndices,
} from './pauli-basis.ts';
import type { VectorView } from './wide.ts';

/** An expectation value as a weighted sum of numbers of the Pauli vector. */
type Mean =
  | { readonly type: 'sum'; readonly indices: Int32Array; readonly weights: Float64Array }
  | {
      /** The matrix, or its square, comes with the data. */
      readonly type: 'slot';
      readonly slot: string;
      readonly shared: boolean;
      readonly squared: boolean;
      readonly qubits: number;
      readonly indices: Int32Array;
    };

type Plan =
  | { readonly type: 'expval'; readonly means: readonly Mean[] }
  | {
      readonly type: 'variance';
      readonly means: readonly Mean[];
      readonly squares: readonly Mean[];
    }
  | { readonly type: 'probabilities' | 'densityOperator'; readonly indices: Int32Array }
  | { readonly type: 'success' };

/** What the final Pauli vector is read for: results of measurements, and on the way back its cotangent. */
export class PauliReadout {
  readonly #circuit: Circuit;
  readonly #plans: readonly Plan[];
  /** Whether results are divided by the probability that all post-selections held. */
  readonly #selects: boolean;

  readonly #wires: number;

  constructor(circuit: Circuit, measurements: readonly Measurement[], places: Places) {
    this.#circuit = circuit;
    this.#wires = places.wires;
    this.#selects = postselects(circuit);
    this.#plans = measurements.map((measurement) => planOf(circuit, measurement, places));
  }

  /** Divides a vector by its trace where outcomes were selected. Returns the trace. */
  #normalize({ numbers, start, step }: VectorView, example: number): number {
    const trace = numbers[start]!;
    if (!this.#selects) return trace;
    checkSuccess(trace, example, this.#circuit);
    const end = start + step * 4 ** this.#wires;
    for (let i = start; i < end; i += step) numbers[i] = numbers[i]! / trace;
    return trace;
  }

  /** Writes one example's results; the vector may be normalised. */
  read(
    view: VectorView,
    example: number,
    values: SlotValues,
    results: readonly Float64Array[],
    sizes: readonly number[],
  ): void {
    const success = this.#normalize(view, example);
    this.#plans.forEach((plan, m) => {
      const size = sizes[m]!;
      const out = results[m]!.subarray(example * size, (example + 1) * size);
      switch (plan.type) {
        case 'expval':
        case 'variance':
          plan.means.forEach((mean, i) => {
            const x = expectation(mean, view, example, values);
            if (plan.type === 'expval') out[i] = x;
            else out[i] = expectation(plan.squares[i]!, view, example, values) - x * x;
          });
          return;
        case 'probabilities':
          plan.indices.forEach((index, i) => (out[i] = numberAt(view, index) / size));
          walshHadamard(out);
          return;
        case 'densityOperator':
          readMatrix(view, plan.indices, out);
          return;
        case 'success':
          out[0] = success;
      }
    });
  }

  /** Adds the cotangent of one example's final vector, and the gradients of measured matrices. The vector may be normalised. */
  cotangent(
    view: VectorView,
    into: VectorView,
    example: number,
    values: SlotValues,
    dy: readonly (Float64Array | undefined)[],
    sizes: readonly number[],
    sink: GradientSink,
  ): void {
    const success = this.#normalize(view, example);
    let slope = 0;
    this.#plans.forEach((plan, m) => {
      const size = sizes[m]!;
      const given = dy[m]?.subarray(example * size, (example + 1) * size);
      if (given === undefined) return;
      switch (plan.type) {
        case 'expval':
        case 'variance':
          plan.means.forEach((mean, i) => {
            let weight = given[i]!;
            if (plan.type === 'variance') {
              addExpectation(plan.squares[i]!, view, into, weight, example, values, sink);
              weight *= -2 * expectation(mean, view, example, values);
            }
            addExpectation(mean, view, into, weight, example, values, sink);
          });
          return;
        case 'probabilities': {
          const slopes = given.map((x) => x / size);
          walshHadamard(slopes);
          plan.indices.forEach((index, i) => add(into, index, slopes[i]!));
          return;
        }
        case 'densityOperator':
          addMatrix(into, plan.indices, given);
          return;
        case 'success':
          slope += given[0]!;
      }
    });
    if (this.#selects) this.#throughQuotient(view, into, success);
    add(into, 0, slope);
  }

  /** From the cotangent of r / r_0 to that of r. */
  #throughQuotient(view: VectorView, into: VectorView, trace: number): void {
    let along = 0;
    for (let index = 0; index < 4 ** this.#wires; index++) {
      const at = into.start + index * into.step;
      along += into.numbers[at]! * numberAt(view, index);
      into.numbers[at] = into.numbers[at]! / trace;
    }
    add(into, 0, -along / trace);
  }
}

function numberAt({ numbers, start, step }: VectorView, index: number): number {
  return numbers[start + index * step]!;
}

function add({ numbers, start, step }: VectorView, index: number, amount: number): void {
  numbers[start + index * step] = numbers[start + index * step]! + amount;
}

/** Where things are in a vector. */
interface Places {
  /** Its digits. */
  readonly wires: number;
  /** The digit of each classical bit that is read. */
  readonly bits: ReadonlyMap<number, number>;
}

function planOf(circuit: Circuit, measurement: Measurement, { wires, bits }: Places): Plan {
  const read = (given: QubitsAndBits): number[] =>
    wiresRead(given, circuit.qubits).map((wire) =>
      wire < circuit.qubits ? wire : bits.get(wire - circuit.qubits)!,
    );
  switch (measurement.type) {
    case 'expval':
      return {
        type: 'expval',
        means: measurement.observables.map((o) => meanOf(o, circuit, wires)),
      };
    case 'variance':
      return {
        type: 'variance',
        means: measurement.observables.map((o) => meanOf(o, circuit, wires)),
        squares: measurement.observables.map((o) => squareOf(o, circuit, wires)),
      };
    case 'probabilities':
      return {
        type: 'probabilities',
        indices: signIndices(read(measurement), wires),
      };
    case 'densityOperator':
      return {
        type: 'densityOperator',
        indices: wordIndices(read(measurement), wires),
      };
    case 'successProbability':
      return { type: 'success' };
    default:
      throw new Error(`${measurement.type} is not read from a Pauli vector`);
  }
}

function meanOf(observable: Observable, circuit: Circuit, qubits: number): Mean {
  if (observable.type === 'pauli') {
    const indices = observable.terms.map(({ paulis }) =>
      paulis.reduce(
        (index, { qubit, pauli }) => index + 'IXYZ'.indexOf(pauli) * 4 ** (qubits - 1 - qubit),
        0,
      ),
    );
    return {
      type: 'sum',
      indices: Int32Array.from(indices),
      weights: Float64Array.from(observable.terms, ({ coefficient }) => coefficient),
    };
  }
  const k = observable.qubits.length;
  if (observable.type === 'projector') {
    const pattern = observable.bits.reduce<number>((number, bit) => 2 * number + bit, 0);
    const weights = new Float64Array(2 ** k);
    weights[pattern] = 1 / 2 ** k;
    walshHadamard(weights);
    return { type: 'sum', indices: signIndices(observable.qubits, qubits), weights };
  }
  const indices = wordIndices(observable.qubits, qubits);
  const { matrix } = observable;
  if (!('slot' in matrix))
    return { type: 'sum', indices, weights: pauliCoefficients(matrix, 0, k) };
  const shared = circuit.slots.find(({ name }) => name === matrix.slot)?.axis === 'shared';
  return { type: 'slot', slot: matrix.slot, shared, squared: false, qubits: k, indices };
}

function squareOf(observable: Observable, circuit: Circuit, wires: number): Mean {
  if (observable.type === 'pauli') return meanOf(squaredPauli(observable), circuit, wires);
  if (observable.type === 'projector') return meanOf(observable, circuit, wires);
  const { matrix } = observable;
  if ('slot' in matrix)
    return { ...(meanOf(observable, circuit, wires) as Mean & { type: 'slot' }), squared: true };
  return meanOf({ ...observable, matrix: [...squaredMatrix(matrix)] }, circuit, wires);
}

/** The matrix of an observable that comes with the data. */
function matrixOf(
  mean: Mean & { type: 'slot' },
  example: number,
  values: SlotValues,
): Float64Array {
  const size = 2 * 4 ** mean.qubits;
  const start = mean.shared ? 0 : example * size;
  return values.get(mean.slot).subarray(start, start + size);
}

function weightsOf(mean: Mean, example: number, values: SlotValues): Float64Array {
  if (mean.type === 'sum') return mean.weights;
  const matrix = matrixOf(mean, example, values);
  return pauliCoefficients(mean.squared ? squaredMatrix(matrix) : matrix, 0, mean.qubits);
}

function expectation(mean: Mean, view: VectorView, example: number, values: SlotValues): number {
  const weights = weightsOf(mean, example, values);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]! * numberAt(view, mean.indices[i]!);
  return sum;
}

function addExpectation(
  mean: Mean,
  view: VectorView,
  into: VectorView,
  weight: number,
  example: number,
  values: SlotValues,
  sink: GradientSink,
): void {
  weightsOf(mean, example, values).forEach((w, i) => add(into, mean.indices[i]!, weight * w));
  if (mean.type === 'sum' || !sink.wants(mean.slot)) return;
  // ⟨A⟩ = tr(A ρ), and ⟨A²⟩ has the derivative ρA + Aρ where ⟨A⟩ has ρ.
  const d = 2 ** mean.qubits;
  const rho = new Float64Array(2 * d * d);
  readMatrix(view, mean.indices, rho);
  const slope = mean.squared ? anticommutator(rho, matrixOf(mean, example, values), d) : rho;
  const { data, start } = sink.row(mean.slot, example);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const to = start + 2 * (i * d + j);
      const from = 2 * (j * d + i);
      data[to] = data[to]! + weight * slope[from]!;
      data[to + 1] = data[to + 1]! - weight * slope[from + 1]!;
    }
  }
}

function anticommutator(a: ArrayLike<number>, b: ArrayLike<number>, d: number): Float64Array {
  const out = new Float64Array(2 * d * d);
  for (const [left, right] of [[a, b] as const, [b, a] as const]) {
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        for (let k = 0; k < d; k++) {
          const [x, y, z] = [2 * (i * d + k), 2 * (k * d + j), 2 * (i * d + j)];
          out[z] = out[z]! + left[x]! * right[y]! - left[x + 1]! * right[y + 1]!;
          out[z + 1] = out[z + 1]! + left[x]! * right[y + 1]! + left[x + 1]! * right[y]!;
        }
      }
    }
  }
  return out;
}

/** Writes the density matrix of some qubits, interleaved. */
function readMatrix(view: VectorView, indices: Int32Array, out: Float64Array): void {
  const k = Math.log2(indices.length) / 2;
  const digits = digitMatrix(k);
  indices.forEach((index, i) => (digits.re[i] = numberAt(view, index) / 2 ** k));
  toMatrix(digits);
  digitPlaces(k).forEach((place, i) => {
    out[2 * i] = digits.re[place]!;
    out[2 * i + 1] = digits.im[place]!;
  });
}

/** Adds the cotangent of {@link readMatrix}. */
function addMatrix(into: VectorView, indices: Int32Array, dy: Float64Array): void {
  const k = Math.log2(indices.length) / 2;
  const d = 2 ** k;
  // Σ (dyRe Re P + dyIm Im P) = Re tr(P D), D being the adjoint of the matrix dy.
  const adjoint = new Float64Array(dy.length);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      adjoint[2 * (j * d + i)] = dy[2 * (i * d + j)]!;
      adjoint[2 * (j * d + i) + 1] = -dy[2 * (i * d + j) + 1]!;
    }
  }
  const digits = digitMatrix(k);
  intoDigits(adjoint, 0, k, digits);
  toPauli(digits);
  indices.forEach((index, i) => add(into, index, digits.re[i]! / 2 ** k));
}
