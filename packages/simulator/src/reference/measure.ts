import type { Circuit, Measurement, Observable } from '@ketwork/circuit';
import { wiresRead } from '../compile.ts';
import { addScaled, applyMap, bitsOf, hermitianPart, inner } from './linear.ts';
import { applyPauliSum, unitDirection } from './operations.ts';
import type { Example } from './operations.ts';

/** Results of one measurement in one example, and their derivatives by slot elements. */
export interface Measured {
  readonly values: Float64Array;
  readonly partials: ReadonlyMap<number, Float64Array>;
}

/**
 * Computes a measurement of a state and, from the derivatives of the state, those of the results.
 *
 * @param tangents derivatives of the state by slot elements; an element that is missing has derivative 0.
 */
export function measure(
  circuit: Circuit,
  m: Measurement,
  state: Float64Array,
  tangents: ReadonlyMap<number, Float64Array>,
  example: Example,
  wanted: (id: number) => boolean,
): Measured {
  switch (m.type) {
    case 'state':
      return { values: state.slice(), partials: tangents };
    case 'probabilities': {
      const qubits = wiresRead(m, circuit.qubits);
      return {
        values: marginal(state, state, qubits, circuit.qubits),
        partials: new Map(
          [...tangents].map(([id, t]) => [
            id,
            marginal(state, t, qubits, circuit.qubits).map((x) => 2 * x),
          ]),
        ),
      };
    }
    case 'successProbability':
      return {
        values: Float64Array.of(inner(state, state)[0]),
        partials: new Map(
          [...tangents].map(([id, t]) => [id, Float64Array.of(2 * inner(state, t)[0])]),
        ),
      };
    case 'expval':
    case 'variance':
      return measureObservables(circuit, m.type, m.observables, state, tangents, example, wanted);
    default:
      throw new Error(`${m.type} has no exact value`);
  }
}

/** `Re Σ conj(a) b` over the amplitudes of each outcome of some qubits. */
function marginal(
  a: Float64Array,
  b: Float64Array,
  list: readonly number[],
  qubits: number,
): Float64Array {
  const sums = new Float64Array(2 ** list.length);
  for (let i = 0; i < 2 ** qubits; i++) {
    sums[bitsOf(i, list, qubits)]! += a[2 * i]! * b[2 * i]! + a[2 * i + 1]! * b[2 * i + 1]!;
  }
  return sums;
}

function measureObservables(
  circuit: Circuit,
  type: 'expval' | 'variance',
  observables: readonly Observable[],
  state: Float64Array,
  tangents: ReadonlyMap<number, Float64Array>,
  example: Example,
  wanted: (id: number) => boolean,
): Measured {
  const values = new Float64Array(observables.length);
  const partials = new Map<number, Float64Array>();
  const add = (id: number, position: number, x: number): void => {
    if (!partials.has(id)) partials.set(id, new Float64Array(observables.length));
    partials.get(id)![position]! += x;
  };
  observables.forEach((o, position) => {
    const image = applyObservable(o, state, circuit.qubits, example);
    const mean = inner(state, image)[0];
    // ⟨ψ|O²|ψ⟩ = ⟨Oψ|Oψ⟩ since O is Hermitian.
    const square = inner(image, image)[0];
    values[position] = type === 'expval' ? mean : square - mean * mean;
    for (const [id, t] of tangents) {
      const dMean = 2 * inner(image, t)[0];
      if (type === 'expval') {
        add(id, position, dMean);
      } else {
        const dSquare = 2 * inner(applyObservable(o, image, circuit.qubits, example), t)[0];
        add(id, position, dSquare - 2 * mean * dMean);
      }
    }
    if (o.type !== 'hermitian' || !('slot' in o.matrix)) return;
    const slot = example.slot(o.matrix.slot);
    const d = 2 ** o.qubits.length;
    for (let i = 0; i < slot.values.length; i++) {
      if (!wanted(slot.first + i)) continue;
      const map = { targets: o.qubits, controls: [], form: { matrix: unitDirection(i, d) } };
      const along = applyMap(state, circuit.qubits, map, 'keep');
      const dMean = inner(state, along)[0];
      const dSquare = 2 * inner(image, along)[0];
      add(slot.first + i, position, type === 'expval' ? dMean : dSquare - 2 * mean * dMean);
    }
  });
  return { values, partials };
}

/** An observable applied to a state. */
export function applyObservable(
  o: Observable,
  state: Float64Array,
  qubits: number,
  example: Example,
): Float64Array {
  switch (o.type) {
    case 'pauli':
      return applyPauliSum(state, o.terms, qubits);
    case 'hermitian': {
      const d = 2 ** o.qubits.length;
      const given = 'slot' in o.matrix ? example.slot(o.matrix.slot).values : o.matrix;
      const map = { targets: o.qubits, controls: [], form: { matrix: hermitianPart(given, d) } };
      return applyMap(state, qubits, map, 'keep');
    }
    case 'projector': {
      const wanted = o.bits.reduce((number: number, bit) => 2 * number + bit, 0);
      return addScaled(state, state, 0).map((x, i) =>
        bitsOf(i >> 1, o.qubits, qubits) === wanted ? x : 0,
      );
    }
  }
}
