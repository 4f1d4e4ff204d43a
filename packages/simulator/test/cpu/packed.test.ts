import { X, Z, circuit, expval, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import {
  Random,
  expectClose,
  randomCircuit,
  randomMeasurement,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { exactRounding } from '../../src/cpu/arithmetic.ts';
import { lower } from '../../src/cpu/lower.ts';
import { isPacked } from '../../src/cpu/module.ts';
import { cpu, reference } from '../../src/index.ts';

const engine = await cpu();
const judge = reference();

/** The circuit with all slots shared, so that a run is one example. */
const single = (made: Circuit): Circuit => ({
  ...made,
  slots: made.slots.map((slot) => ({ ...slot, axis: 'shared' })),
});

describe('a circuit run on one example, its last qubit in the lanes', () => {
  it('gives what the reference gives', () => {
    let packed = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(5000 + seed);
      const kinds = ['gate', 'matrix', 'evolution'] as const;
      const made = single(
        randomCircuit(random, {
          qubits: random.integer(4, 7),
          ops: 25,
          kinds,
          filters: false,
          slotGenerators: false,
        }),
      );
      if (isPacked(lower(made, false), exactRounding)) packed++;
      const values = randomValues(random, made, 1);
      const types = ['expval', 'variance', 'probabilities', 'state'] as const;
      const measurement = randomMeasurement(random, made, random.pick(types));
      const fast = engine.compile(made, measurement);
      const slow = judge.compile(made, measurement);
      const y = slow.run(values) as Float64Array;
      expectClose(fast.run(values) as Float64Array, y, 1e-12, `seed ${seed}`);
      const dy = y.map((_, i) => Math.cos(i));
      for (const options of [{}, { perExample: true }, { squaredNorms: true }]) {
        const expected = slow.vjp(values, dy, options);
        const found = fast.vjp(values, dy, options);
        for (const name of Object.keys(expected))
          expectClose(found[name]!, expected[name]!, 1e-11, `seed ${seed}, ${name}`);
      }
    }
    expect(packed).toBeGreaterThan(100);
  });

  it('is not packed where an operation leaves no qubit to exchange with the lanes', () => {
    const made = circuit(4, { w: weight() }, (q, { w }) => {
      q.h(0).h(1).h(2).h(3);
      q.control([0, 1, 3], (inner) => inner.ry(w, 2));
    });
    expect(isPacked(lower(made, false), exactRounding)).toBe(false);
    const values = { w: [0.7] };
    const measured = expval(Z(2), X(3));
    expectClose(
      engine.compile(made, measured).run(values),
      judge.compile(made, measured).run(values),
      1e-14,
      'run',
    );
  });
});
