import { describe, expect, it } from 'vitest';
import { I, X, Z, circuit, ising, trotter, weight } from '../../src/index.ts';
import { gatesOf } from './gate-list.ts';

const field = X(0)
  .scale(2)
  .add(Z(0).mul(Z(1)).scale(3));

describe('trotter', () => {
  it('lists the terms once per step in order 1', () => {
    expect(gatesOf(2, (q) => trotter(q, field, 1, { steps: 2, order: 1 }))).toEqual([
      'PauliRot(2) 0',
      'PauliRot(3) 0 1',
      'PauliRot(2) 0',
      'PauliRot(3) 0 1',
    ]);
  });

  it('is symmetric in order 2, with neighbours merged', () => {
    expect(gatesOf(2, (q) => q.trotter(field, 1, { steps: 2 }))).toEqual([
      'PauliRot(1) 0',
      'PauliRot(3) 0 1',
      'PauliRot(2) 0',
      'PauliRot(3) 0 1',
      'PauliRot(1) 0',
    ]);
  });

  it('takes time from slots, and constants as a global phase', () => {
    const made = circuit(2, (q) => q.trotter(field.add(I()), weight('t'), { order: 1 }));
    expect(made.ops.map((op) => op.type === 'gate' && [op.gate, op.angles])).toEqual([
      ['PauliRot', [{ mul: [4, { slot: 't', index: 0 }] }]],
      ['PauliRot', [{ mul: [6, { slot: 't', index: 0 }] }]],
      ['GPhase', [{ mul: [-1, { slot: 't', index: 0 }] }]],
    ]);
  });

  it('has 5 times the stages in order 4, whose shares add up to 1', () => {
    const made = circuit(3, (q) => q.trotter(ising(3), 1, { order: 4 }));
    const total = new Map<string, number>();
    for (const op of made.ops) {
      if (op.type !== 'gate') continue;
      const id = `${op.word} ${op.qubits.join(' ')}`;
      total.set(id, (total.get(id) ?? 0) + (op.angles[0] as number));
    }
    expect([...total.keys()].length).toBe(5);
    for (const sum of total.values()) expect(sum).toBeCloseTo(-2, 12);
    expect(made.ops.length).toBe(5 * 2 * 5 - 9);
  });

  it('refuses what is no formula', () => {
    const make =
      (options: object, n = 2) =>
      () =>
        circuit(n, (q) => q.trotter(field, 1, options));
    expect(make({ order: 3 })).toThrow(/trotter: there is no formula of order 3/);
    expect(make({ order: 10 })).toThrow(/at most 8/);
    expect(make({ steps: 0 })).toThrow(/0 steps/);
    expect(make({}, 1)).toThrow(/acts on qubit 1/);
  });
});
