/**
 * What is read from the states of single trajectories and how results are put together: means over trajectories of
 * means of Pauli strings, of other observables and of probabilities, with their standard errors.
 */
import { squaredPauli } from '@ketwork/circuit';
import type { Circuit, Measurement, Observable, PauliTerm } from '@ketwork/circuit';

/** A sum over columns: numbers read from a state. */
export interface Combination {
  readonly constant: number;
  readonly terms: readonly { readonly column: number; readonly factor: number }[];
}

/** One number of a result. A variance needs the mean of the square and the mean itself. */
interface Output {
  readonly mean: Combination;
  readonly square?: Combination;
}

type Plan =
  | { readonly type: 'observables'; readonly outputs: readonly Output[] }
  /** Probabilities of these qubits (result `index` of the reading program; without qubits there is none) and bits. */
  | {
      readonly type: 'probabilities';
      readonly index: number;
      readonly qubits: readonly number[];
      readonly bits: readonly number[];
    }
  | { readonly type: 'success' };

/** A column: the mean of one observable, or (`square`) of its square. */
export interface Column {
  readonly observable: Observable;
  /** Pauli letters by qubit of a single string; absent for other observables. */
  readonly string?: PauliTerm['paulis'];
  readonly square: boolean;
}

/** Plans readings of measurements. */
export class Readings {
  /** What has to be read from each state. */
  readonly measurements: readonly Measurement[];
  readonly columns: readonly Column[];
  readonly plans: readonly Plan[];
  /** Numbers per example of each measurement. */
  readonly sizes: readonly number[];
  /** Columns of means, and positions of those whose variance is read, too. */
  readonly #means: readonly number[];
  readonly #squares: readonly number[];
  /** By column that is a square: the column of its mean. */
  readonly #meanOf: readonly number[];

  constructor(circuit: Circuit, measurements: readonly Measurement[], sizes: readonly number[]) {
    const columns: Column[] = [];
    const known = new Map<string, number>();
    const place = (column: Column): number => {
      const name = JSON.stringify([column.string ?? column.observable, column.square]);
      let index = known.get(name);
      if (index === undefined) {
        index = columns.push(column) - 1;
        known.set(name, index);
      }
      return index;
    };
    const ofTerms = (terms: readonly PauliTerm[]): Combination => {
      let constant = 0;
      const sum: { column: number; factor: number }[] = [];
      for (const { coefficient, paulis } of terms) {
        if (paulis.length === 0) constant += coefficient;
        else {
          const observable: Observable = { type: 'pauli', terms: [{ coefficient: 1, paulis }] };
          const column = place({ observable, string: paulis, square: false });
          sum.push({ column, factor: coefficient });
        }
      }
      return { constant, terms: sum };
    };
    const of = (observable: Observable, square: boolean): Combination => {
      if (observable.type === 'pauli')
        return ofTerms(square ? squaredPauli(observable).terms : observable.terms);
      // The square of a projector is the projector.
      const column = place({
        observable,
        square: square && observable.type === 'hermitian',
      });
      return { constant: 0, terms: [{ column, factor: 1 }] };
    };
    const marginals: Measurement[] = [];
    const all = Array.from({ length: circuit.qubits }, (_, q) => q);
    this.plans = measurements.map((m): Plan => {
      switch (m.type) {
        case 'expval':
          return {
            type: 'observables',
            outputs: m.observables.map((o) => ({ mean: of(o, false) })),
          };
        case 'variance':
          return {
            type: 'observables',
            outputs: m.observables.map((o) => ({ mean: of(o, false), square: of(o, true) })),
          };
        case 'probabilities': {
          const qubits = m.qubits ?? (m.bits === undefined ? all : []);
          if (qubits.length > 0) marginals.push({ type: 'probabilities', qubits });
          return { type: 'probabilities', index: marginals.length, qubits, bits: m.bits ?? [] };
        }
        case 'successProbability':
          return { type: 'success' };
        default:
          throw new Error(`${m.type} is not a mean over trajectories`);
      }
    });
    // The variance of a Hermitian matrix is read beside its mean.
    this.#meanOf = columns
      .slice()
      .map(({ observable, square }) => (square ? place({ observable, square: false }) : -1));
    this.columns = columns;
    this.sizes = sizes;
    this.#means = columns.flatMap(({ square }, c) => (square ? [] : [c]));
    this.#squares = columns.flatMap(({ square }, c) => (square ? [c] : []));
    const observables = this.#means.map((c) => (columns[c] as Column).observable);
    const squared = this.#squares.map((c) => (columns[c] as Column).observable);
    this.measurements = [
      // Something is always read at place 0, and the variances come last.
      {
        type: 'expval',
        observables:
          observables.length > 0
            ? observables
            : [{ type: 'pauli', terms: [{ coefficient: 1, paulis: [] }] }],
      },
      ...marginals,
      ...(squared.length > 0 ? [{ type: 'variance' as const, observables: squared }] : []),
    ];
  }

  /** Whether results are the same if a qubit is measured before they are read: only its value is looked at, and no bits are. */
  diagonal(qubit: number): boolean {
    return (
      this.columns.every(({ observable, string }) =>
        string === undefined
          ? observable.type === 'projector' ||
            (observable.type === 'hermitian' && !observable.qubits.includes(qubit))
          : string.every((letter) => letter.qubit !== qubit || letter.pauli === 'Z'),
      ) && this.plans.every((plan) => plan.type !== 'probabilities' || plan.bits.length === 0)
    );
  }

  /** Whether some result is a variance, which is not a mean over trajectories. */
  get hasVariances(): boolean {
    return this.plans.some(
      (plan) => plan.type === 'observables' && plan.outputs.some(({ square }) => square),
    );
  }

  /** Whether squares of matrices are read, as variances. */
  get hasSquares(): boolean {
    return this.#squares.length > 0;
  }

  /** Derivatives of `Σ dy · y` by the means of the columns, around these means. */
  weights(dy: readonly (Float64Array | undefined)[], centre: Float64Array): Float64Array {
    const out = new Float64Array(this.columns.length);
    const add = ({ terms }: Combination, factor: number): void => {
      for (const { column, factor: own } of terms)
        out[column] = (out[column] as number) + factor * own;
    };
    this.plans.forEach((plan, m) => {
      const cotangent = dy[m];
      if (plan.type !== 'observables' || cotangent === undefined) return;
      plan.outputs.forEach(({ mean, square }, o) => {
        const weight = cotangent[o] as number;
        if (square === undefined) add(mean, weight);
        else {
          add(square, weight);
          add(mean, -2 * weight * valueOf(mean, centre));
        }
      });
    });
    return out;
  }

  /** Cotangents, all zero, of the reading program for this many states. */
  cotangents(states: number): Float64Array[] {
    return this.measurements.map((m) => {
      if (m.type === 'probabilities')
        return new Float64Array(states * 2 ** (m.qubits as readonly number[]).length);
      return new Float64Array(states * ('observables' in m ? m.observables.length : 0));
    });
  }

  /** Adds derivatives by the columns of one state to cotangents; `results` hold the means where squares are read. */
  addColumns(
    cotangents: readonly Float64Array[],
    position: number,
    weights: Float64Array,
    results: readonly Float64Array[] | undefined,
  ): void {
    const columns = results === undefined ? undefined : this.columnsOf(results, position);
    const means = cotangents[0] as Float64Array;
    this.#means.forEach((c, i) => {
      const at = position * this.#means.length + i;
      means[at] = (means[at] as number) + (weights[c] as number);
    });
    this.#squares.forEach((c, i) => {
      const variances = cotangents.at(-1) as Float64Array;
      const at = position * this.#squares.length + i;
      variances[at] = (variances[at] as number) + (weights[c] as number);
      // The mean of a square is the variance plus the square of the mean.
      const mean = this.#meanOf[c] as number;
      const to = position * this.#means.length + this.#means.indexOf(mean);
      means[to] =
        (means[to] as number) +
        2 * (weights[c] as number) * ((columns as Float64Array)[mean] as number);
    });
  }

  /** Adds derivatives by probabilities of one state; `flipped` gives the bits by which outcomes are flipped. */
  addOutcomes(
    cotangents: readonly Float64Array[],
    position: number,
    dy: readonly (Float64Array | undefined)[],
    factor: number,
    flipped: (qubits: readonly number[]) => number,
  ): void {
    this.plans.forEach((plan, m) => {
      const given = dy[m];
      if (plan.type !== 'probabilities' || plan.qubits.length === 0 || given === undefined) return;
      const target = cotangents[plan.index] as Float64Array;
      const size = 2 ** plan.qubits.length;
      const width = 2 ** plan.bits.length;
      const flips = flipped(plan.qubits);
      // Without measurements all bits are 0.
      for (let i = 0; i < size; i++) {
        const at = position * size + i;
        target[at] = (target[at] as number) + factor * (given[(i ^ flips) * width] as number);
      }
    });
  }

  /** Puts the columns of one state together from what the reading program returned for a batch of states. */
  columnsOf(results: readonly Float64Array[], position: number): Float64Array {
    const out = new Float64Array(this.columns.length);
    const means = results[0] as Float64Array;
    this.#means.forEach((c, i) => {
      out[c] = means[position * this.#means.length + i] as number;
    });
    const variances = results.at(-1) as Float64Array;
    this.#squares.forEach((c, i) => {
      const mean = out[this.#meanOf[c] as number] as number;
      out[c] = (variances[position * this.#squares.length + i] as number) + mean ** 2;
    });
    return out;
  }
}

const CERTAIN = { values: Float64Array.of(1), flips: 0 };

/** Sums as plain data, for the way between threads. */
export interface SumsData {
  readonly kept: number;
  readonly tried: number;
  readonly sums: readonly Float64Array[];
}

/** Sums over the trajectories of one example. */
export class Sums {
  readonly #readings: Readings;
  /** By measurement: Σ y, Σ y² and, for variances, the same of squares and Σ of products. */
  readonly #sums: readonly Float64Array[];
  /** Trajectories that arrived at the end, and all that set out. */
  kept: number;
  tried: number;

  /** @param data sums made elsewhere; zeros by default */
  constructor(readings: Readings, data?: SumsData) {
    this.#readings = readings;
    this.kept = data?.kept ?? 0;
    this.tried = data?.tried ?? 0;
    this.#sums =
      data?.sums ??
      readings.sizes.map(
        (size, m) => new Float64Array(size * (readings.plans[m]?.type === 'observables' ? 5 : 2)),
      );
  }

  /** Bytes that the sums of one example take. */
  static bytes(readings: Readings): number {
    return readings.sizes.reduce((sum, size) => sum + 40 * size, 0);
  }

  /**
   * Adds some trajectories in the same state.
   *
   * @param columns the columns, with the trajectories' signs
   * @param outcomes probabilities of these qubits, the reading program's result at `index`, and the bits they are flipped by
   * @param bits classical bits
   */
  add(
    count: number,
    columns: Float64Array,
    outcomes: (
      index: number,
      qubits: readonly number[],
    ) => { readonly values: Float64Array; readonly flips: number },
    bits?: Uint8Array,
  ): void {
    this.kept += count;
    this.#readings.plans.forEach((plan, m) => {
      const sums = this.#sums[m] as Float64Array;
      if (plan.type === 'observables') {
        plan.outputs.forEach(({ mean, square }, o) => {
          const y = valueOf(mean, columns);
          const z = square === undefined ? 0 : valueOf(square, columns);
          const at = 5 * o;
          sums[at] = (sums[at] as number) + count * y;
          sums[at + 1] = (sums[at + 1] as number) + count * y * y;
          sums[at + 2] = (sums[at + 2] as number) + count * z;
          sums[at + 3] = (sums[at + 3] as number) + count * z * z;
          sums[at + 4] = (sums[at + 4] as number) + count * y * z;
        });
      } else if (plan.type === 'probabilities') {
        const { qubits } = plan;
        const { values, flips } = qubits.length === 0 ? CERTAIN : outcomes(plan.index, qubits);
        const width = 2 ** plan.bits.length;
        const read = plan.bits.reduce((number, bit) => 2 * number + (bits?.[bit] ?? 0), 0);
        for (let i = 0; i < values.length; i++) {
          const p = values[i] as number;
          const at = 2 * ((i ^ flips) * width + read);
          sums[at] = (sums[at] as number) + count * p;
          sums[at + 1] = (sums[at + 1] as number) + count * p * p;
        }
      }
    });
  }

  /** The sums themselves. */
  get data(): SumsData {
    return { kept: this.kept, tried: this.tried, sums: this.#sums };
  }

  /** Adds the sums of other trajectories. */
  merge(other: Sums): void {
    this.kept += other.kept;
    this.tried += other.tried;
    this.#sums.forEach((sums, m) => {
      const more = other.#sums[m] as Float64Array;
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (more[i] as number);
    });
  }

  /** Writes means and standard errors of a measurement. */
  write(m: number, means: Float64Array, errors: Float64Array): void {
    const sums = this.#sums[m] as Float64Array;
    const n = this.kept;
    const error = (sum: number, square: number): number =>
      Math.sqrt(Math.max(0, square - (sum * sum) / n) / (n * (n - 1)));
    const plan = this.#readings.plans[m] as Plan;
    if (plan.type === 'observables') {
      plan.outputs.forEach(({ square }, o) => {
        const [y, yy, z, zz, yz] = sums.subarray(5 * o, 5 * o + 5) as unknown as [
          number,
          number,
          number,
          number,
          number,
        ];
        const mean = y / n;
        if (square === undefined) {
          means[o] = mean;
          errors[o] = error(y, yy);
        } else {
          means[o] = z / n - mean * mean;
          // To first order the error is that of z - 2 · mean · y.
          errors[o] = error(z - 2 * mean * y, zz - 4 * mean * yz + 4 * mean * mean * yy);
        }
      });
      return;
    }
    if (plan.type === 'success') {
      means[0] = n / this.tried;
      errors[0] = Math.sqrt((n * (this.tried - n)) / (this.tried - 1)) / this.tried;
      return;
    }
    for (let i = 0; i < means.length; i++) {
      const sum = sums[2 * i] as number;
      means[i] = sum / n;
      errors[i] = error(sum, sums[2 * i + 1] as number);
    }
  }
}

function valueOf({ constant, terms }: Combination, columns: Float64Array): number {
  let sum = constant;
  for (const { column, factor } of terms) sum += factor * (columns[column] as number);
  return sum;
}
