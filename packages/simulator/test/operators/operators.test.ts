import { fold, key, normal } from '@ketwork/base';
import {
  circuit,
  denseMatrix,
  expval,
  heisenberg,
  hermitian,
  I,
  ising,
  pauliSum,
  squareLattice,
  state,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { PauliSum, WeightedWord } from '@ketwork/circuit';
import {
  applyHamiltonian,
  cpu,
  evolve,
  expectation,
  groundState,
  sparseMatrix,
} from '@ketwork/simulator';
import { describe, expect, test } from 'vitest';
import { besselJ } from '../../src/operators/chebyshev.ts';
import { data } from '../states/fixture.ts';

function randomState(seed: number, qubits: number): Float64Array {
  const x = normal(key(seed), 2 ** (qubits + 1));
  const norm = Math.hypot(...x);
  return x.map((v) => v / norm);
}

/** A sum of random words on all qubits. */
function randomSum(seed: number, qubits: number, terms: number): PauliSum {
  const words = Array.from({ length: terms }, (_, i): WeightedWord => {
    const x = normal(fold(key(seed), i), qubits + 1);
    const word = Array.from(x.subarray(1), (v) => 'IXYZ'[Math.floor(Math.abs(v) * 1000) % 4]!);
    return [x[0]!, word.join('')];
  });
  return pauliSum(words).add(I().scale(0.7));
}

function matvec(matrix: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  const d = x.length / 2;
  const y = new Float64Array(2 * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const [a, b] = [matrix[2 * (r * d + c)]!, matrix[2 * (r * d + c) + 1]!];
      y[2 * r]! += a * x[2 * c]! - b * x[2 * c + 1]!;
      y[2 * r + 1]! += a * x[2 * c + 1]! + b * x[2 * c]!;
    }
  }
  return y;
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(...Array.from(a, (x, i) => x - b[i]!));

describe('Hamiltonians act on states', () => {
  test.each([1, 3, 5])('sums, sparse and dense matrices agree, %d qubits', (qubits) => {
    for (const [seed, terms] of [
      [1, 4],
      [2, 60],
    ] as const) {
      const sum = randomSum(seed, qubits, terms);
      const psi = randomState(seed, qubits);
      const expected = matvec(denseMatrix(sum, qubits), psi);
      const all = Array.from({ length: qubits }, (_, q) => q);
      for (const h of [
        sum,
        sparseMatrix(sum, qubits),
        sparseMatrix(denseMatrix(sum, qubits)),
        hermitian(denseMatrix(sum, qubits), all),
      ]) {
        expect(distance(applyHamiltonian(h, psi), expected)).toBeLessThan(1e-11);
        const value = psi.reduce((total, x, i) => total + x * expected[i]!, 0);
        expect(expectation(h, psi)[0]).toBeCloseTo(value, 11);
      }
    }
  });

  test('in blocks and with factors made on the fly, 14 qubits, against the engine', async () => {
    const qubits = 14;
    const sum = randomSum(7, qubits, 300).add(heisenberg(qubits), ising(qubits));
    const made = circuit(qubits, (q) => {
      for (let i = 0; i < qubits; i++) q.ry(0.3 + i, i);
      for (let i = 1; i < qubits; i++) q.cnot(i - 1, i);
      for (let i = 0; i < qubits; i++) q.rx(0.7 - i, i);
    });
    const engine = await cpu();
    const [psi, exact] = engine.compile(made, [state(), expval(sum)]).run();
    expect(expectation(sum, psi)[0]).toBeCloseTo(exact[0]!, 10);
  });

  test('on some qubits, in batches', () => {
    const y = hermitian(
      [
        [0, { re: 0, im: -1 }],
        [{ re: 0, im: 1 }, 0],
      ],
      [1],
    );
    const two = Float64Array.of(...randomState(1, 2), ...randomState(2, 2));
    expect(
      distance(applyHamiltonian(y, two, { qubits: 2 }), applyHamiltonian(Y(1), two, { qubits: 2 })),
    ).toBe(0);
    expect(expectation(Z(0), two, { qubits: 2 }).length).toBe(2);
  });

  test('a cotangent of the state gives gradients of any Hamiltonian', async () => {
    const h = sparseMatrix(ising(3));
    const made = circuit(3, { w: weight([3]) }, (q, { w }) =>
      q.angleEmbedding(w).cnot(0, 1).cnot(1, 2),
    );
    const engine = await cpu();
    const values = { w: [0.3, 0.8, -0.4] };
    const program = engine.compile(made, state());
    const cotangent = applyHamiltonian(h, program.run(values)).map((x) => 2 * x);
    const { w } = program.vjp(values, cotangent);
    const { w: expected } = engine.compile(made, expval(ising(3))).vjp(values, [1]);
    expect(distance(w, expected)).toBeLessThan(1e-12);
  });

  test('sparse matrices are checked', () => {
    const bad =
      (entries: [number, number, number, number?][], dimension = 4) =>
      () =>
        sparseMatrix({ dimension, entries });
    expect(bad([[0, 1, 1]])).toThrow(/not Hermitian at row 0, column 1/);
    expect(bad([[0, 0, 1, 1]])).toThrow(/not Hermitian/);
    expect(bad([[0, 4, 1]])).toThrow(/\[0, 4, 1, 0\]/);
    expect(bad([], 3)).toThrow(/3 rows/);
    const summed = sparseMatrix({
      dimension: 2,
      entries: [
        [1, 1, 2],
        [0, 0, 1],
        [1, 1, 0.5],
      ],
    });
    expect([...summed.values]).toEqual([1, 0, 2.5, 0]);
    expect([...summed.rows]).toEqual([0, 1, 2]);
    expect(() => expectation(Z(3), randomState(1, 2))).toThrow(/acts on qubit 3/);
    expect(() => evolve(sparseMatrix(ising(3)), randomState(1, 2), 1)).toThrow(
      /no states of 3 qubits/,
    );
  });
});

describe('groundState', () => {
  const lattices: Record<string, PauliSum> = {
    'ising open': ising(6, { coupling: 0.8, field: 1.3 }),
    'ising periodic': ising(6, { periodic: true }),
    'ising square': ising(squareLattice(2, 3), { coupling: 1.1, field: 0.7 }),
    'heisenberg open': heisenberg(6, { coupling: [0.5, 0.9, 1.2] }),
    'heisenberg periodic': heisenberg(6, { periodic: true }),
  };

  test.each(data.models)('of PennyLane: $name', ({ name, energies }) => {
    const found = groundState(lattices[name]!, { count: 4 });
    energies.forEach((e, i) => expect(found.energies[i]).toBeCloseTo(e, 10));
  });

  test('energies of the free-fermion solution, 12 qubits: Lanczos', () => {
    // Open critical chain (Pfeuty, Ann. Phys. 57, 79, 1970): E0 = 1 - 1/sin(π/(2(2n+1))).
    const n = 12;
    const { energies, states, residuals } = groundState(ising(n));
    expect(energies[0]).toBeCloseTo(1 - 1 / Math.sin(Math.PI / (2 * (2 * n + 1))), 9);
    expect(residuals[0]).toBeLessThan(1e-7);
    expect(expectation(ising(n), states)[0]).toBeCloseTo(energies[0]!, 10);
  });

  test('degenerate states are found, each once', () => {
    // Two spins of 1/2 at the ends: an open Heisenberg chain of odd length has a doublet; the next are four.
    const h = heisenberg(7);
    const { energies, states } = groundState(h, { count: 4 });
    const dense = groundState(h, { count: 100 }).energies;
    energies.forEach((e, i) => expect(e).toBeCloseTo(dense[i]!, 9));
    expect(energies[1]).toBeCloseTo(energies[0]!, 9);
    const d = 128;
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b <= a; b++) {
        const x = states.subarray(2 * d * a, 2 * d * (a + 1));
        const y = states.subarray(2 * d * b, 2 * d * (b + 1));
        let [re, im] = [0, 0];
        for (let i = 0; i < 2 * d; i += 2) {
          re += x[i]! * y[i]! + x[i + 1]! * y[i + 1]!;
          im += x[i]! * y[i + 1]! - x[i + 1]! * y[i]!;
        }
        expect(Math.hypot(re - (a === b ? 1 : 0), im)).toBeLessThan(1e-9);
      }
    }
  });

  test('a diagonal Hamiltonian and one without terms', () => {
    expect(groundState(Z(0).add(Z(8)).scale(2)).energies[0]).toBeCloseTo(-4, 12);
    expect([...groundState(pauliSum([]), { qubits: 8, count: 2 }).energies]).toEqual([0, 0]);
  });

  test('refuses bad options and says when it does not converge', () => {
    expect(() => groundState(Z(0), { count: 3 })).toThrow(/3 states of 2/);
    expect(() => groundState(Z(0), { tolerance: 0 })).toThrow(/tolerance 0/);
    expect(() => groundState(heisenberg(10), { maxProducts: 2, tolerance: 1e-15 })).toThrow(
      /no convergence/,
    );
  });
});

describe('evolve', () => {
  const methods = ['exact', 'chebyshev', 'krylov'] as const;

  test.each(methods)('%s: random sums, several times of both signs', (method) => {
    for (const qubits of [1, 4]) {
      const h = randomSum(11, qubits, 12);
      const psi = randomState(12, qubits);
      const times = [0, 0.01, 1.3, -2.5, 12];
      const found = evolve(h, psi, times, { method });
      const exact = evolve(h, psi, times, { method: 'exact' });
      expect(distance(found, exact)).toBeLessThan(1e-10);
      // Back again.
      const last = found.subarray(-psi.length);
      expect(distance(evolve(h, last, -12, { method }), psi)).toBeLessThan(1e-10);
    }
  });

  test('exact is the exponential: a rotation about a Pauli string', async () => {
    const made = circuit(2, (q) => q.h(0).pauliRot(0.9, 'XY', [0, 1]));
    const expected = (await cpu()).compile(made, state()).run();
    const start = (await cpu())
      .compile(
        circuit(2, (q) => q.h(0)),
        state(),
      )
      .run();
    const h = X(0).mul(Y(1));
    for (const method of methods)
      expect(distance(evolve(h, start, 0.45, { method }), expected)).toBeLessThan(1e-12);
  });

  test('chebyshev and krylov agree at 10 qubits, to the tolerance asked for', () => {
    const h = heisenberg(10, { field: 0.3 });
    const psi = randomState(5, 10);
    const exact = evolve(sparseMatrix(h), psi, 3, { method: 'chebyshev', tolerance: 1e-14 });
    for (const tolerance of [1e-4, 1e-8, 1e-12]) {
      for (const method of ['chebyshev', 'krylov'] as const) {
        const off = distance(evolve(h, psi, 3, { method, tolerance }), exact);
        expect(off).toBeLessThan(Math.max(tolerance, 3e-12));
      }
    }
    expect(expectation(h, exact)[0]).toBeCloseTo(expectation(h, psi)[0]!, 10);
  });

  test('batches take one time each, and refuse what does not fit', () => {
    const two = Float64Array.of(...randomState(1, 3), ...randomState(2, 3));
    const h = ising(3);
    const found = evolve(h, two, [0.3, 0.7], { qubits: 3 });
    for (const method of methods) {
      const again = evolve(h, two, [0.3, 0.7], { qubits: 3, method });
      expect(distance(again, found)).toBeLessThan(1e-11);
    }
    expect(distance(found.subarray(16), evolve(h, two.subarray(16), 0.7))).toBeLessThan(1e-13);
    expect(() => evolve(h, two, [1, 2, 3], { qubits: 3 })).toThrow(/3 times for 2 states/);
    expect(() => evolve(h, two, Number.NaN, { qubits: 3 })).toThrow(/finite times/);
    expect(() => evolve(ising(11), randomState(1, 11), 1, { method: 'exact' })).toThrow(
      /too large/,
    );
  });

  test('Bessel functions', () => {
    // Abramowitz and Stegun, table 9.1.
    expect(besselJ(1, 1e-16)[0]).toBeCloseTo(0.765197686557967, 14);
    expect(besselJ(10, 1e-16)[1]).toBeCloseTo(0.043472746168861, 14);
    expect(besselJ(17.5, 1e-16)[0]).toBeCloseTo(-0.103110398228686, 14);
    for (const z of [1e-8, 0.3, 40, 900]) {
      const j = besselJ(z, 1e-16);
      // J_0² + 2 Σ J_k² = 1.
      const sum = j.reduce((total, x, k) => total + (k === 0 ? 1 : 2) * x * x, 0);
      expect(sum).toBeCloseTo(1, 13);
    }
  });
});
