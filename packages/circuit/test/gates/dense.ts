import {
  controlledMatrix,
  dimensionOf,
  identity,
  multiply,
  phaseMatrix,
  rotationMatrix,
} from '../../src/gates/matrix.ts';
import type { Angle, Primitive } from '../../src/index.ts';

/** Matrix on `n` qubits of a matrix that acts on `qubits`, written out basis state by basis state. */
export function embed(
  matrix: ArrayLike<number>,
  qubits: readonly number[],
  n: number,
): Float64Array {
  const d = 1 << n;
  const small = dimensionOf(matrix);
  const out = new Float64Array(2 * d * d);
  for (let column = 0; column < d; column++) {
    const local = qubits.reduce((index, q) => 2 * index + ((column >> (n - 1 - q)) & 1), 0);
    for (let row = 0; row < small; row++) {
      let target = column;
      qubits.forEach((q, i) => {
        const bit = (row >> (qubits.length - 1 - i)) & 1;
        const shift = n - 1 - q;
        target = (target & ~(1 << shift)) | (bit << shift);
      });
      out[2 * (target * d + column)] = matrix[2 * (row * small + local)]!;
      out[2 * (target * d + column) + 1] = matrix[2 * (row * small + local) + 1]!;
    }
  }
  return out;
}

/** Matrix of a product of primitives with constant angles on `n` qubits. */
export function productOfPrimitives(list: readonly Primitive[], n: number): Float64Array {
  let product = identity(1 << n);
  for (const p of list) {
    const small =
      p.type === 'rotation'
        ? rotationMatrix(p.word, constant(p.angle))
        : p.type === 'phase'
          ? phaseMatrix(p.qubits.length, constant(p.angle))
          : Float64Array.from(p.matrix);
    let matrix = embed(
      controlledMatrix(small, p.controls.length),
      [...p.controls.map((c) => c.qubit), ...p.qubits],
      n,
    );
    for (const { qubit, value } of p.controls) {
      if (value === 1) continue;
      const x = embed([0, 0, 1, 0, 1, 0, 0, 0], [qubit], n);
      matrix = multiply(x, multiply(matrix, x));
    }
    product = multiply(matrix, product);
  }
  return product;
}

/** Largest absolute difference of two arrays. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

function constant(angle: Angle): number {
  if (typeof angle !== 'number') throw new Error('a constant angle was expected');
  return angle;
}
