import { KetworkError } from '@ketwork/base';
import { circuit, state, weight, Y, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import { Random, randomCircuit, randomValues } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { applyNoise, foldCircuit, foldedScale, foldGates, noiseModel } from '../../src/index.ts';

const names = (made: Circuit): string =>
  made.ops
    .map((op) => (op.type === 'gate' ? op.gate : op.type === 'channel' ? op.channel : op.type))
    .join(' ');
const fault = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof KetworkError) return String(error);
    throw error;
  }
  return 'no error';
};

describe('folding', () => {
  const engine = reference();
  const scales = [1, 1.3, 2, 2.5, 3, 4.7, 5];

  it('keeps the unitary of random circuits, to 1e-12', () => {
    for (let i = 0; i < 12; i++) {
      const random = new Random(100 + i);
      const made = randomCircuit(random, { qubits: 3, ops: 12, filters: false });
      const values = randomValues(random, made, 2);
      const expected = engine.compile(made, state()).run(values);
      for (const scale of scales) {
        for (const folded of [
          foldCircuit(made, scale),
          foldGates(made, scale),
          foldGates(made, scale, { pick: 'random', seed: i }),
        ]) {
          const found = engine.compile(folded, state()).run(values);
          found.forEach((x, j) => expect(Math.abs(x - expected[j]!)).toBeLessThan(1e-12));
        }
      }
    }
  });

  it('keeps slots, matrices, evolutions, controls and prepared states', () => {
    const made = circuit(3, { w: weight([3]) }, (q, { w }) => {
      q.prepare([0.6, 0.8], [1])
        .rx(w.at(0), 0)
        .control([2], (c) => c.u3(w.at(1), 0.3, w.at(2), 1))
        .unitary([0, 0, 0, -1, 0, 1, 0, 0], [2])
        .evolution(Z(0).mul(Y(1)).add(Z(2)), w.at(2))
        .barrier()
        .iswap(0, 2);
    });
    const values = { w: [0.3, -1.1, 0.7] };
    const expected = engine.compile(made, state()).run(values);
    for (const scale of scales) {
      for (const folded of [foldCircuit(made, scale), foldGates(made, scale, { pick: 'random' })]) {
        expect(folded.slots).toEqual(made.slots);
        const gates = folded.ops.filter(
          ({ type }) => type !== 'barrier' && type !== 'statePreparation',
        );
        expect(gates.length / 5).toBeCloseTo(foldedScale(made, scale), 12);
        expect(Math.abs(foldedScale(made, scale) - scale)).toBeLessThanOrEqual(0.2 + 1e-12);
        const found = engine.compile(folded, state()).run(values);
        found.forEach((x, j) => expect(Math.abs(x - expected[j]!)).toBeLessThan(1e-12));
      }
    }
  });

  it('writes what it says', () => {
    const made = circuit(2, (q) => q.h(0).s(1).cnot(0, 1).t(0));
    expect(names(foldGates(made, 1.5))).toBe('H H H S CNOT T');
    expect(names(foldGates(made, 3.5))).toBe('H H H H H S Sdg S CNOT CNOT CNOT T Tdg T');
    expect(names(foldCircuit(made, 2))).toBe('H S CNOT T Tdg CNOT CNOT T');
    expect(names(foldCircuit(made, 3.5))).toBe('H S CNOT T Tdg CNOT Sdg H H S CNOT T Tdg T');
    const picks = Array.from({ length: 20 }, (_, seed) =>
      names(foldGates(made, 1.5, { pick: 'random', seed })),
    );
    expect(new Set(picks).size).toBe(4);
    expect(foldGates(made, 1)).toEqual(made);
  });

  it('repeats the channels of a gate with it, and folds under conditions', () => {
    const noisy = circuit(2, (q) =>
      q
        .bitFlip(0.1, 0)
        .h(0)
        .depolarizing(0.1, 0)
        .cnot(0, 1)
        .depolarizing(0.1, [0, 1])
        .phaseFlip(0.1, 1),
    );
    expect(names(foldGates(noisy, 2))).toBe(
      'bitFlip H depolarizing H depolarizing H depolarizing CNOT depolarizing phaseFlip',
    );
    expect(names(foldCircuit(noisy, 2))).toBe(
      'bitFlip H depolarizing CNOT depolarizing phaseFlip CNOT depolarizing phaseFlip CNOT depolarizing phaseFlip',
    );
    const plain = circuit(2, (q) => q.h(0).cnot(0, 1));
    const model = noiseModel({
      gates: [{ after: 'all', noise: circuit(1, (q) => q.bitFlip(0.1, 0)) }],
    });
    for (const scale of scales) {
      expect(foldGates(applyNoise(plain, model), scale)).toEqual(
        applyNoise(foldGates(plain, scale), model),
      );
      expect(foldCircuit(applyNoise(plain, model), scale)).toEqual(
        applyNoise(foldCircuit(plain, scale), model),
      );
    }
    const dynamic = circuit(2, (q) =>
      q
        .h(0)
        .measure(0, 0)
        .if(
          0,
          (then) => then.x(1).s(1),
          (otherwise) => otherwise.h(1),
        ),
    );
    const folded = foldGates(dynamic, 3);
    const last = folded.ops.at(-1)!;
    if (last.type !== 'conditional') throw new Error('no conditional');
    expect([folded.ops.length, last.then.length, last.otherwise.length]).toEqual([5, 6, 3]);
  });

  it('names what does not fit', () => {
    const filter = circuit(1, (q) => q.h(0).linear([1, 0, 0, 0, 0, 0, 0, 0], [0]));
    expect([
      fault(() =>
        foldGates(
          circuit(1, (q) => q.h(0)),
          0.9,
        ),
      ),
      fault(() =>
        foldCircuit(
          circuit(1, (q) => q.h(0)),
          Number.NaN,
        ),
      ),
      fault(() =>
        foldedScale(
          circuit(1, (q) => q.barrier()),
          2,
        ),
      ),
      fault(() =>
        foldCircuit(
          circuit(1, (q) => q.h(0).measure(0, 0)),
          2,
        ),
      ),
      fault(() => foldGates(filter, 2)),
      fault(() =>
        foldGates(
          circuit(1, (q) => q.h(0)),
          2,
          { pick: 'random', seed: -1 },
        ),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError: 0.9 is not a scale of noise. Use numbers from 1, such as 1, 2, 3",
        "ValueError: NaN is not a scale of noise. Use numbers from 1, such as 1, 2, 3",
        "CircuitError: the circuit has no gates to fold. Give one with gates, matrices or evolutions",
        "CircuitError: operation 1: a measure cannot be undone. Use foldGates",
        "CircuitError: operation 1: a matrix that is not unitary cannot be folded. Fold circuits of gates, unitary matrices and evolutions",
        "ValueError: seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      ]
    `);
  });
});
