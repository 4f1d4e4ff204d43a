import { key, normal } from '@ketwork/base';
import { controlledMatrix, identity, multiply, rotationMatrix } from '../../src/gates/matrix.ts';
import { primitives } from '../../src/index.ts';
import type { Circuit, Op } from '../../src/index.ts';
import { embed, productOfPrimitives } from '../gates/dense.ts';

/** The matrix of a circuit of gates, matrices and evolutions under commuting strings, all constant. */
export function unitaryOf(circuit: Pick<Circuit, 'qubits' | 'ops'>): Float64Array {
  const n = circuit.qubits;
  return circuit.ops.reduce((product, op) => multiply(matrixOf(op, n), product), identity(2 ** n));
}

function matrixOf(op: Op, n: number): Float64Array {
  if (op.type === 'barrier') return identity(2 ** n);
  if (op.type === 'gate' || op.type === 'matrix') return productOfPrimitives(primitives(op), n);
  if (op.type !== 'evolution' || !('terms' in op.generator) || typeof op.time !== 'number') {
    throw new Error(`a ${op.type} was not expected`);
  }
  const { controls, time } = op;
  const controlling = controls.map((control) => control.qubit);
  return op.generator.terms.reduce(
    (product, { coefficient, paulis }) => {
      const word = paulis.map((p) => p.pauli).join('');
      const matrix = controlledMatrix(
        rotationMatrix(word, 2 * coefficient * time),
        controls.length,
      );
      return multiply(embed(matrix, [...controlling, ...paulis.map((p) => p.qubit)], n), product);
    },
    identity(2 ** n),
  );
}

/** 1 - |tr(A† B)| / d: zero for matrices that are equal up to a global phase. */
export function phaseDistance(a: Float64Array, b: Float64Array): number {
  let re = 0;
  let im = 0;
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  return Math.abs(1 - Math.hypot(re, im) / Math.sqrt(a.length / 2));
}

/** A random unitary matrix, row-major, interleaved: orthonormalised normal numbers. */
export function randomUnitary(seed: number, d: number): Float64Array {
  const m = Float64Array.from(normal(key(seed), 2 * d * d));
  for (let row = 0; row < d; row++) {
    for (let other = 0; other <= row; other++) {
      let [re, im] = [0, 0] as [number, number];
      for (let k = 0; k < d; k++) {
        const [i, j] = [2 * (row * d + k), 2 * (other * d + k)];
        re += m[j]! * m[i]! + m[j + 1]! * m[i + 1]!;
        im += m[j]! * m[i + 1]! - m[j + 1]! * m[i]!;
      }
      for (let k = 0; k < d; k++) {
        const [i, j] = [2 * (row * d + k), 2 * (other * d + k)];
        if (other === row) {
          m[i]! /= Math.sqrt(re);
          m[i + 1]! /= Math.sqrt(re);
        } else {
          const [a, b] = [m[j]!, m[j + 1]!];
          m[i]! -= re * a - im * b;
          m[i + 1]! -= re * b + im * a;
        }
      }
      if (other === row) break;
    }
  }
  return m;
}
