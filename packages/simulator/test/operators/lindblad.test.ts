import { ValueError } from '@ketwork/base';
import {
  circuit,
  denseMatrix,
  expval,
  heisenberg,
  hermitian,
  ising,
  pauliSum,
  state,
  X,
  Z,
} from '@ketwork/circuit';
import {
  applyLindbladian,
  densityMatrix,
  evolve,
  lindbladEvolve,
  lindbladian,
  purity,
  reference,
  sparseMatrix,
  steadyState,
} from '@ketwork/simulator';
import type { JumpOperator, Lindbladian } from '@ketwork/simulator';
import {
  dagger,
  embedded,
  expectClose,
  expm,
  identity,
  kron,
  matmul,
  matvec,
  pauliWord,
  Random,
  randomHermitian,
  scaled,
  sum,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

const LOWER = [
  [0, 0],
  [1, 0],
];
const DECAY = [0, 0, 1, 0, 0, 0, 0, 0];

/** A random density matrix. */
function randomDensity(random: Random, qubits: number): Float64Array {
  const g = random.normals(2 * 4 ** qubits);
  const rho = matmul(g, dagger(g));
  let trace = 0;
  for (let i = 0; i < 2 ** qubits; i++) trace += rho[2 * i * (2 ** qubits + 1)]!;
  return scaled(rho, 1 / trace);
}

const random = new Random(5);
const QUBITS = 3;
const H = randomHermitian(random, 4);
const jumps: JumpOperator[] = [
  { matrix: Array.from(random.normals(8)), qubits: [1], rate: 0.3 },
  { matrix: Array.from(random.normals(32)), qubits: [2, 0], rate: 0.1 },
];
const generator = lindbladian(QUBITS, { hamiltonian: hermitian(H, [2, 1]), jumps });
const dense = {
  h: embedded(H, [2, 1], QUBITS),
  jumps: jumps.map(({ matrix, qubits, rate }) =>
    scaled(embedded(matrix as number[], qubits, QUBITS), Math.sqrt(rate!)),
  ),
};

/** -i[H, A] + Σ (L A L† - ½ L†L A - ½ A L†L) by dense matrices. */
function masterEquation(a: Float64Array): Float64Array {
  const terms = [scaled(matmul(dense.h, a), 0, -1), scaled(matmul(a, dense.h), 0, 1)];
  for (const l of dense.jumps) {
    const square = matmul(dagger(l), l);
    terms.push(
      matmul(matmul(l, a), dagger(l)),
      scaled(matmul(square, a), -0.5),
      scaled(matmul(a, square), -0.5),
    );
  }
  return sum(...terms);
}

describe('lindbladian', () => {
  it('is the right side of the master equation', () => {
    const matrices = [randomDensity(random, 3), random.normals(128)];
    expectClose(
      applyLindbladian(generator, [...matrices[0]!, ...matrices[1]!]),
      [...masterEquation(matrices[0]!), ...masterEquation(matrices[1]!)],
      1e-13,
    );
  });

  it('takes Hamiltonians of every kind', () => {
    const sums = heisenberg(3, { field: 0.4 });
    const of = (hamiltonian: Parameters<typeof lindbladian>[1]['hamiltonian']): Lindbladian =>
      lindbladian(3, { hamiltonian: hamiltonian! });
    const rho = randomDensity(random, 3);
    const expected = applyLindbladian(of(sums), rho);
    for (const other of [sparseMatrix(sums), hermitian(denseMatrix(sums, 3), [0, 1, 2])])
      expectClose(applyLindbladian(of(other), rho), expected, 1e-14);
    const small = matmul(denseMatrix(sums, 3), rho);
    expectClose(expected, scaled(sum(small, scaled(dagger(small), -1)), 0, -1), 1e-14);
    expect(of(pauliSum([])).values.length).toBe(0);
  });

  it('refuses what does not act on its qubits', () => {
    const refused = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        expect(error).toBeInstanceOf(ValueError);
        return (error as Error).message;
      }
      return 'nothing was thrown';
    };
    expect([
      refused(() => lindbladian(9, {})),
      refused(() => lindbladian(1, { hamiltonian: Z(1) })),
      refused(() => lindbladian(2, { hamiltonian: sparseMatrix(X(0)) })),
      refused(() => lindbladian(1, { jumps: [{ matrix: LOWER, qubits: [1] }] })),
      refused(() => lindbladian(2, { jumps: [{ matrix: LOWER, qubits: [0, 1] }] })),
      refused(() => lindbladian(1, { jumps: [{ matrix: LOWER, qubits: [0], rate: -1 }] })),
      refused(() =>
        lindbladian(1, {
          jumps: [
            {
              matrix: [
                [Number.NaN, 0],
                [0, 0],
              ],
              qubits: [0],
            },
          ],
        }),
      ),
      refused(() => applyLindbladian(generator, [1, 2, 3])),
      refused(() => lindbladEvolve(generator, { state: [1, 0, 0, 0] }, 1)),
      refused(() => lindbladEvolve(lindbladian(1, {}), { state: [1, 0, 0, 0] }, -1)),
      refused(() => lindbladEvolve(lindbladian(1, {}), { state: [1, 0, 0, 0] }, 1, { step: 0 })),
      refused(() =>
        lindbladEvolve(lindbladian(1, {}), { state: [1, 0, 0, 0, 0, 0, 1, 0] }, [1, 2, 3]),
      ),
      refused(() =>
        lindbladEvolve(lindbladian(1, {}), { state: [1, 0, 0, 0] }, 1, { method: 'no' as never }),
      ),
      refused(() => steadyState(generator, { maxSteps: 2 })),
    ]).toMatchInlineSnapshot(`
      [
        "lindbladian: a density matrix of 9 qubits. Use 1 to 8 qubits",
        "lindbladian: the Hamiltonian acts on qubit 1, the state has 1 qubits. Give a fixed Hamiltonian on qubits of the state",
        "lindbladian: the Hamiltonian has 2 rows, the state has 2 qubits. Give a fixed Hamiltonian on qubits of the state",
        "lindbladian: jump operator 0: [1] is no part of 1 qubits. Name qubits from 0 to 0, each once",
        "lindbladian: jump operator 0 is no finite 4 × 4 matrix, as 2 qubits need. Give rows of numbers or complex numbers, or one flat list of interleaved re, im",
        "lindbladian: jump operator 0 has the rate -1. Give a finite number of at least 0",
        "lindbladian: jump operator 0 is no finite 2 × 2 matrix, as 1 qubits need. Give rows of numbers or complex numbers, or one flat list of interleaved re, im",
        "applyLindbladian: 3 numbers are no matrices of 3 qubits. Give [batch, 2^n, 2^n, 2] numbers",
        "lindbladEvolve: 4 numbers are no states of 3 qubits. Give [batch, 2^n, 2] numbers, and the number of qubits of a batch",
        "lindbladEvolve: the times [-1]. Give finite times of at least 0",
        "lindbladEvolve: a tolerance of 1e-12, a step of 0. Give finite positive numbers",
        "lindbladEvolve: 3 times for 2 states. Give one time, or one for each state",
        "lindbladEvolve: there is no method 'no'. Use 'exact' or 'rk4'",
        "steadyState: the residual is 2.2e-2 after 3 steps. Allow more steps or a larger tolerance; or use lindbladEvolve over a long time",
      ]
    `);
  });
});

describe('lindbladEvolve', () => {
  const rho = randomDensity(random, QUBITS);

  it('is the exponential of the generator', () => {
    // Columns of the generator from what it makes of matrices with a single 1.
    const d = generator.dimension;
    const matrix = new Float64Array(2 * d * d);
    for (let c = 0; c < d; c++) {
      const one = new Float64Array(2 * d);
      one[2 * c] = 1;
      masterEquation(one).forEach((x, i) => (matrix[2 * ((i >> 1) * d + c) + (i & 1)] = x));
    }
    const times = [0, 0.7, 0.05, 3];
    const out = lindbladEvolve(generator, { density: rho }, times);
    times.forEach((t, e) => {
      const expected = t === 0 ? rho : matvec(expm(scaled(matrix, t)), rho);
      expectClose(out.slice(2 * d * e, 2 * d * (e + 1)), expected, 1e-11, `time ${t}`);
      // A time's bits do not depend on the other times.
      expect(lindbladEvolve(generator, { density: rho }, t)).toEqual(
        out.slice(2 * d * e, 2 * d * (e + 1)),
      );
    });
  });

  it('by Runge and Kutta has an error of order 4', () => {
    const exact = lindbladEvolve(generator, { density: rho }, 0.85);
    const errors = [0.08, 0.04, 0.02].map((step) => {
      const found = lindbladEvolve(generator, { density: rho }, 0.85, { method: 'rk4', step });
      return Math.hypot(...found.map((x, i) => x - exact[i]!));
    });
    expect(errors[0]! / errors[1]!).toBeGreaterThan(12);
    expect(errors[1]! / errors[2]!).toBeGreaterThan(13);
    expect(errors[2]! / errors[1]!).toBeGreaterThan(1 / 22);
    expect(errors[2]).toBeLessThan(1e-4);
  });

  it('without jumps is the evolution of the state', () => {
    const model = ising(3, { field: 0.8 });
    const psi = random.normals(16);
    const norm = Math.hypot(...psi);
    const state = psi.map((x) => x / norm);
    const found = lindbladEvolve(lindbladian(3, { hamiltonian: model }), { state }, 1.3);
    const later = evolve(model, state, 1.3);
    const outer = new Float64Array(128);
    for (let r = 0; r < 8; r++) {
      for (let c = 0; c < 8; c++) {
        const [a, b, x, y] = [later[2 * r]!, later[2 * r + 1]!, later[2 * c]!, later[2 * c + 1]!];
        outer[2 * (8 * r + c)] = a * x + b * y;
        outer[2 * (8 * r + c) + 1] = b * x - a * y;
      }
    }
    expectClose(found, outer, 1e-12);
    expect(purity({ density: found })[0]).toBeCloseTo(1, 12);
  });

  it('takes one time for each of several states', () => {
    const decay = lindbladian(1, { jumps: [{ matrix: DECAY, qubits: [0], rate: 2 }] });
    const one = [0, 0, 1, 0];
    const zero = [1, 0, 0, 0];
    const out = lindbladEvolve(decay, { state: [...one, ...zero, ...one] }, [0.5, 1, 0.25]);
    expectClose(
      [0, 8, 16].map((at) => out[at + 6]!),
      [Math.exp(-1), 0, Math.exp(-0.5)],
      1e-13,
    );
    const same = lindbladEvolve(decay, { state: [...one, ...zero] }, 0.5);
    expect(same.slice(0, 8)).toEqual(out.slice(0, 8));
  });
});

describe('the channels of circuits', () => {
  it('are what decay and dephasing lead to', () => {
    const t = 0.7;
    const gamma = 1 - Math.exp(-0.9 * t);
    // Dephasing at rate κ by Z multiplies coherences by e^(-2κt), a phase flip with probability p by 1 - 2p.
    const p = (1 - Math.exp(-2 * 0.4 * t)) / 2;
    const prepare = circuit(2, (q) => q.ry(0.8, 0).cnot(0, 1).rx(0.5, 1));
    const noisy = circuit(2, (q) =>
      q.ry(0.8, 0).cnot(0, 1).rx(0.5, 1).amplitudeDamping(gamma, 0).phaseFlip(p, 1),
    );
    const words = ['I', 'X', 'Y', 'Z'].flatMap((a) => ['I', 'X', 'Y', 'Z'].map((b) => a + b));
    const paulis = words.map((word) => pauliSum([[1, word]]));
    const expected = densityMatrix()
      .compile(noisy, expval(...paulis))
      .run();
    const before = reference().compile(prepare, state()).run();
    const l = lindbladian(2, {
      jumps: [
        { matrix: DECAY, qubits: [0], rate: 0.9 },
        {
          matrix: [
            [1, 0],
            [0, -1],
          ],
          qubits: [1],
          rate: 0.4,
        },
      ],
    });
    const rho = lindbladEvolve(l, { state: before }, t);
    const found = words.map((word) => {
      const product = matmul(pauliWord(word), rho);
      return [0, 1, 2, 3].reduce((total, i) => total + product[10 * i]!, 0);
    });
    expectClose(found, expected, 1e-12);
  });
});

describe('steadyState', () => {
  it('is left as it is by the generator, and where evolutions end', () => {
    const rho = steadyState(generator);
    expect(Math.hypot(...applyLindbladian(generator, rho))).toBeLessThan(1e-12);
    let trace = 0;
    for (let i = 0; i < 8; i++) trace += rho[18 * i]!;
    expect(trace).toBeCloseTo(1, 14);
    expectClose(rho, dagger(rho), 1e-16);
    const mixed = scaled(identity(8), 1 / 8);
    expectClose(lindbladEvolve(generator, { density: mixed }, 100), rho, 1e-8);
  });

  it('of a driven qubit that decays is that of the optical Bloch equations', () => {
    for (const [omega, gamma] of [
      [1, 1],
      [0.3, 2],
      [5, 0.1],
    ] as const) {
      const l = lindbladian(1, {
        hamiltonian: X(0).scale(omega / 2),
        jumps: [{ matrix: DECAY, qubits: [0], rate: gamma }],
      });
      const rho = steadyState(l);
      const saturation = (2 * omega ** 2) / gamma ** 2;
      expect(rho[6]).toBeCloseTo(saturation / (2 * (1 + saturation)), 12);
    }
  });

  it('of five sites is found', () => {
    const sites = Array.from({ length: 5 }, (_, q) => q);
    const l = lindbladian(5, {
      hamiltonian: ising(5, { field: 0.7, periodic: true }),
      jumps: sites.map((q) => ({ matrix: LOWER, qubits: [q] })),
    });
    expect(Math.hypot(...applyLindbladian(l, steadyState(l)))).toBeLessThan(1e-11);
  });

  it('of independent decays is a product', () => {
    const l = lindbladian(2, { jumps: [0, 1].map((q) => ({ matrix: LOWER, qubits: [q] })) });
    const down = kron([0, 0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1, 0]);
    expectClose(steadyState(l), down, 1e-11);
  });
});

describe('the unit of time', () => {
  const decay = [
    [0, 1],
    [0, 0],
  ];
  const of = (unit: number): Lindbladian =>
    lindbladian(1, {
      hamiltonian: pauliSum([[unit, 'X']]),
      jumps: [{ matrix: decay, qubits: [0], rate: unit }],
    });

  it('does not change the steady state', () => {
    for (const unit of [1e-14, 1e-6, 1, 1e6, 1e14])
      expectClose(steadyState(of(unit)), steadyState(of(1)), 1e-11, `${unit}`);
  });

  it('is exact also where a time is nearly a whole number of strides', () => {
    const l = lindbladian(1, { jumps: [{ matrix: decay, qubits: [0] }] });
    for (const off of [1e-3, 5e-10, -5e-10, 5e-12, -5e-12, 0]) {
      // Rows of the generator sum to 1 at most: a stride is 2.
      for (const time of [2 * (1 + off), 6 * (1 + off)])
        expectClose(
          [lindbladEvolve(l, { state: [0, 0, 1, 0] }, time)[6]!],
          [Math.exp(-time)],
          1e-14,
        );
    }
    expect(() =>
      lindbladEvolve(l, { state: [0, 0, 1, 0] }, 1, { method: 'rk4', step: Infinity }),
    ).toThrow(ValueError);
  });
});
