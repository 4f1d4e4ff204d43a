import {
  amplitudes,
  circuit,
  densityOperator,
  expval,
  hermitianSlot,
  input,
  probabilities,
  successProbability,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Observable } from '@ketwork/circuit';
import { Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { densityMatrix, reference } from '../../src/index.ts';
import { stageSizes } from '../../src/density/program.ts';
import { programOf, smallSizes } from './programs.ts';

/** Every kind of element with slots of every kind. */
function everything(n: number, axis: 'batch' | 'shared'): Circuit {
  const slots = {
    a: amplitudes([2], { axis, differentiable: true }),
    x: input([4], { axis, differentiable: true }),
    w: weight([n, 3]),
    p: weight([3]),
  };
  return circuit(n, slots, (q, { a, x, w, p }) => {
    q.prepare(a, [1], { normalize: true });
    for (let i = 0; i < n; i++)
      q.rot(w.at(i, 0), w.at(i, 1), w.at(i, 2), i).amplitudeDamping(p.at(0), i);
    for (let i = 0; i + 1 < n; i++) q.cnot(i, i + 1).depolarizing(0.1, [i, i + 1]);
    q.rx(x.at(0), 0).measure(0, 0, { postselect: 1 }).crx(x.at(1), 1, 0);
    q.thermalRelaxation(2, 1.5, p.at(1), n - 1)
      .reset(0)
      .ry(x.at(2), 0);
    const all = Array.from({ length: n }, (_, i) => i);
    q.pauliRot(x.at(3), 'XYZXYZ'.slice(0, n), all).depolarizing(p.at(2).times(x.at(0)), [0, n - 1]);
    q.linear([[1, 0.2], [0, 0.8]], [1]); // prettier-ignore
    q.unitary(permutation(n), all).ry(w.at(0, 0), 0);
  });
}

/** Moves basis state i to i + 1, with a phase: a matrix on all qubits that is neither diagonal nor real. */
function permutation(n: number): number[] {
  const d = 2 ** n;
  const matrix = Array<number>(2 * d * d).fill(0);
  for (let i = 0; i < d; i++) {
    matrix[2 * (((i + 1) % d) * d + i)] = Math.cos(i);
    matrix[2 * (((i + 1) % d) * d + i) + 1] = Math.sin(i);
  }
  return matrix;
}

const measurements = [
  expval(Z(0), X(1), Y(0).mul(Z(1))),
  variance(X(0).add(Z(1).scale(0.5))),
  probabilities([1, 0]),
  densityOperator([0, 1]),
  successProbability(),
] as const;

describe('gradients of the density matrix engine', () => {
  for (const axis of ['batch', 'shared'] as const) {
    for (const n of [2, 4, 6]) {
      it(`are central differences, ${n} qubits, ${axis} inputs, in whole vectors and in chunks`, () => {
        const made = everything(n, axis);
        const random = new Random(n);
        const batch = axis === 'batch' ? 3 : 1;
        const values: Record<string, Float64Array> = {
          a: random.normals(2 * batch),
          x: random.normals(4 * batch).map((x) => 0.5 + Math.abs(x) / 3),
          w: random.normals(3 * n),
          p: Float64Array.of(0.2, 0.7, 0.3),
        };
        const program = programOf(made, measurements);
        const dy = program.run(values).map((result) => random.normals(result.length));
        const gradients = program.vjp(values, dy);
        const total = (at: Record<string, Float64Array>): number =>
          program
            .run(at)
            .reduce((sum, result, m) => sum + result.reduce((s, y, i) => s + y * dy[m]![i]!, 0), 0);
        const h = 1e-3;
        for (const { name } of made.slots) {
          values[name]!.forEach((x, i) => {
            const at = (t: number): number => {
              const moved = values[name]!.slice();
              moved[i] = x + t;
              return total({ ...values, [name]: moved });
            };
            const difference = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
            expect(gradients[name]![i], `${name}[${i}]`).toBeCloseTo(difference, 8);
          });
        }
        // Few vectors to keep: most of the way is computed again, to the same numbers.
        const again = programOf(made, measurements, smallSizes).vjp(values, dy);
        const scarce = programOf(made, measurements, {
          packed: { ...stageSizes.packed, groups: 1, kept: 0 },
          pairs: { ...stageSizes.pairs, groups: 1, kept: 0 },
        }).vjp(values, dy);
        for (const { name } of made.slots) {
          gradients[name]!.forEach((x, i) => {
            expect(again[name]![i]).toBeCloseTo(x, 12);
            expect(scarce[name]![i]).toBeCloseTo(x, 12);
          });
        }
      });
    }
  }

  it('come per example and as squared norms', () => {
    const made = everything(3, 'batch');
    const batch = 67;
    const random = new Random(1);
    const values: Record<string, Float64Array> = {
      a: random.normals(2 * batch),
      x: random.normals(4 * batch).map((x) => 0.5 + Math.abs(x) / 6),
      w: random.normals(9),
      p: Float64Array.of(0.2, 0.7, 0.3),
    };
    const program = programOf(made, measurements);
    const dy = program.run(values).map((result) => random.normals(result.length));
    const sums = program.vjp(values, dy);
    const rows = program.vjp(values, dy, { perExample: true });
    const norms = program.vjp(values, dy, { squaredNorms: true });
    for (const name of ['w', 'p']) {
      const size = sums[name]!.length;
      sums[name]!.forEach((sum, i) => {
        let total = 0;
        for (let e = 0; e < batch; e++) total += rows[name]![e * size + i]!;
        expect(sum).toBeCloseTo(total, 10);
      });
      for (let e = 0; e < batch; e++) {
        const row = rows[name]!.subarray(e * size, (e + 1) * size);
        expect(norms[name]![e]).toBeCloseTo(
          row.reduce((s, x) => s + x * x, 0),
          10,
        );
      }
    }
    for (const example of [0, 63, 64, 66]) {
      const alone = program.vjp(
        {
          ...values,
          a: values['a']!.subarray(2 * example, 2 * example + 2),
          x: values['x']!.subarray(4 * example, 4 * example + 4),
        },
        dy.map((d) => d.subarray((example * d.length) / batch, ((example + 1) * d.length) / batch)),
      );
      expect(alone['w']).toEqual(rows['w']!.slice(9 * example, 9 * example + 9));
      expect(alone['x']).toEqual(sums['x']!.slice(4 * example, 4 * example + 4));
    }
    const only = program.vjp(values, dy, { wrt: ['p'] });
    expect(Object.keys(only)).toEqual(['p']);
    only['p']!.forEach((x, i) => expect(x).toBeCloseTo(sums['p']![i]!, 12));
  });

  it('agree with the reference where there is no noise, matrices of observables included', () => {
    const made = circuit(
      2,
      {
        x: input([2], { differentiable: true }),
        h: hermitianSlot(4, { axis: 'shared' }),
        g: hermitianSlot(2, { axis: 'batch' }),
      },
      (q, { x, h, g }) =>
        q.declare(h, g).rx(x.at(0), 0).cnot(0, 1).ry(x.at(1), 1).crz(x.at(0).times(2), 1, 0),
    );
    const differentiable: Circuit = {
      ...made,
      slots: made.slots.map((slot) => ({ ...slot, differentiable: true })),
    };
    const of = (slot: string, qubits: readonly number[]): Observable => ({
      type: 'hermitian',
      qubits,
      matrix: { slot },
    });
    const list = [
      expval(of('h', [1, 0]), of('g', [1])),
      variance(of('h', [0, 1]), of('g', [0])),
    ] as const;
    const random = new Random(4);
    const hermitianNumbers = (d: number): number[] => {
      const m = Array<number>(2 * d * d).fill(0);
      for (let i = 0; i < d; i++) {
        for (let j = 0; j <= i; j++) {
          const [re, im] = random.normals(2) as unknown as [number, number];
          m[2 * (i * d + j)] = re;
          m[2 * (j * d + i)] = re;
          if (i !== j) {
            m[2 * (i * d + j) + 1] = im;
            m[2 * (j * d + i) + 1] = -im;
          }
        }
      }
      return m;
    };
    const values = {
      x: random.normals(4),
      h: hermitianNumbers(4),
      g: [...hermitianNumbers(2), ...hermitianNumbers(2)],
    };
    const dy = [random.normals(4), random.normals(4)] as const;
    const mine = densityMatrix().compile(differentiable, list).vjp(values, dy);
    const expected = reference().compile(differentiable, list).vjp(values, dy);
    for (const name of ['x', 'h', 'g'])
      mine[name]!.forEach((x, i) => expect(x, name).toBeCloseTo(expected[name]![i]!, 11));
    const jacobian = densityMatrix()
      .compile(differentiable, list)
      .jacobian(values, { wrt: ['x'] });
    const rows = reference()
      .compile(differentiable, list)
      .jacobian(values, { wrt: ['x'] });
    jacobian['x']!.forEach((x, i) => expect(x).toBeCloseTo(rows['x']![i]!, 11));
  });
});
