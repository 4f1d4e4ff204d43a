/** Families of circuits of 1,000 gates to plan; every seed makes another structure, so that no plan is known. */
import { assembleCircuit, circuit, expval, weight, Z } from '@ketwork/circuit';
import type { Builder, Circuit, Measurement } from '@ketwork/circuit';
import { Random, randomCircuit } from '@ketwork/testing';
import { randomUnitary } from './large-circuits.ts';

/** A family of circuits. */
export interface Family {
  readonly name: string;
  make(qubits: number, count: number, seed: number): Circuit;
}

const COMMON = 'H X Y Z S Sdg T Tdg SX RX RY RZ P CNOT CZ CP CRZ RZZ SWAP Toffoli'.split(' ');

/** RY and RZ on each qubit and CNOTs in a ring that steps over more qubits the further it is, cut off at `count` gates. */
function hardwareEfficient(qubits: number, count: number, seed: number): Circuit {
  const layers = Math.ceil(count / (3 * qubits));
  const random = new Random(seed);
  return circuit(qubits, { w: weight([layers, 2, qubits]) }, (q, { w }) => {
    let left = count;
    const next = (write: () => Builder): void => {
      if (left-- > 0) write();
    };
    for (let layer = 0; layer < layers; layer++) {
      const step = random.integer(1, qubits - 1);
      for (let i = 0; i < qubits; i++) next(() => q.ry(w.at(layer, 0, i), i));
      for (let i = 0; i < qubits; i++) next(() => q.rz(w.at(layer, 1, i), i));
      for (let i = 0; i < qubits; i++) next(() => q.cnot(i, (i + step) % qubits));
    }
  });
}

/** Random gates of these names; angles are constants, or from slots and expressions of them. */
const randomGates =
  (slots: boolean, gates?: readonly string[]) =>
  (qubits: number, count: number, seed: number): Circuit =>
    assembleCircuit(
      randomCircuit(seed, {
        qubits,
        ops: count,
        kinds: ['gate'],
        slots,
        ...(gates !== undefined && { gates }),
      }),
    );

/** Random two-qubit unitaries between neighbours, in bricks. */
function brickwork(qubits: number, count: number, seed: number): Circuit {
  return circuit(qubits, (q) => {
    for (let done = 0, layer = 0; done < count; layer++)
      for (let i = layer % 2; i + 1 < qubits && done < count; i += 2, done++)
        q.unitary(randomUnitary(4, 4 * (seed * count + done)), [i, i + 1]);
  });
}

/** What is planned. */
export const families: readonly Family[] = [
  { name: 'hardware-efficient', make: hardwareEfficient },
  { name: 'Clifford and T', make: randomGates(false, ['H', 'S', 'T', 'CNOT']) },
  { name: 'twenty common gates', make: randomGates(false, COMMON) },
  { name: 'the whole gate table, with slots', make: randomGates(true) },
  { name: 'random SU(4) brickwork', make: brickwork },
];

/** Z on each qubit. */
export const everyZ = (qubits: number): Measurement =>
  expval(...Array.from({ length: qubits }, (_, q) => Z(q)));
