// What the circuit does, after every edit. Angles become slots of a circuit whose structure stays the same, so that a
// slider only runs the compiled program again.
import {
  assembleCircuit,
  expval,
  probabilities,
  qubitsOf,
  state,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Angle, Circuit, Op } from '@ketwork/circuit';
import type { Engine, Program } from '@ketwork/simulator';
import { bitsOf } from './columns.ts';
import type { Document } from './document.ts';

/** What is known of the final state. */
export interface LiveResult {
  readonly qubits: number;
  /** `[2^n]` */
  readonly probabilities: Float64Array;
  /** `[2^n, 2]`, interleaved re, im; absent where the circuit measures on its way, which leaves a mixture. */
  readonly amplitudes?: Float64Array;
  /** `[n, 3]`: ⟨X⟩, ⟨Y⟩, ⟨Z⟩ of every qubit. */
  readonly bloch: Float64Array;
  /** Probabilities of the classical bits `[2^bits]`, bit 0 the most significant; absent where there are none. */
  readonly bits?: Float64Array;
  /** Whether measurements at the very end were left out, so that the state before them can be shown. */
  readonly beforeMeasurement: boolean;
}

/** Name of the slot that angles are lifted into; circuits from outside may use any name but this one. */
const LIFTED = ' angles';
/** Most classical bits whose probabilities are shown. */
const MOST_BITS = 6;

/** A circuit with numbers for angles as one with a slot, and those numbers. */
export function lifted(circuit: Circuit): { readonly circuit: Circuit; readonly angles: number[] } {
  const angles: number[] = [];
  const lift = (angle: Angle): Angle =>
    typeof angle === 'number' ? { slot: LIFTED, index: angles.push(angle) - 1 } : angle;
  const ops = circuit.ops.map((op): Op => {
    if (op.type !== 'gate' || op.angles.length === 0) return op;
    return { ...op, angles: op.angles.map(lift) };
  });
  if (angles.length === 0) return { circuit, angles };
  const { slot } = weight(LIFTED, [angles.length]);
  return { circuit: assembleCircuit({ ...circuit, slots: [...circuit.slots, slot], ops }), angles };
}

/** The operations without measurements after which neither their qubit nor their bit is used. */
export function withoutFinalMeasurements(ops: readonly Op[]): readonly Op[] {
  const qubits = new Set<number>();
  const bits = new Set<number>();
  const kept: Op[] = [];
  for (const op of ops.toReversed()) {
    const final =
      op.type === 'measure' &&
      op.postselect === undefined &&
      !qubits.has(op.qubit) &&
      !bits.has(op.bit);
    if (final) continue;
    if (op.type !== 'barrier') for (const qubit of qubitsOf(op)) qubits.add(qubit);
    for (const bit of bitsOf(op)) bits.add(bit);
    kept.push(op);
  }
  return kept.toReversed();
}

const isUnitary = (op: Op): boolean =>
  op.type === 'gate' ||
  op.type === 'barrier' ||
  op.type === 'evolution' ||
  op.type === 'statePreparation' ||
  (op.type === 'matrix' && op.unitary);

/** Runs the circuit of a document, compiling only where its structure is new. */
export class Live {
  readonly #engine: Engine;
  #structure: string | undefined;
  #state: Program | undefined;
  #bits: Program | undefined;
  #pure = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @throws what the engine throws for a circuit it cannot run. */
  run(document: Document): LiveResult {
    const { circuit } = document;
    const shown = withoutFinalMeasurements(circuit.ops);
    const { circuit: structure, angles } = lifted(circuit);
    const text = JSON.stringify(structure);
    if (text !== this.#structure) this.#compile(circuit);
    this.#structure = text;
    const values = { ...document.values };
    const liftedShown = lifted({ ...circuit, ops: shown }).angles;
    const given = liftedShown.length > 0 ? { ...values, [LIFTED]: liftedShown } : values;
    const all = angles.length > 0 ? { ...values, [LIFTED]: angles } : values;
    const [bloch, probability, amplitudes] = this.#state!.run(given) as unknown as [
      Float64Array,
      Float64Array,
      Float64Array | undefined,
    ];
    const bits = this.#bits?.run(all) as Float64Array | undefined;
    return {
      qubits: circuit.qubits,
      bloch,
      probabilities: probability,
      ...(amplitudes === undefined ? {} : { amplitudes }),
      ...(bits === undefined ? {} : { bits }),
      beforeMeasurement: shown.length < circuit.ops.length,
    };
  }

  #compile(circuit: Circuit): void {
    this.#structure = undefined;
    this.#state?.dispose();
    this.#bits?.dispose();
    this.#state = undefined;
    this.#bits = undefined;
    const { qubits, bits } = circuit;
    const ops = withoutFinalMeasurements(circuit.ops);
    const shown = lifted(assembleCircuit({ ...circuit, ops })).circuit;
    const wires = Array.from({ length: qubits }, (_, i) => i);
    const vectors = expval(...wires.flatMap((q) => [X(q), Y(q), Z(q)]));
    this.#pure = ops.every(isUnitary);
    const measured = this.#pure ? [vectors, probabilities(), state()] : [vectors, probabilities()];
    this.#state = this.#engine.compile(shown, measured) as Program;
    if (bits > 0 && bits <= MOST_BITS) {
      const read = probabilities({ bits: Array.from({ length: bits }, (_, i) => i) });
      this.#bits = this.#engine.compile(lifted(circuit).circuit, read) as Program;
    }
  }
}
