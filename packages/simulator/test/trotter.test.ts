import { circuit, expval, heisenberg, input, pauliSum, trotter, X, Z } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { WeightedWord } from '@ketwork/circuit';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Evolution {
  readonly qubits: number;
  readonly terms: readonly WeightedWord[];
  readonly time: number;
  readonly psi: readonly number[];
  readonly exact: readonly number[];
  readonly trotter: readonly { order: number; steps: number; state: readonly number[] }[];
}
const data = JSON.parse(readFileSync(new URL('data/states.json', import.meta.url), 'utf8')) as {
  readonly evolution: Evolution;
};
const { qubits, terms, time, psi, exact, trotter: cases } = data.evolution;
const hamiltonian = pauliSum(terms);
const all = Array.from({ length: qubits }, (_, q) => q);
const engine = await cpu();

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(...Array.from(a, (x, i) => x - b[i]!));

function evolved(t: number, options: { steps: number; order: number }): Float64Array {
  const made = circuit(qubits, (q) => q.prepare(psi, all).trotter(hamiltonian, t, options));
  return engine.compile(made, { type: 'state' }).run();
}

describe('trotter', () => {
  test('lists terms as PennyLane', () => {
    const ours = heisenberg(qubits, { coupling: [0.5, 0.9, 1.2] });
    expect(ours.terms).toEqual(hamiltonian.terms);
  });

  test.each(cases)(
    'order $order, $steps steps: the state of PennyLane',
    ({ order, steps, state }) => {
      expect(distance(evolved(time, { order, steps }), state)).toBeLessThan(1e-12);
    },
  );

  test.each([1, 2, 4, 6])('the error of order %d falls with that power of the step', (order) => {
    // Order 6 reaches rounding soon.
    const steps = order === 6 ? 1 : 4;
    const coarse = distance(evolved(time, { order, steps }), exact);
    const fine = distance(evolved(time, { order, steps: 2 * steps }), exact);
    expect(fine).toBeGreaterThan(1e-12);
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.35);
    expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.35);
  });

  test('gradients flow to the time', () => {
    const made = circuit(qubits, { t: input() }, (q, { t }) => {
      q.prepare(psi, all);
      trotter(q, hamiltonian, t, { steps: 3, order: 4 });
    });
    const program = engine.compile(made, expval(X(0), Z(1).mul(Z(2))));
    const { t: slope } = program.jacobian({ t: [0.3, 0.7] });
    const h = 1e-5;
    const up = program.run({ t: [0.3 + h, 0.7 + h] });
    const down = program.run({ t: [0.3 - h, 0.7 - h] });
    slope.forEach((x, i) => expect(x).toBeCloseTo((up[i]! - down[i]!) / (2 * h), 8));
  });
});
