import { UnsupportedError } from '@ketwork/base';
import {
  circuit,
  expval,
  hermitian,
  hermitianSlot,
  probabilities,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Measurement } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import { expectClose, Random, randomDynamicCircuit, randomValues } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';

const fed = circuit(3, { w: weight([4]) }, (q, { w }) =>
  q
    .ry(w.at(0), 0)
    .cnot(0, 1)
    .rx(w.at(1), 1)
    .measure(1, 0)
    .if(
      0,
      (then) => then.crx(w.at(2), 0, 2),
      (otherwise) => otherwise.ry(w.at(1), 2),
    )
    .reset(1)
    .rot(w.at(3), w.at(0), 0.2, 1)
    .cnot(1, 2)
    .while(0, 2, (again) => again.ry(0.8, 0).measure(0, 0)),
);
const values = { w: [0.4, 1.3, -0.7, 2.1] };
const measurements: readonly Measurement[] = [
  expval(Z(2), X(0).mul(Y(1))),
  variance(Z(0).add(X(2))),
  probabilities({ qubits: [1], bits: [0] }),
];

describe('measurements, resets and feedback', () => {
  test('have derivatives by parameter shift, on engines that run them in different ways', async () => {
    const judge = reference();
    const want = judge.compile(fed, measurements).jacobian(values).w;
    for (const engine of [judge, await cpu()]) {
      const program = differentiate(engine, fed, measurements, { method: 'parameter-shift' });
      expectClose(program.jacobian(values).w, want, 1e-12);
      expect(differentiate(engine, fed, measurements).method).toBe('adjoint');
      expectClose(differentiate(engine, fed, measurements).jacobian(values).w, want, 1e-12);
    }
  });

  test('agree on random circuits', async () => {
    const engine = await cpu();
    let compared = 0;
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed + 300);
      const c = randomDynamicCircuit(random.child(0), {
        qubits: 2,
        ops: 5,
        kinds: ['gate'],
        postselect: false,
        filters: false,
      });
      if (c.slots.some(({ kind }) => kind !== 'scalar')) continue;
      const given = randomValues(random.child(1), c, 2);
      const list = [expval(Z(0), X(1)), probabilities({ bits: [0, 1, 2] })];
      const shifted = differentiate(engine, c, list, { method: 'parameter-shift' });
      const jacobians = engine.compile(c, list).jacobian(given);
      for (const [name, j] of Object.entries(shifted.jacobian(given)))
        expectClose(j, jacobians[name]!, 1e-10, `seed ${seed}, ${name}`);
      compared++;
    }
    expect(compared).toBeGreaterThan(8);
  });

  test('have derivatives from shots', async () => {
    const engine = await cpu();
    const exact = engine.compile(fed, expval(Z(2))).jacobian(values).w;
    const program = differentiate(engine, fed, expval(Z(2)), {
      method: 'parameter-shift',
      shots: 20_000,
    });
    expectClose(program.jacobian(values, { seed: 3 }).w, exact, 0.04);
  });
});

describe('post-selection', () => {
  const kept = circuit(2, { w: weight([2]) }, (q, { w }) =>
    q.ry(w.at(0), 0).ry(w.at(1), 1).cnot(0, 1).measure(1, 0, { postselect: 1 }),
  );

  test('to observables in slots is refused where the engine cannot differentiate it', async () => {
    const h = hermitianSlot('h', 2);
    const trained = circuit(1, { w: weight([]), h }, (q, { w }) =>
      q.ry(w.at(), 0).measure(0, 0, { postselect: 1 }).h(0),
    );
    const observable = expval(hermitian(h, [0]));
    const engine = await cpu();
    expect(() => differentiate(engine, trained, observable, { method: 'adjoint' })).toThrow(
      /operation 1: .*'cpu' does not go through postselection to an observable in a slot. Use finite-difference/,
    );
    expect(differentiate(reference(), trained, observable).method).toBe('adjoint');
  });

  test('is differentiated by the adjoint method, and refused by parameter shift', async () => {
    const engine = await cpu();
    expect(differentiate(engine, kept, expval(Z(0))).method).toBe('adjoint');
    const want = reference()
      .compile(kept, expval(Z(0)))
      .jacobian({ w: [0.3, 0.8] }).w;
    expectClose(
      differentiate(engine, kept, expval(Z(0))).jacobian({ w: [0.3, 0.8] }).w,
      want,
      1e-12,
    );
    expect(() => differentiate(engine, kept, expval(Z(0)), { method: 'parameter-shift' })).toThrow(
      UnsupportedError,
    );
    expect(() => differentiate(engine, kept, expval(Z(0)), { method: 'parameter-shift' })).toThrow(
      /divides by a probability/,
    );
  });
});
