import { fold, key, normal } from '@ketwork/base';
import { circuit, state } from '@ketwork/circuit';
import {
  concurrence,
  cpu,
  entanglementOfFormation,
  fidelity,
  logNegativity,
  mutualInformation,
  negativity,
  purity,
  reducedDensity,
  relativeEntropy,
  renyiEntropy,
  schmidt,
  traceDistance,
  vonNeumannEntropy,
} from '@ketwork/simulator';
import { describe, expect, test } from 'vitest';
import { data } from './fixture.ts';

const expectNear = (a: ArrayLike<number>, b: ArrayLike<number>, within = 1e-10): void => {
  expect(a.length).toBe(b.length);
  Array.from(a, (x, i) => expect(Math.abs(x - b[i]!)).toBeLessThan(within));
};

/** Random pure states, `[batch, 2^n, 2]`. */
function randomStates(seed: number, qubits: number, batch: number): Float64Array {
  const out = new Float64Array(batch * 2 ** (qubits + 1));
  for (let e = 0; e < batch; e++) {
    const x = normal(fold(key(seed), e), 2 ** (qubits + 1));
    const norm = Math.hypot(...x);
    out.set(
      x.map((v) => v / norm),
      e * x.length,
    );
  }
  return out;
}

/** |ψ⟩⟨ψ| of each example. */
function projectors(states: Float64Array, d: number): Float64Array {
  const batch = states.length / (2 * d);
  const out = new Float64Array(batch * 2 * d * d);
  for (let e = 0; e < batch; e++) {
    const at = (i: number): readonly [number, number] => [
      states[2 * (e * d + i)]!,
      states[2 * (e * d + i) + 1]!,
    ];
    for (let r = 0; r < d; r++) {
      for (let c = 0; c < d; c++) {
        const [a, b] = at(r);
        const [x, y] = at(c);
        out[2 * ((e * d + r) * d + c)] = a * x + b * y;
        out[2 * ((e * d + r) * d + c) + 1] = b * x - a * y;
      }
    }
  }
  return out;
}

describe('values of PennyLane and Qiskit', () => {
  test.each(data.mixed)('on $qubits qubits', (given) => {
    const rho = { density: given.rho };
    const sigma = { density: given.sigma };
    const psi = { state: given.psi };
    expectNear(purity(rho), [given.purity]);
    expectNear(vonNeumannEntropy(rho), [given.entropy]);
    expectNear(vonNeumannEntropy(rho, { base: 2 }), [given.entropyBase2]);
    // Roots of eigenvalues that are zero but for rounding are in PennyLane's value.
    expectNear(fidelity(rho, sigma), [given.fidelity], 1e-7);
    expectNear(fidelity(psi, sigma), [given.fidelityPure]);
    expectNear(fidelity(sigma, psi), [given.fidelityPure]);
    expectNear(traceDistance(rho, sigma), [given.traceDistance]);
    expectNear(relativeEntropy(rho, sigma), [given.relativeEntropy], 1e-9);
    if (given.qubits === 1) return;
    const rest = Array.from({ length: given.qubits - 1 }, (_, q) => q + 1);
    expectNear(reducedDensity(rho, [0]), given.reduced!);
    expectNear(reducedDensity(psi, [0]), given.reducedState!);
    expectNear(vonNeumannEntropy(psi, { of: [0] }), [given.stateEntropy!]);
    expectNear(vonNeumannEntropy(psi, { of: rest }), [given.stateEntropy!]);
    expectNear(mutualInformation(rho, [0], rest), [given.mutualInformation!]);
    expectNear(negativity(rho, [0]), [given.negativity!]);
    expectNear(negativity(psi, [0]), [given.stateNegativity!]);
    expectNear(schmidt(given.psi, [0]).coefficients, given.schmidt!);
    if (given.qubits > 2) return;
    expectNear(concurrence(rho), [given.concurrence!], 1e-8);
    expectNear(entanglementOfFormation(rho), [given.formation!], 1e-8);
  });
});

describe('pure states and their density matrices agree', () => {
  const qubits = 4;
  const batch = 3;
  const psi = randomStates(1, qubits, batch);
  const phi = randomStates(2, qubits, batch);
  const pure = { state: psi };
  const dense = { density: projectors(psi, 16) };
  const other = { state: phi };
  const otherDense = { density: projectors(phi, 16) };

  test('reduced density matrices, in any order of qubits', () => {
    for (const keep of [[0], [2, 0], [3, 1, 2], [1, 0, 3, 2]]) {
      const a = reducedDensity(pure, keep, { qubits });
      expectNear(a, reducedDensity(dense, keep, { qubits }), 1e-14);
      expect(a.length).toBe(batch * 2 * 4 ** keep.length);
    }
    // Exchanged qubits: rows and columns 1 and 2 change places.
    const [ab, ba] = [
      [0, 2],
      [2, 0],
    ].map((keep) => reducedDensity(pure, keep, { qubits }));
    const swap = [0, 2, 1, 3];
    for (let r = 0; r < 4; r++) {
      for (let c = 0; c < 4; c++)
        expect(ab![2 * (r * 4 + c)]).toBe(ba![2 * (swap[r]! * 4 + swap[c]!)]);
    }
  });

  test('entropies of parts', () => {
    for (const of of [[1], [0, 3], [0, 1, 2]]) {
      expectNear(purity(pure, { of, qubits }), purity(dense, { of, qubits }), 1e-13);
      for (const alpha of [0.5, 1, 2, 7, Infinity]) {
        const options = { of, qubits, base: 2 };
        expectNear(renyiEntropy(pure, alpha, options), renyiEntropy(dense, alpha, options), 1e-6);
      }
      expectNear(vonNeumannEntropy(pure, { of, qubits }), vonNeumannEntropy(dense, { of, qubits }));
    }
    expectNear(purity(pure, { qubits }), [1, 1, 1]);
    expectNear(vonNeumannEntropy(dense, { qubits }), [0, 0, 0], 1e-12);
    expectNear(
      mutualInformation(pure, [0], [2, 1], { qubits }),
      mutualInformation(dense, [0], [2, 1], { qubits }),
    );
  });

  test('fidelity, trace distance and entanglement', () => {
    const options = { qubits };
    const f = fidelity(pure, other, options);
    expectNear(fidelity(dense, other, options), f, 1e-12);
    expectNear(fidelity(dense, otherDense, options), f, 1e-10);
    const t = traceDistance(pure, other, options);
    expectNear(traceDistance(dense, otherDense, options), t, 1e-12);
    t.forEach((x, i) => expect(x).toBeCloseTo(Math.sqrt(1 - f[i]!), 12));
    for (const part of [[0], [3, 1], [0, 1, 2]]) {
      expectNear(negativity(pure, part, options), negativity(dense, part, options), 1e-12);
      expectNear(
        logNegativity(pure, part, options),
        negativity(pure, part, options).map((x) => Math.log2(2 * x + 1)),
      );
    }
    const two = randomStates(3, 2, 4);
    expectNear(
      concurrence({ state: two }, { qubits: 2 }),
      concurrence({ density: projectors(two, 4) }, { qubits: 2 }),
      1e-7,
    );
  });

  test('one state goes with a whole batch', () => {
    const one = { state: psi.subarray(0, 32) };
    expect(fidelity(one, pure, { qubits })[0]).toBeCloseTo(1, 13);
    expect(fidelity(pure, one, { qubits }).length).toBe(batch);
    const two = { state: psi.subarray(0, 64) };
    expect(() => fidelity(pure, two, { qubits })).toThrow(/batches of 3 and 2/);
  });
});

describe('schmidt', () => {
  test.each([[[0]], [[2, 0]], [[1, 3, 0]], [[4, 2, 0, 1]]])(
    'puts states together again, part %j',
    (part) => {
      const qubits = 5;
      const psi = randomStates(4, qubits, 2);
      const { rank, coefficients, left, right } = schmidt(psi, part, { qubits });
      const rest = [0, 1, 2, 3, 4].filter((q) => !part.includes(q));
      expect(rank).toBe(2 ** Math.min(part.length, rest.length));
      const bits = (index: number, list: readonly number[]): number =>
        list.reduce((sum, q) => 2 * sum + ((index >> (qubits - 1 - q)) & 1), 0);
      const [dl, dr] = [2 ** part.length, 2 ** rest.length];
      for (let e = 0; e < 2; e++) {
        for (let index = 0; index < 32; index++) {
          let re = 0;
          let im = 0;
          for (let i = 0; i < rank; i++) {
            const s = coefficients[e * rank + i]!;
            const a = 2 * ((e * rank + i) * dl + bits(index, part));
            const b = 2 * ((e * rank + i) * dr + bits(index, rest));
            re += s * (left[a]! * right[b]! - left[a + 1]! * right[b + 1]!);
            im += s * (left[a]! * right[b + 1]! + left[a + 1]! * right[b]!);
          }
          expect(re).toBeCloseTo(psi[2 * (32 * e + index)]!, 13);
          expect(im).toBeCloseTo(psi[2 * (32 * e + index) + 1]!, 13);
        }
        const mine = coefficients.subarray(e * rank, (e + 1) * rank);
        expect([...mine]).toEqual([...mine].sort((a, b) => b - a));
      }
    },
  );

  test('a product state has one coefficient, and small ones are exact', async () => {
    const product = circuit(3, (q) => q.h(0).ry(0.3, 1).ry(1e-7, 2).cnot(2, 0));
    const psi = (await cpu()).compile(product, state()).run();
    const { coefficients } = schmidt(psi, [1]);
    expectNear(coefficients, [1, 0], 1e-15);
    const ghost = circuit(2, (q) => q.ry(2e-9, 0).cnot(0, 1));
    const small = schmidt((await cpu()).compile(ghost, state()).run(), [0]).coefficients;
    expect(small[1]! / 1e-9).toBeCloseTo(1, 9);
  });
});

describe('limits of the quantities', () => {
  const zero = { state: [1, 0, 0, 0] };
  const one = { state: [0, 0, 1, 0] };
  const half = { density: [0.5, 0, 0, 0, 0, 0, 0.5, 0] };

  test('orthogonal, equal and mixed states', () => {
    expectNear(traceDistance(zero, one), [1]);
    expectNear(traceDistance(zero, zero), [0]);
    expectNear(traceDistance(half, one), [0.5]);
    expectNear(fidelity(half, half), [1], 1e-14);
    expect([...relativeEntropy(one, zero)]).toEqual([Infinity]);
    expectNear(relativeEntropy(half, half), [0]);
    expectNear(renyiEntropy(half, 0, { base: 2 }), [1]);
    expectNear(renyiEntropy(half, 3, { base: 2 }), [1]);
    // Nearly equal pure states: far below what 1 - F could tell.
    const tiny = 1e-11;
    expectNear(
      traceDistance(zero, { state: [Math.cos(tiny), 0, Math.sin(tiny), 0] }),
      [tiny],
      1e-16,
    );
  });

  test('a Werner state is entangled from p = 1/3 on', () => {
    const werner = (p: number): { density: number[] } => {
      const density = new Array<number>(32).fill(0);
      for (let i = 0; i < 4; i++)
        density[2 * (i * 4 + i)] = (1 - p) / 4 + (i === 1 || i === 2 ? p / 2 : 0);
      density[2 * (1 * 4 + 2)] = -p / 2;
      density[2 * (2 * 4 + 1)] = -p / 2;
      return { density };
    };
    expectNear(concurrence(werner(0.3)), [0]);
    expectNear(negativity(werner(0.3), [0]), [0]);
    expectNear(concurrence(werner(0.8)), [(3 * 0.8 - 1) / 2]);
    expectNear(negativity(werner(0.8), [1]), [(3 * 0.8 - 1) / 4]);
  });
});

describe('what is no state is refused', () => {
  test.each([
    [{ state: [1, 0, 1, 0] }, /squared norm is 2/],
    [{ state: [1, 0, 0] }, /3 numbers are no states/],
    [{ state: [Number.NaN, 0, 0, 0] }, /squared norm is NaN/],
    [{ density: [1, 0, 0, 0, 0, 0, 1, 0] }, /trace of the density matrix is 2/],
    [{ density: [0.5, 0, 0.5, 0, 0, 0, 0.5, 0] }, /not Hermitian at \[1, 0\]/],
    [{ density: [1.5, 0, 0, 0, 0, 0, -0.5, 0] }, /eigenvalue -0.5/],
    [{} as never, /no state was given/],
  ])('%j', (given, message) => {
    expect(() => vonNeumannEntropy(given)).toThrow(message);
  });

  test('parts, orders and bases', () => {
    const bell = { state: [Math.SQRT1_2, 0, 0, 0, 0, 0, Math.SQRT1_2, 0] };
    expect(() => purity(bell, { of: [2] })).toThrow(/\[2\] is no part of 2 qubits/);
    expect(() => reducedDensity(bell, [0, 0])).toThrow(/each once/);
    expect(() => negativity(bell, [0, 1])).toThrow(/whole system/);
    expect(() => mutualInformation(bell, [0], [0])).toThrow(/\[0, 0\]/);
    expect(() => renyiEntropy(bell, -1)).toThrow(/order is -1/);
    expect(() => vonNeumannEntropy(bell, { base: 1 })).toThrow(/base of the logarithm is 1/);
    expect(() => concurrence({ state: [1, 0, 0, 0] })).toThrow(/states of 1 qubits/);
    expect(() => fidelity(bell, { state: [1, 0, 0, 0] })).toThrow(/of 2 and of 1/);
    expect(() => purity({ state: [1, 0, 0, 0, 1, 0, 0, 1] }, { qubits: 1 })).toThrow(/example 1/);
  });
});
