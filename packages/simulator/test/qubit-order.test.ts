import { circuit, compose, counts, probabilities, state } from '@ketwork/circuit';
import { Random, expectClose, randomCircuit, randomValues } from '@ketwork/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpu, reorderQubits, toLittleEndian } from '../src/index.ts';

const engine = await cpu();

/** A permutation of 0 … n − 1. */
const orders = fc
  .integer({ min: 1, max: 6 })
  .chain((n) => fc.shuffledSubarray([...Array(n).keys()], { minLength: n, maxLength: n }));

/** An index as bits, first qubit first. */
const bitsOf = (index: number, qubits: number): string => index.toString(2).padStart(qubits, '0');

describe('reorderQubits', () => {
  it('moves every basis state to where its bits say, in every example and component', () => {
    fc.assert(
      fc.property(
        orders,
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(1 as const, 2 as const),
        (order, batch, components) => {
          const n = order.length;
          const values = Float64Array.from({ length: batch * 2 ** n * components }, (_, i) => i);
          const moved = reorderQubits(values, order, { components });
          expect(moved).toHaveLength(values.length);
          for (let i = 0; i < values.length; i++) {
            const component = i % components;
            const row = Math.floor(i / components);
            const example = Math.floor(row / 2 ** n);
            const bits = reorderQubits(bitsOf(row % 2 ** n, n), order);
            const to = (example * 2 ** n + Number.parseInt(bits, 2)) * components + component;
            expect(moved[to]).toBe(values[i]);
          }
        },
      ),
    );
  });

  it('puts letter order[i] of a bit string to place i', () => {
    expect(reorderQubits('001', [2, 0, 1])).toBe('100');
    fc.assert(
      fc.property(orders, fc.integer({ min: 0 }), (order, random) => {
        const bits = bitsOf(random % 2 ** order.length, order.length);
        const moved = reorderQubits(bits, order);
        order.forEach((qubit, i) => expect(moved[i]).toBe(bits[qubit]));
      }),
    );
  });

  it('agrees with circuits on other wires and with measurements in that order', () => {
    const random = new Random(11);
    for (let trial = 0; trial < 40; trial++) {
      const qubits = random.integer(1, 5);
      const order = random.sample([...Array(qubits).keys()], qubits);
      const kinds = ['gate', 'matrix', 'statePreparation'] as const;
      const original = randomCircuit(random, { qubits, ops: 12, kinds, filters: false });
      const batch = random.integer(1, 4);
      const values = randomValues(random, original, batch);
      // Qubit order[i] goes to wire i.
      const wires = Array.from(order, (_, qubit) => order.indexOf(qubit));
      const moved = compose(
        circuit(qubits, () => {}),
        original,
        { qubits: wires },
      );
      const states = engine.compile(original, state()).run(values);
      expectClose(
        reorderQubits(states, order, { components: 2 }),
        engine.compile(moved, state()).run(values),
        1e-12,
      );
      const all = engine.compile(original, probabilities()).run(values);
      const ordered = engine.compile(original, probabilities(order)).run(values);
      expectClose(reorderQubits(all, order), ordered, 1e-12);
    }
  });

  it('refuses what does not fit', () => {
    expect(() => reorderQubits([1, 0], [1])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: [1] does not name every qubit from 0 to 0 once. Give a permutation]`,
    );
    expect(() => reorderQubits([1, 0, 0, 0], [0, 0])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: [0, 0] does not name every qubit from 0 to 1 once. Give a permutation]`,
    );
    expect(() => reorderQubits([1, 0, 0], [0, 1])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: 3 numbers do not have the shape [batch, 4] of 2 qubits. For states set components to 2]`,
    );
    expect(() =>
      reorderQubits([1, 0, 0, 0], [0, 1], { components: 2 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: 4 numbers do not have the shape [batch, 4, 2] of 2 qubits. For probabilities leave components out]`,
    );
    expect(() =>
      reorderQubits([1, 0, 0, 0], [0, 1], { components: 3 as 2 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: there are no arrays with 3 numbers per basis state. Use 1 for probabilities and 2 for states]`,
    );
    expect(() => reorderQubits('012', [0, 1, 2])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: '012' is not a bit string of 3 qubits. Give one 0 or 1 per qubit]`,
    );
    expect(() => reorderQubits({ '01': 1, '1': 2 }, [0, 1])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: '1' is not a bit string of 2 qubits. Give one 0 or 1 per qubit]`,
    );
    expect(() => toLittleEndian([1, 0], undefined as never)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: the number of qubits of an array is undefined. Give the number of qubits of the circuit as second argument]`,
    );
    expect(() => toLittleEndian([1, 0], 1.5)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: the number of qubits of an array is 1.5. Give the number of qubits of the circuit as second argument]`,
    );
  });
});

describe('toLittleEndian', () => {
  it('gives amplitude i of Qiskit, where qubit k is bit k of i', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), (ones) => {
        const n = ones.length;
        const basis = circuit(n, (q) => ones.forEach((one, qubit) => one && q.x(qubit)));
        const index = ones.reduce((sum, one, qubit) => sum + (one ? 2 ** qubit : 0), 0);
        const there = toLittleEndian(engine.compile(basis, state()).run(), n, { components: 2 });
        expect([...there.keys()].filter((i) => there[i] !== 0)).toEqual([2 * index]);
        expect(toLittleEndian(engine.compile(basis, probabilities()).run(), n)[index]).toBe(1);
        const [shots] = engine.compile(basis, counts(5)).run({}, { seed: 1 });
        expect(toLittleEndian(shots!)).toEqual({ [bitsOf(index, n)]: 5 });
      }),
    );
  });

  it('undoes itself and is a reordering', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 3 }), (n, batch) => {
        const values = Float64Array.from({ length: batch * 2 ** n * 2 }, (_, i) => i);
        const there = toLittleEndian(values, n, { components: 2 });
        expect(toLittleEndian(there, n, { components: 2 })).toEqual(values);
        const order = [...Array(n).keys()].reverse();
        expect(there).toEqual(reorderQubits(values, order, { components: 2 }));
      }),
    );
    expect(toLittleEndian('0010')).toBe('0100');
    expect(toLittleEndian({ '001': 2, '110': 3 })).toEqual({ '100': 2, '011': 3 });
  });
});
