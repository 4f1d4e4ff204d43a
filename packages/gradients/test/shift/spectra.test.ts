import { circuit, expval, probabilities, variance, weight, X, Y, Z } from '@ketwork/circuit';
import type { Builder, Circuit, Measurement, PauliObservable } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import { reference } from '@ketwork/simulator';
import { expectClose, Random, randomHermitian } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { shiftedCircuit } from '../../src/shift/occurrences.ts';

/** The evolution between rotations that make everything visible. */
function around(qubits: number, inside: (q: Builder) => void): Circuit<'w'> {
  return circuit(qubits, { w: weight([2]) }, (q, { w }) => {
    for (let i = 0; i < qubits; i++) q.ry(0.4 + 0.3 * i, i).rx(w.at(1).times(i + 1), i);
    inside(q);
    for (let i = 0; i < qubits; i++) q.rx(1.1 - 0.2 * i, i);
  });
}

const time = weight('w', [2]).at(0);

function expectAgreement(c: Circuit<'w'>, m: Measurement, tolerance = 1e-10): void {
  const values = { w: [0.8, -0.45] };
  const exact = reference().compile(c, m).jacobian(values).w;
  for (const method of ['parameter-shift', 'hadamard-test'] as const) {
    const program = differentiate(reference(), c, m, { method });
    expectClose(program.jacobian(values).w, exact, tolerance, method);
  }
  expect(exact.some((x) => Math.abs(x) > 1e-3)).toBe(true);
}

describe('evolutions are differentiated by shifts and by Hadamard tests', () => {
  test.each([1, 2, 3])('under a random matrix on %i qubits', (k) => {
    const on = [0, 2, 1].slice(0, k);
    const matrix = randomHermitian(new Random(k), 2 ** k);
    const c = around(3, (q) => q.evolution([...matrix], time, on));
    expectAgreement(c, probabilities([0, 1]));
    expectAgreement(c, variance(X(0).add(Z(1))));
  });

  test('under a matrix, controlled by a qubit of value 0', () => {
    const matrix = randomHermitian(new Random(9), 4);
    const c = around(3, (q) =>
      q.control([{ qubit: 1, value: 0 }], () => q.evolution([...matrix], time, [2, 0])),
    );
    expectAgreement(c, expval(Z(0), X(1)));
  });

  test('under strings that do not commute, on many qubits', () => {
    const sum = Array.from({ length: 5 }, (_, i) =>
      Z(i)
        .mul(Z(i + 1))
        .add(X(i).scale(0.7)),
    ).reduce<PauliObservable & { add(o: PauliObservable): PauliObservable }>(
      (all, term) => all.add(term) as typeof all,
      Y(5).scale(-0.3),
    );
    const c = around(6, (q) => q.evolution(sum, time));
    // One rule per string: eleven of them, and six rotations.
    expect(shiftedCircuit(c).occurrences.flatMap(({ rule }) => rule).length).toBe(2 * 11 + 2 * 6);
    expectAgreement(c, expval(Z(0), X(3)));
  });

  test('under strings that commute, whose sums have few frequencies', () => {
    const ring = Z(0)
      .mul(Z(1))
      .add(Z(1).mul(Z(2)), Z(2).mul(Z(3)), Z(3).mul(Z(0)));
    const c = around(4, (q) => q.evolution(ring, time));
    // Eigenvalues -4, 0, 4: frequencies 4 and 8 in four runs instead of eight.
    expect(shiftedCircuit(c).occurrences.at(-1)!.rule.length).toBe(4);
    expectAgreement(c, expval(X(0), Y(2)));
  });

  test('a matrix on many qubits is refused by the shift rule, and named', () => {
    const d = 2 ** 6;
    const matrix = Array.from({ length: 2 * d * d }, (_, i) => (i % (2 * d + 2) === 0 ? i / d : 0));
    const c = around(6, (q) => q.evolution(matrix, time, [0, 1, 2, 3, 4, 5]));
    const program = differentiate(reference(), c, expval(Z(0)), { method: 'parameter-shift' });
    expect(() => program.jacobian({ w: [1, 1] })).toThrow(
      "operation 12: parameter-shift cannot differentiate by slot 'w': it enters the time of an evolution under a matrix on more than 5 qubits, which has too many frequencies. Use adjoint, finite-difference or spsa, or leave 'w' out of wrt",
    );
  });
});
