import { key, normal } from '@ketwork/base';
import { circuit, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { angles } from './circuits.ts';

/** A circuit on one large state with the values of its weights. */
export interface LargeCase {
  readonly name: string;
  readonly circuit: Circuit<'w'>;
  readonly w: Float64Array;
}

type Build = Parameters<typeof circuit<{ w: ReturnType<typeof weight> }>>[2];

function make(name: string, qubits: number, weights: number, build: Build): LargeCase {
  return {
    name,
    circuit: circuit(qubits, { w: weight([weights]) }, build),
    w: angles(weights),
  };
}

const each = (qubits: number): number[] => Array.from({ length: qubits }, (_, q) => q);

/** Hadamards, then layers of RX and RZ on each qubit and a ring of CNOTs. */
export function hardwareEfficientCase(qubits: number, layers: number): LargeCase {
  const built = circuit(qubits, { w: weight([layers, 2, qubits]) }, (q, { w }) => {
    for (const i of each(qubits)) q.h(i);
    q.hardwareEfficient(w, {
      rotations: ['RX', 'RZ'],
      entanglement: 'circular',
      skipFinalRotation: true,
    });
  });
  const name = `hardware-efficient, ${layers} layers, ${qubits} qubits`;
  return { name, circuit: built, w: angles(layers * 2 * qubits) };
}

/** The quantum Fourier transform of a product state, swaps included. */
function fourier(n: number): LargeCase {
  return make(`QFT of a product state, ${n} qubits`, n, n, (q, { w }) => {
    for (const i of each(n)) q.ry(w.at(i), i);
    for (const i of each(n)) {
      q.h(i);
      for (let j = i + 1; j < n; j++) q.cp(Math.PI / 2 ** (j - i), j, i);
    }
    for (let i = 0; i < n >> 1; i++) q.swap(i, n - 1 - i);
  });
}

/**
 * Ripple-carry additions of two registers (Cuccaro et al., arXiv:quant-ph/0410184), both in a product state of rotated
 * qubits: b += a four times.
 */
function adder(n: number): LargeCase {
  const bits = (n - 2) >> 1;
  // Carry in, then b and a alternating from the least significant bit on, then carry out.
  const b = (i: number): number => 1 + 2 * i;
  const a = (i: number): number => 2 + 2 * i;
  const carry = (i: number): number => (i === 0 ? 0 : a(i - 1));
  return make(`ripple-carry adder, Toffoli-heavy, 4 additions, ${n} qubits`, n, n, (q, { w }) => {
    for (const i of each(n)) q.ry(w.at(i), i);
    for (let addition = 0; addition < 4; addition++) {
      for (let i = 0; i < bits; i++) {
        q.cnot(a(i), b(i)).cnot(a(i), carry(i)).toffoli(carry(i), b(i), a(i));
      }
      q.cnot(a(bits - 1), n - 1);
      for (let i = bits - 1; i >= 0; i--) {
        q.toffoli(carry(i), b(i), a(i)).cnot(a(i), carry(i)).cnot(carry(i), b(i));
      }
    }
  });
}

/** QAOA for MaxCut on a graph in which each vertex has three neighbours: a ring and its chords; four layers. */
function qaoa(n: number): LargeCase {
  const half = n >> 1;
  const edges = [
    ...each(n).map((i) => [i, (i + 1) % n] as const),
    ...each(half).map((i) => [i, i + half] as const),
  ];
  const layers = 4;
  return make(`QAOA, 3-regular graph, ${layers} layers, ${n} qubits`, n, 2 * layers, (q, { w }) => {
    for (const i of each(n)) q.h(i);
    for (let layer = 0; layer < layers; layer++) {
      for (const [i, j] of edges) q.rzz(w.at(2 * layer), i, j);
      for (const i of each(n)) q.rx(w.at(2 * layer + 1), i);
    }
  });
}

/** Instantaneous quantum polynomial circuit: Hadamards around phases on all qubits and all pairs. */
function iqp(n: number): LargeCase {
  const pairs = each(n).flatMap((i) => each(i).map((j) => [j, i] as const));
  return make(`IQP, all pairs, ${n} qubits`, n, n + pairs.length, (q, { w }) => {
    for (const i of each(n)) q.h(i);
    for (const i of each(n)) q.p(w.at(i), i);
    pairs.forEach(([i, j], k) => q.cp(w.at(n + k), i, j));
    for (const i of each(n)) q.h(i);
  });
}

/** First-order Trotter steps of the Ising chain in a transverse and a longitudinal field. */
function trotter(n: number): LargeCase {
  const steps = 10;
  return make(`Trotter steps of the Ising chain, ${steps} steps, ${n} qubits`, n, 3, (q, { w }) => {
    for (let step = 0; step < steps; step++) {
      for (let i = 0; i + 1 < n; i++) q.rzz(w.at(0), i, i + 1);
      for (const i of each(n)) q.rz(w.at(1), i);
      for (const i of each(n)) q.rx(w.at(2), i);
    }
  });
}

/** The columns of a random complex matrix made orthonormal (Gram and Schmidt, twice for rounding): a random unitary. */
export function randomUnitary(size: number, seed: number): Float64Array {
  const rows = Array.from({ length: size }, (_, r) => normal(key(seed + r), 2 * size));
  const project = (row: Float64Array, on: Float64Array): void => {
    let re = 0;
    let im = 0;
    for (let c = 0; c < 2 * size; c += 2) {
      re += on[c]! * row[c]! + on[c + 1]! * row[c + 1]!;
      im += on[c]! * row[c + 1]! - on[c + 1]! * row[c]!;
    }
    for (let c = 0; c < 2 * size; c += 2) {
      row[c] = row[c]! - (re * on[c]! - im * on[c + 1]!);
      row[c + 1] = row[c + 1]! - (re * on[c + 1]! + im * on[c]!);
    }
  };
  rows.forEach((row, r) => {
    for (const earlier of [...rows.slice(0, r), ...rows.slice(0, r)]) project(row, earlier);
    const norm = Math.hypot(...row);
    row.forEach((value, c) => (row[c] = value / norm));
  });
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

/** Random two-qubit unitaries between neighbours, in bricks: as many gates as ten layers have. */
export function brickwork(n: number): LargeCase {
  const layers = 10;
  const built = circuit(n, { w: weight([1]) }, (q, { w }) => {
    // One weight, so that all cases have the same slots.
    q.rx(w.at(0), 0);
    for (let layer = 0; layer < layers; layer++) {
      for (let i = layer % 2; i + 1 < n; i += 2) {
        q.unitary(randomUnitary(4, 1 + 4 * (layer * n + i)), [i, i + 1]);
      }
    }
  });
  return {
    name: `random SU(4) brickwork, ${layers} layers, ${n} qubits`,
    circuit: built,
    w: angles(1),
  };
}

/** Circuits with structure that a compiler can use. */
export const structuredCases = (qubits: number): LargeCase[] =>
  [fourier, adder, qaoa, iqp, trotter].map((build) => build(qubits));
