import { ValueError } from '@ketwork/base';
import { denseMatrix, hermitian, pauliSum, X, Y, Z } from '@ketwork/circuit';
import {
  fourPauliPovm,
  lindbladEvolve,
  lindbladian,
  povm,
  povmDensity,
  povmGenerator,
  povmProbabilities,
  povmValues,
  steadyState,
  sumGenerators,
  tetrahedralPovm,
} from '@ketwork/simulator';
import type { Lindbladian, Povm } from '@ketwork/simulator';
import {
  dagger,
  expectClose,
  expm,
  identity,
  kron,
  matmul,
  matvec,
  Random,
  randomHermitian,
  scaled,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

const LOWER = [
  [0, 0],
  [1, 0],
];

function randomDensity(random: Random, qubits: number): Float64Array {
  const g = random.normals(2 * 4 ** qubits);
  const rho = matmul(g, dagger(g));
  let trace = 0;
  for (let i = 0; i < 2 ** qubits; i++) trace += rho[2 * i * (2 ** qubits + 1)]!;
  return scaled(rho, 1 / trace);
}

const trace = (a: Float64Array): number => {
  const d = Math.sqrt(a.length / 2);
  return Array.from({ length: d }, (_, i) => a[2 * i * (d + 1)]!).reduce((x, y) => x + y, 0);
};
const part = (all: Float64Array, a: number): Float64Array => all.subarray(8 * a, 8 * a + 8);
const complex = (real: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: 2 * real.length }, (_, i) => (i % 2 === 0 ? real[i / 2]! : 0));
/** Digits of all strings of n outcomes. */
const allStrings = (n: number): number[] =>
  Array.from({ length: 4 ** n }, (_, i) => i).flatMap((i) =>
    Array.from({ length: n }, (_x, q) => Math.floor(i / 4 ** (n - 1 - q)) % 4),
  );

describe.each([
  ['4-Pauli', fourPauliPovm()],
  ['tetrahedral', tetrahedralPovm()],
] as [string, Povm][])('the %s POVM', (_, measurement) => {
  const random = new Random(3);

  it('is complete, and its duals are dual', () => {
    const sum = [0, 1, 2, 3].reduce(
      (total, a) => total.map((x, i) => x + part(measurement.effects, a)[i]!),
      new Float64Array(8),
    );
    expectClose(sum, identity(2), 1e-15);
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 4; b++) {
        const effect = part(measurement.effects, a);
        expect(trace(matmul(effect, part(measurement.effects, b)))).toBeCloseTo(
          measurement.overlaps[4 * a + b]!,
          15,
        );
        expect(trace(matmul(effect, part(measurement.dual, b)))).toBeCloseTo(a === b ? 1 : 0, 13);
      }
    }
  });

  it.each([1, 2, 3])('has probabilities that stand for states of %i qubits', (n) => {
    const states = [0, 1].map(() => randomDensity(random, n));
    const density = [...states[0]!, ...states[1]!];
    const p = povmProbabilities(measurement, { density }, { qubits: n });
    expect(Math.min(...p)).toBeGreaterThan(0);
    for (let e = 0; e < 2; e++) {
      const own = p.slice(4 ** n * e, 4 ** n * (e + 1));
      expect(own.reduce((x, y) => x + y, 0)).toBeCloseTo(1, 13);
      own.forEach((value, i) => {
        const effect = Array.from({ length: n }, (_x, q) => q).reduce<Float64Array>(
          (m, q) => kron(m, part(measurement.effects, Math.floor(i / 4 ** (n - 1 - q)) % 4)),
          Float64Array.of(1, 0),
        );
        expect(value).toBeCloseTo(trace(matmul(states[e]!, effect)), 14);
      });
    }
    expectClose(povmDensity(measurement, p, { qubits: n }), density, 1e-12);
  });

  it('gives expectation values', () => {
    const rho = randomDensity(random, 3);
    const p = povmProbabilities(measurement, { density: rho });
    const observables = [
      Z(0),
      X(1),
      Y(2),
      pauliSum([
        [0.3, 'XYZ'],
        [-1.2, 'ZZ', [0, 2]],
        [0.7, 'I', [1]],
      ]),
      hermitian(randomHermitian(random, 4), [2, 0]),
    ];
    for (const observable of observables) {
      const values = povmValues(measurement, observable, allStrings(3), 3);
      const found = values.reduce((sum, v, i) => sum + v * p[i]!, 0);
      expect(found).toBeCloseTo(trace(matmul(rho, denseMatrix(observable, 3))), 12);
    }
  });
});

describe('the POVM form of a master equation', () => {
  const bond = (measurement: Povm): { block: Float64Array; chain: (n: number) => Lindbladian } => {
    const two = lindbladian(2, {
      hamiltonian: Z(0).mul(Z(1)).scale(0.5).add(X(0).scale(0.5)),
      jumps: [{ matrix: LOWER, qubits: [0] }],
    });
    const chain = (n: number): Lindbladian => {
      const sites = Array.from({ length: n }, (_, q) => q);
      const terms = sites.map((q) =>
        Z(q)
          .mul(Z((q + 1) % n))
          .scale(0.5)
          .add(X(q).scale(0.5)),
      );
      return lindbladian(n, {
        hamiltonian: terms.reduce((a, b) => a.add(b)),
        jumps: sites.map((q) => ({ matrix: LOWER, qubits: [q] })),
      });
    };
    return { block: povmGenerator(measurement, two), chain };
  };

  it.each([fourPauliPovm(), tetrahedralPovm()])(
    'is real, conserves probability and is a sum of blocks',
    (measurement) => {
      const { block, chain } = bond(measurement);
      for (const n of [3, 4]) {
        const sites = Array.from({ length: n }, (_, q) => q);
        const whole = povmGenerator(measurement, chain(n));
        const blocks = sites.map((q) => ({ qubits: [q, (q + 1) % n], matrix: block }));
        expectClose(sumGenerators(n, blocks), whole, 1e-12);
        const size = 4 ** n;
        for (let b = 0; b < size; b++) {
          let sum = 0;
          for (let a = 0; a < size; a++) sum += whole[a * size + b]!;
          expect(Math.abs(sum)).toBeLessThan(1e-12);
        }
      }
    },
  );

  it('moves probabilities as the master equation moves the state', () => {
    const measurement = fourPauliPovm();
    const { chain } = bond(measurement);
    const state = [1, ...new Array<number>(15).fill(0)];
    const p = povmProbabilities(measurement, { state });
    const later = matvec(
      expm(scaled(complex(povmGenerator(measurement, chain(3))), 0.8)),
      complex(p),
    );
    const rho = lindbladEvolve(chain(3), { state }, 0.8);
    expectClose(later, complex(povmProbabilities(measurement, { density: rho })), 1e-11);
  });

  it.each([
    [3, [0.4148, 0.1926, -0.8074]],
    [4, [0.4398, 0.1872, -0.8128]],
  ] as const)('of the driven chain of %i sites has the known steady state', (n, expected) => {
    const measurement = fourPauliPovm();
    const density = steadyState(bond(measurement).chain(n));
    const p = povmProbabilities(measurement, { density });
    [X(0), Y(0), Z(0)].forEach((observable, k) => {
      const values = povmValues(measurement, observable, allStrings(n), n);
      expect(values.reduce((sum, v, i) => sum + v * p[i]!, 0)).toBeCloseTo(expected[k]!, 4);
    });
  });
});

describe('what is no POVM', () => {
  it('is refused, saying why', () => {
    const { effects } = fourPauliPovm();
    const own = [0, 1, 2, 3].map((a) => [...part(effects, a)]);
    const quarter = [0.25, 0, 0, 0, 0, 0, 0.25, 0];
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
      refused(() => povm(own.slice(1))),
      refused(() => povm([own[0]!, own[1]!, own[2]!, own[0]!])),
      refused(() => povm([quarter, quarter, quarter, quarter])),
      refused(() => povm([[1, 0], ...own.slice(1)])),
      refused(() => povm([[0.25, 0, 0.5, 0, 0.5, 0, 0.25, 0], ...own.slice(1)])),
      refused(() => povm([[0.25, 0, 0.1, 0, 0, 0, 0.25, 0], ...own.slice(1)])),
      refused(() => povmDensity(fourPauliPovm(), [0.5, 0.5])),
      refused(() => povmValues(fourPauliPovm(), Z(0), [0, 4], 2)),
      refused(() => povmValues(fourPauliPovm(), Z(0), [0, 1, 2], 2)),
      refused(() => povmValues(fourPauliPovm(), Z(2), [0, 1], 2)),
      refused(() => povmGenerator(fourPauliPovm(), lindbladian(7, {}))),
      refused(() => sumGenerators(2, [{ qubits: [0, 2], matrix: [] }])),
      refused(() => sumGenerators(2, [{ qubits: [0], matrix: [1] }])),
    ]).toMatchInlineSnapshot(`
      [
        "povm: 3 effects. Give four: as many as a state has parameters",
        "povm: the effects do not sum to the identity. Probabilities would not sum to 1",
        "povm: the effects are linearly dependent. Different states would have equal probabilities",
        "povm: effect 0 is no finite 2 × 2 matrix. Give rows, or flat interleaved re, im",
        "povm: effect 0 is not Hermitian and positive. Probabilities would be negative",
        "povm: effect 0 is not Hermitian and positive. Probabilities would be negative",
        "povmDensity: 2 numbers are no probabilities of strings of outcomes. Give [batch, 4^n] numbers, and the number of qubits of a batch",
        "povmValues: digit 1 is 4. Outcomes are 0, 1, 2 and 3",
        "povmValues: 3 digits for 2 qubits. Give [count, n] digits",
        "povmValues: the observable acts on qubit 2. Give strings of more qubits",
        "povmGenerator: a dense matrix of strings of 7 outcomes. Use 1 to 6 qubits, and blocks of few qubits for more",
        "sumGenerators: block 0: [0, 2] is no part of 2 qubits. Name qubits from 0 to 1, each once",
        "sumGenerators: block 0 has 1 numbers for 1 qubits. Give a 4 × 4 matrix, such as povmGenerator returns",
      ]
    `);
  });
});
