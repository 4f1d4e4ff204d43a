import { describe, expect, it } from 'vitest';
import {
  X,
  Z,
  chain,
  denseMatrix,
  heisenberg,
  ising,
  maxCut,
  pauli,
  pauliSum,
  squareLattice,
  xxz,
} from '../src/index.ts';
import type { PauliSum } from '../src/index.ts';

const same = (a: PauliSum, b: PauliSum): void => expect(a.sub(b).simplify().terms).toEqual([]);

describe('lattices', () => {
  it('chains are open or closed, and two qubits are one pair', () => {
    expect(chain(4)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(chain(4, { periodic: true }).at(-1)).toEqual([3, 0]);
    expect(chain(2, { periodic: true })).toEqual([[0, 1]]);
    expect(chain(1)).toEqual([]);
    expect(() => chain(0)).toThrow(/positive integer/);
  });

  it('square lattices have 2·r·c - r - c pairs, or 2·r·c when periodic', () => {
    const degree = (edges: ReturnType<typeof squareLattice>): Set<number> => {
      const count = new Map<number, number>();
      for (const [a, b] of edges) for (const q of [a, b]) count.set(q, (count.get(q) ?? 0) + 1);
      return new Set(count.values());
    };
    expect(squareLattice(3, 4).length).toBe(17);
    expect(squareLattice(3, 4, { periodic: true }).length).toBe(24);
    expect(degree(squareLattice(3, 4, { periodic: true }))).toEqual(new Set([4]));
    expect(squareLattice(2, 2, { periodic: true }).length).toBe(4);
  });
});

describe('model Hamiltonians', () => {
  it('have the terms of their formulas', () => {
    same(
      ising(3, { coupling: 2, field: 0.5, longitudinal: 0.25 }),
      pauliSum([
        [-2, 'ZZI'],
        [-2, 'IZZ'],
        [-0.5, 'XII'],
        [-0.5, 'IXI'],
        [-0.5, 'IIX'],
        [-0.25, 'ZII'],
        [-0.25, 'IZI'],
        [-0.25, 'IIZ'],
      ]),
    );
    same(
      heisenberg([[0, 2, 3]], { coupling: [1, 2, 4], field: 1 }),
      pauli('XIX').scale(3).add(pauli('YIY').scale(6), pauli('ZIZ').scale(12), Z(0), Z(2)),
    );
    same(xxz(5, { periodic: true }), heisenberg(5, { periodic: true }));
    expect(ising(3, { field: 0 }).terms.length).toBe(2);
    same(ising([[0, 1]]), pauli('ZZ').scale(-1).sub(X(0)).sub(X(1)));
  });

  it('maxCut counts the edges that are cut', () => {
    const graph = [
      [0, 1],
      [1, 2, 2.5],
      [2, 3],
      [3, 0],
      [0, 2],
    ] as const;
    const matrix = denseMatrix(maxCut(graph), 4);
    for (let state = 0; state < 16; state++) {
      const side = (q: number): number => (state >> (3 - q)) & 1;
      const cut = graph.reduce((sum, [a, b, w = 1]) => sum + (side(a) === side(b) ? 0 : w), 0);
      expect(matrix[2 * (state * 16 + state)]).toBeCloseTo(cut, 12);
    }
  });

  it('refuse what is no lattice', () => {
    expect(() => ising([[1, 1]])).toThrow(/\[1, 1\] is not a pair/);
    expect(() => heisenberg([[0, -1]])).toThrow(/not a pair/);
    expect(() => ising([[0, 1]], { periodic: true })).toThrow(/for chains/);
    expect(() => ising(3, { field: Number.NaN })).toThrow(/field is NaN/);
    expect(() => maxCut([[0, 1, Number.POSITIVE_INFINITY]])).toThrow(/weight of a pair/);
  });
});
