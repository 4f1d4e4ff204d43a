import { CircuitError } from '@ketwork/base';
import { circuit as build, parseCircuit } from '@ketwork/circuit';
import type { Circuit, Op, Slot } from '@ketwork/circuit';
import type { NoiseModel } from './model.ts';

/** Options of {@link applyNoise}. */
export interface ApplyNoiseOptions {
  /** Qubits that are measured after the circuit, and so get the noise in front of measurements at its end. Default: none. */
  readonly measured?: readonly number[] | 'all';
}

/**
 * The circuit with the noise of a model in it, as operations of its own: after every gate that a rule names, and in front
 * of measurements. Gates under conditions have noise under the same condition. Slots of the noise join those of the
 * circuit. Readout errors are not part of a circuit; see {@link readoutProbabilities}.
 *
 * @returns a circuit for an engine whose capabilities list `channel`.
 * @throws CircuitError where slots of equal names differ.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { applyNoise, noiseModel } from '@ketwork/noise';
 * const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
 * const model = noiseModel({ gates: [{ after: 'all', noise: circuit(1, (q) => q.bitFlip(0.01, 0)) }] });
 * console.log(applyNoise(bell, model).ops.map((op) => op.type)); // gate, channel, gate, channel, channel
 * ```
 */
export function applyNoise<Names extends string>(
  circuit: Circuit<Names>,
  model: NoiseModel,
  options: ApplyNoiseOptions = {},
): Circuit<Names> {
  const slots = new Map<string, Slot>(circuit.slots.map((slot) => [slot.name, slot]));
  for (const { noise } of [...model.gates, ...model.measurements]) {
    for (const slot of noise.slots) {
      const known = slots.get(slot.name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(slot)) {
        throw new CircuitError(`the noise has another slot named '${slot.name}' than the circuit`, {
          remedy: 'Rename one',
        });
      }
      slots.set(slot.name, slot);
    }
  }
  const placed = (noise: Circuit, qubits: readonly number[]): readonly Op[] =>
    build(circuit.qubits, (q) => q.append(noise, qubits)).ops;
  const beforeMeasurement = (qubit: number): Op[] =>
    model.measurements.flatMap(({ qubits, noise }) =>
      qubits?.includes(qubit) === false ? [] : placed(noise, [qubit]),
    );
  const noisy = (op: Op): Op[] => {
    if (op.type === 'measure') return [...beforeMeasurement(op.qubit), op];
    if (op.type === 'conditional')
      return [{ ...op, then: op.then.flatMap(noisy), otherwise: op.otherwise.flatMap(noisy) }];
    if (op.type !== 'gate' && op.type !== 'matrix' && op.type !== 'evolution') return [op];
    const name = op.type === 'gate' ? op.gate : op.type;
    const all = [...op.controls.map(({ qubit }) => qubit), ...op.qubits];
    const after = model.gates.flatMap(({ after: gates, qubits, noise }) => {
      if (gates !== 'all' && !gates.includes(name)) return [];
      if (noise.qubits > 1) {
        const fits = all.length === noise.qubits && (qubits?.every((q, i) => q === all[i]) ?? true);
        return fits ? placed(noise, all) : [];
      }
      return all.flatMap((q) => (qubits?.includes(q) === false ? [] : placed(noise, [q])));
    });
    return [op, ...after];
  };
  const measured =
    options.measured === 'all'
      ? Array.from({ length: circuit.qubits }, (_, qubit) => qubit)
      : (options.measured ?? []);
  const ops = [...circuit.ops.flatMap(noisy), ...measured.flatMap(beforeMeasurement)];
  return parseCircuit({ ...circuit, slots: [...slots.values()], ops }) as Circuit<Names>;
}
