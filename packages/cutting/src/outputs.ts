import { UnsupportedError } from '@ketwork/base';
import { squaredPauli } from '@ketwork/circuit';
import type {
  Circuit,
  Measurement,
  Observable,
  PauliObservable,
  PauliTerm,
} from '@ketwork/circuit';

/** Most qubits whose joint probabilities are put together. */
const MAX_PROBABILITIES = 10;

/** A weighted sum of strings: their numbers and weights. */
interface Form {
  readonly strings: readonly number[];
  readonly weights: readonly number[];
}

/** One number of a result: the value of a form, or that of the first less the square of the second. */
interface Output {
  readonly mean: Form;
  readonly square?: Form;
}

/** How results come from expectation values of Pauli strings. */
export class Outputs {
  /** The strings, with coefficient 1. */
  readonly strings: readonly PauliTerm[];
  readonly #outputs: readonly (readonly Output[])[];

  /** @throws UnsupportedError for what is no function of a few Pauli strings */
  constructor(circuit: Circuit, measurements: readonly Measurement[]) {
    const strings: PauliTerm[] = [];
    const numbers = new Map<string, number>();
    const formOf = ({ terms }: Pick<PauliObservable, 'terms'>): Form => ({
      strings: terms.map(({ paulis }) => {
        const word = paulis.map(({ qubit, pauli }) => `${pauli}${qubit}`).join(' ');
        let number = numbers.get(word);
        if (number === undefined) {
          number = strings.push({ coefficient: 1, paulis }) - 1;
          numbers.set(word, number);
        }
        return number;
      }),
      weights: terms.map(({ coefficient }) => coefficient),
    });
    this.#outputs = measurements.map((m): Output[] => {
      if (m.type === 'expval') return m.observables.map((o) => ({ mean: formOf(sumOf(o)) }));
      if (m.type === 'variance') {
        return m.observables.map((o) => {
          const sum = sumOf(o);
          return { mean: formOf(sum), square: formOf(squaredPauli({ type: 'pauli', ...sum })) };
        });
      }
      if (m.type !== 'probabilities' || m.bits !== undefined) {
        const what = m.type === 'probabilities' ? 'probabilities of classical bits' : m.type;
        throw new UnsupportedError(`a cut circuit has no ${what}`, {
          remedy: 'Ask for expval, variance or probabilities of some qubits',
        });
      }
      const qubits = m.qubits ?? Array.from({ length: circuit.qubits }, (_, qubit) => qubit);
      if (qubits.length > MAX_PROBABILITIES) {
        throw new UnsupportedError(
          `probabilities of ${qubits.length} qubits of a cut circuit take ${2 ** qubits.length} strings`,
          { remedy: `Name at most ${MAX_PROBABILITIES} qubits` },
        );
      }
      return Array.from({ length: 2 ** qubits.length }, (_, outcome) => ({
        mean: formOf(basisProjector(qubits, outcome)),
      }));
    });
    this.strings = strings;
  }

  /** Results, `[batch, outputs]` per measurement, from `[batch, strings]`. */
  values(expectations: Float64Array, batch: number): Float64Array[] {
    return this.#outputs.map((outputs) =>
      Float64Array.from({ length: batch * outputs.length }, (_, i) => {
        const { mean, square } = outputs[i % outputs.length]!;
        const row = Math.floor(i / outputs.length) * this.strings.length;
        const value = valueOf(mean, expectations, row);
        return square === undefined ? value : valueOf(square, expectations, row) - value * value;
      }),
    );
  }

  /** Cotangents of the strings, `[batch, strings]`, from those of the results. */
  back(
    dy: readonly (Float64Array | undefined)[],
    expectations: Float64Array,
    batch: number,
  ): Float64Array {
    const out = new Float64Array(batch * this.strings.length);
    const add = (form: Form, row: number, factor: number): void =>
      form.strings.forEach((string, i) => {
        out[row + string]! += factor * form.weights[i]!;
      });
    this.#outputs.forEach((outputs, m) =>
      dy[m]?.forEach((cotangent, i) => {
        const { mean, square } = outputs[i % outputs.length]!;
        const row = Math.floor(i / outputs.length) * this.strings.length;
        if (square === undefined) add(mean, row, cotangent);
        else {
          add(square, row, cotangent);
          add(mean, row, -2 * cotangent * valueOf(mean, expectations, row));
        }
      }),
    );
    return out;
  }
}

function valueOf(form: Form, expectations: Float64Array, row: number): number {
  return form.strings.reduce(
    (sum, string, i) => sum + form.weights[i]! * expectations[row + string]!,
    0,
  );
}

/** An observable as a sum of Pauli strings. */
function sumOf(observable: Observable): Pick<PauliObservable, 'terms'> {
  if (observable.type === 'pauli') return observable;
  if (observable.type === 'projector') {
    const outcome = observable.bits.reduce<number>((value, bit) => 2 * value + bit, 0);
    return basisProjector(observable.qubits, outcome);
  }
  throw new UnsupportedError('a matrix as an observable cannot be split over fragments', {
    remedy: 'Write it as a sum of Pauli strings',
  });
}

/** The projector on a basis state of some qubits: the product of (1 ± Z)/2. */
function basisProjector(
  qubits: readonly number[],
  outcome: number,
): Pick<PauliObservable, 'terms'> {
  const k = qubits.length;
  return {
    terms: Array.from({ length: 2 ** k }, (_, subset) => {
      const chosen = qubits.flatMap((qubit, i) =>
        Math.floor(subset / 2 ** (k - 1 - i)) % 2 === 1
          ? [{ qubit, one: Math.floor(outcome / 2 ** (k - 1 - i)) % 2 === 1 }]
          : [],
      );
      const sign = chosen.filter(({ one }) => one).length % 2 === 0 ? 1 : -1;
      return {
        coefficient: sign / 2 ** k,
        paulis: chosen
          .map(({ qubit }) => ({ qubit, pauli: 'Z' as const }))
          .sort((a, b) => a.qubit - b.qubit),
      };
    }),
  };
}
