/** How results of a circuit with measurements are read from its deferred circuit. */
import { UnsupportedError } from '@ketwork/base';
import { squaredMatrix, squaredPauli } from '@ketwork/circuit';
import type {
  Circuit,
  Control,
  DeferredCircuit,
  HermitianObservable,
  Measurement,
  Observable,
  Op,
  PauliObservable,
} from '@ketwork/circuit';
import { wiresRead } from '../compile.ts';

/** How one result is made of what is measured of the deferred circuit, by the numbers of those measurements. */
export type Reading =
  | { readonly type: 'linear'; readonly raw: number }
  /** Amplitude i is number `positions[i]` of `raw`, or number i. */
  | { readonly type: 'state'; readonly raw: number; readonly positions?: readonly number[] }
  /** `raw` has the variances as such; with post-selection `mean` has the means, since both change with the norm. */
  | { readonly type: 'variance'; readonly raw: number; readonly mean?: number }
  /** Outcome i of `raw` is outcome `outcomes[i]`; others never happen. */
  | { readonly type: 'probabilities'; readonly raw: number; readonly outcomes: readonly number[] }
  | { readonly type: 'success'; readonly raw: number };

/** What to measure of a deferred circuit, and how results are made of it. */
export interface Readings {
  readonly circuit: Circuit;
  readonly raw: readonly Measurement[];
  readonly readings: readonly Reading[];
  /** The measurement with the probability of all post-selections, where there are any. */
  readonly success?: number;
}

/** Readings of the circuit in which projections stand where the post-selections stood. */
export function planReadings(
  circuit: Circuit,
  measurements: readonly Measurement[],
  deferred: DeferredCircuit,
  selects: boolean,
): Readings {
  const raw: Measurement[] = [];
  const add = (m: Measurement): number => raw.push(m) - 1;
  let known: number | undefined;
  const success = (): number => (known ??= add({ type: 'successProbability' }));
  const readings = measurements.map((m): Reading => {
    switch (m.type) {
      case 'expval':
        return { type: 'linear', raw: add({ ...m, observables: moved(m.observables, deferred) }) };
      case 'variance': {
        const observables = moved(m.observables, deferred);
        const variance = add({ type: 'variance', observables });
        if (!selects) return { type: 'variance', raw: variance };
        return { type: 'variance', raw: variance, mean: add({ type: 'expval', observables }) };
      }
      case 'probabilities': {
        const { on, outcomes } = outcomesOf(wiresRead(m, circuit.qubits), circuit, deferred);
        // All bits known: one outcome has all the probability.
        const source = on.length === 0 ? success() : add({ type: 'probabilities', qubits: on });
        return { type: 'probabilities', raw: source, outcomes };
      }
      case 'successProbability':
        return { type: 'success', raw: success() };
      case 'state':
        return { type: 'state', raw: add(m) };
      default:
        throw new Error(`${m.type} has no exact value`);
    }
  });
  const plan = { circuit: deferred.circuit, raw, readings };
  return selects ? { ...plan, success: success() } : plan;
}

/**
 * Readings of the unitary circuit at whose end post-selections are projections: what is read is multiplied by the
 * projector on the qubit that tells whether they all held, so that derivatives are those of expectation values.
 *
 * @throws UnsupportedError for what has no such product
 */
export function planProjected(
  circuit: Circuit,
  measurements: readonly Measurement[],
  deferred: DeferredCircuit,
): Readings & { readonly success: number } {
  const { circuit: marked, flag } = withFlag(deferred);
  const raw: Measurement[] = [];
  const add = (m: Measurement): number => raw.push(m) - 1;
  const success = add({
    type: 'expval',
    observables: [{ type: 'projector', qubits: [flag.qubit], bits: [flag.value] }],
  });
  const kept = (observables: readonly Observable[]): number =>
    add({
      type: 'expval',
      observables: moved(observables, deferred).map((o) => timesProjector(o, flag)),
    });
  const readings = measurements.map((m): Reading => {
    switch (m.type) {
      case 'expval':
        return { type: 'linear', raw: kept(m.observables) };
      case 'variance':
        return {
          type: 'variance',
          raw: kept(m.observables.map(squared)),
          mean: kept(m.observables),
        };
      case 'probabilities': {
        const { on, outcomes } = outcomesOf(wiresRead(m, circuit.qubits), circuit, deferred);
        const qubits = [flag.qubit, ...on];
        // The flag is the most significant bit: half of the outcomes are not kept.
        const lost = outcomes.map(() => -1);
        return {
          type: 'probabilities',
          raw: add({ type: 'probabilities', qubits }),
          outcomes: flag.value === 1 ? [...lost, ...outcomes] : [...outcomes, ...lost],
        };
      }
      case 'successProbability':
        return { type: 'success', raw: success };
      case 'state':
        return { type: 'state', raw: add(m), positions: positionsOf(marked, deferred, flag) };
      default:
        throw new Error(`${m.type} has no exact value`);
    }
  });
  return { circuit: marked, raw, readings, success };
}

/** Where amplitudes of the kept state are: the qubits that tell what was kept have their values. */
function positionsOf({ qubits }: Circuit, deferred: DeferredCircuit, flag: Control): number[] {
  const place = (qubit: number): number => 2 ** (qubits - 1 - qubit);
  const kept = new Map([...deferred.postselected, flag].map(({ qubit, value }) => [qubit, value]));
  const base = [...kept].reduce((sum, [qubit, value]) => sum + value * place(qubit), 0);
  const on = deferred.qubits.map((qubit) => place(qubit!));
  return Array.from({ length: 2 ** on.length }, (_, index) =>
    on.reduce(
      (sum, weight, i) => sum + weight * (Math.floor(index / 2 ** (on.length - 1 - i)) % 2),
      base,
    ),
  );
}

/** One qubit that tells whether all post-selections hold; a further one, where there are several. */
function withFlag(deferred: DeferredCircuit): { circuit: Circuit; flag: Control } {
  const { circuit, postselected } = deferred;
  const [only] = postselected;
  if (only !== undefined && postselected.length === 1) return { circuit, flag: only };
  const qubit = circuit.qubits;
  const all: Op = {
    type: 'gate',
    gate: 'X',
    qubits: [qubit],
    angles: [],
    controls: postselected,
  };
  const ops = Object.freeze([...circuit.ops, Object.freeze(all)]);
  return {
    circuit: Object.freeze({ ...circuit, qubits: qubit + 1, ops }),
    flag: { qubit, value: 1 },
  };
}

/** Observables on the qubits of the deferred circuit. */
function moved(observables: readonly Observable[], { qubits }: DeferredCircuit): Observable[] {
  return observables.map((o): Observable => {
    if (o.type !== 'pauli') return { ...o, qubits: o.qubits.map((qubit) => qubits[qubit]!) };
    const terms = o.terms.map(({ coefficient, paulis }) => ({
      coefficient,
      paulis: paulis
        .map(({ qubit, pauli }) => ({ qubit: qubits[qubit]!, pauli }))
        .sort((a, b) => a.qubit - b.qubit),
    }));
    return { type: 'pauli', terms };
  });
}

function squared(o: Observable): Observable {
  if (o.type === 'pauli') return { type: 'pauli', terms: squaredPauli(o).terms };
  return o.type === 'hermitian' ? { ...o, matrix: [...squaredMatrix(fixedMatrix(o))] } : o;
}

/** An observable times the projector on one value of a qubit it does not act on. */
function timesProjector(o: Observable, { qubit, value }: Control): Observable {
  switch (o.type) {
    case 'projector':
      return { ...o, qubits: [...o.qubits, qubit], bits: [...o.bits, value] };
    case 'pauli': {
      // |v⟩⟨v| = (1 ± Z)/2
      const sign = value === 0 ? 1 : -1;
      const terms: PauliObservable['terms'] = o.terms.flatMap(({ coefficient, paulis }) => [
        { coefficient: coefficient / 2, paulis },
        {
          coefficient: (sign * coefficient) / 2,
          paulis: [...paulis, { qubit, pauli: 'Z' as const }].sort((a, b) => a.qubit - b.qubit),
        },
      ]);
      return { type: 'pauli', terms };
    }
    case 'hermitian': {
      const matrix = fixedMatrix(o);
      const d = 2 ** o.qubits.length;
      const wide = new Array<number>(8 * d * d).fill(0);
      for (let row = 0; row < d; row++) {
        for (let column = 0; column < d; column++) {
          const at = 2 * ((2 * row + value) * 2 * d + 2 * column + value);
          wide[at] = matrix[2 * (row * d + column)]!;
          wide[at + 1] = matrix[2 * (row * d + column) + 1]!;
        }
      }
      return { ...o, qubits: [...o.qubits, qubit], matrix: wide };
    }
  }
}

function fixedMatrix({ matrix }: HermitianObservable): readonly number[] {
  if (!('slot' in matrix)) return matrix;
  throw new UnsupportedError(
    `adjoint differentiation does not go through post-selection to the observable in slot '${matrix.slot}'`,
    {
      remedy:
        "Use a Pauli sum or a fixed matrix, method 'finite-difference' of @ketwork/gradients, or the reference engine",
    },
  );
}

/** The qubits of the deferred circuit that hold what is read, each once, and which outcome each of theirs stands for. */
function outcomesOf(
  wires: readonly number[],
  circuit: Circuit,
  { qubits, bits }: DeferredCircuit,
): { readonly on: readonly number[]; readonly outcomes: readonly number[] } {
  const places = wires.map((wire) =>
    wire < circuit.qubits ? { qubit: qubits[wire]! } : bits[wire - circuit.qubits]!,
  );
  const on = [...new Set(places.flatMap((place) => ('qubit' in place ? [place.qubit] : [])))];
  const outcomes = Array.from({ length: 2 ** on.length }, (_, index) =>
    places.reduce((number, place) => {
      const value =
        'value' in place
          ? place.value
          : Math.floor(index / 2 ** (on.length - 1 - on.indexOf(place.qubit))) % 2;
      return 2 * number + value;
    }, 0),
  );
  return { on, outcomes };
}
