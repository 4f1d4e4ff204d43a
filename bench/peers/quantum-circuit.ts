import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

interface Gate {
  readonly options: { params: { theta: number } };
}

interface QuantumCircuit {
  readonly gates: (Gate | null)[][];
  readonly state: Record<string, { re: number; im: number }>;
  addGate(name: string, column: number, wires: number | number[], options?: object): void;
  run(): void;
}

/** How a row names this peer. */
export const quantumCircuitName =
  'quantum-circuit, forward only (it has no gradients), one example at a time';

/** The npm package quantum-circuit: large and old, so not a dependency but taken from a folder where it is installed. */
export class QuantumCircuitPeer {
  readonly #create: (qubits: number) => QuantumCircuit;
  readonly version: string;

  /** @param folder holds `node_modules/quantum-circuit` */
  constructor(folder: string) {
    const load = createRequire(join(resolve(folder), 'package.json'));
    const Constructor = load('quantum-circuit') as new (qubits: number) => QuantumCircuit;
    this.version = (load('quantum-circuit/package.json') as { version: string }).version;
    this.#create = (qubits) => new Constructor(qubits);
  }

  /** A function that evaluates `Z` on qubit 0 after embedded layers for the example at `start`. */
  value(qubits: number, w: Float64Array): (x: ArrayLike<number>, start: number) => number {
    const circuit = this.#create(qubits);
    const rotation = (name: 'rx' | 'ry' | 'rz', q: number, angle: number): void =>
      circuit.addGate(name, -1, q, { params: name === 'rz' ? { phi: angle } : { theta: angle } });
    for (let q = 0; q < qubits; q++) rotation('rx', q, 0);
    const layers = w.length / (3 * qubits);
    for (let layer = 0, at = 0; layer < layers; layer++) {
      for (let q = 0; q < qubits; q++, at += 3) {
        rotation('rz', q, w[at]!);
        rotation('ry', q, w[at + 1]!);
        rotation('rz', q, w[at + 2]!);
      }
      const range = (layer % (qubits - 1)) + 1;
      for (let q = 0; q < qubits; q++) circuit.addGate('cx', -1, [q, (q + range) % qubits]);
    }
    return (x, start) => {
      for (let q = 0; q < qubits; q++) circuit.gates[q]![0]!.options.params.theta = x[start + q]!;
      circuit.run();
      let value = 0;
      for (const [index, { re, im }] of Object.entries(circuit.state)) {
        value += (Number(index) & 1) === 0 ? re * re + im * im : -re * re - im * im;
      }
      return value;
    };
  }
}
