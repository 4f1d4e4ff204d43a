import { circuit } from '@ketwork/circuit';
import { Random, randomCircuit } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { support } from '../../src/cpu/element.ts';
import { groupElements, isDense } from '../../src/cpu/group.ts';
import { lower } from '../../src/cpu/lower.ts';

describe('groupElements', () => {
  it('keeps every element once, and the order of elements that share a qubit', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed);
      const made = randomCircuit(random, {
        qubits: random.integer(1, 6),
        ops: 25,
        kinds: ['gate', 'matrix'],
      });
      const { elements } = lower(made, true);
      for (const size of [1, 2, 3]) {
        const groups = groupElements(elements, made.qubits, size);
        const total = groups.reduce((sum, group) => sum + group.elements.length, 0);
        expect(total).toBe(elements.length);
        // An element of a group is the original one, or that with its controls moved to the group.
        const order = groups.flatMap((group) =>
          group.elements.map((element) => ({ element, group })),
        );
        for (let qubit = 0; qubit < made.qubits; qubit++) {
          const before = elements.filter((e) => support(e).includes(qubit)).map((e) => e.operation);
          const after = order
            .filter(
              ({ element, group }) =>
                support(element).includes(qubit) || group.controls.some((c) => c.qubit === qubit),
            )
            .map(({ element }) => element.operation);
          expect(after).toEqual(before);
        }
      }
    }
  });

  it('never holds more qubits than asked for, except for one wide element', () => {
    const { elements } = lower(
      circuit(5, (q) => {
        q.h(0).toffoli(0, 1, 2).rzz(0.3, 3, 4).fredkin(0, 3, 4).cnot(1, 2);
      }),
      false,
    );
    for (const { register, controls, elements: inside } of groupElements(elements, 5, 2)) {
      expect(register.length).toBeLessThanOrEqual(2);
      if (controls.length > 0) expect(inside).toHaveLength(1);
    }
  });

  it('takes time in proportion to the number of elements', () => {
    const time = (gates: number): number => {
      const { elements } = lower(
        circuit(12, (q) => {
          // Qubit 11 is touched by the first gate only, so that no scan of all elements would end early.
          q.h(11);
          for (let i = 0; i < gates; i++) q.rx(0.1 * i, i % 11).cz(i % 11, (i + 1) % 11);
        }),
        false,
      );
      let best = Infinity;
      for (let round = 0; round < 9; round++) {
        const start = performance.now();
        groupElements(elements, 12, 3);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    time(2000);
    // Eight times the gates; 64 times the time if each group looked at all that is left.
    expect(time(16_000) / time(2000)).toBeLessThan(32);
  });

  it('gives a large matrix a group of its own', () => {
    const identity = Array.from({ length: 8 }, (_, r) =>
      Array.from({ length: 8 }, (_, c) => (r === c ? 1 : 0)),
    );
    const { elements } = lower(
      circuit(4, (q) => {
        q.h(0).unitary(identity, [0, 1, 2]).h(0);
      }),
      false,
    );
    const groups = groupElements(elements, 4, 3);
    const dense = groups.filter((group) => group.elements.some(isDense));
    expect(dense).toHaveLength(1);
    expect(dense[0]?.elements).toHaveLength(1);
  });
});
