import { CircuitError, UnsupportedError } from '@ketwork/base';
import { circuit, deferMeasurements, expval, probabilities, X, Z } from '@ketwork/circuit';
import type { Circuit, DeferredCircuit, Measurement, Observable, Op } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import {
  expectClose,
  Random,
  randomDynamicCircuit,
  randomObservable,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { knownCases } from './dynamic-cases.ts';

const engine = reference();

/** An observable on the qubits of a deferred circuit. */
function moved(o: Observable, { qubits }: DeferredCircuit): Observable {
  if (o.type !== 'pauli') return { ...o, qubits: o.qubits.map((qubit) => qubits[qubit]!) };
  const terms = o.terms.map((term) => ({
    ...term,
    paulis: term.paulis.map(({ qubit, pauli }) => ({ qubit: qubits[qubit]!, pauli })),
  }));
  return { type: 'pauli', terms };
}

/** Expectation value and probabilities of all bits as the deferred circuit has them, by the dense reference. */
function byDeferral(
  c: Circuit,
  observable: Observable,
  values: Record<string, ArrayLike<number>>,
  read: readonly Measurement[] | undefined,
): { mean: number; bits: number[]; success: number; deferred: DeferredCircuit } {
  const deferred = deferMeasurements(c, {
    postselection: 'immediate',
    ...(read === undefined ? {} : { read }),
  });
  const [mean, all, norm] = engine
    .compile(deferred.circuit, [
      expval(moved(observable, deferred)),
      probabilities(),
      { type: 'successProbability' },
    ])
    .run(values);
  const success = norm[0]!;
  // Without post-selection, what maps that are not unitary leave is not normalised.
  const scale = JSON.stringify(c.ops).includes('postselect') ? success : 1;
  const bits = new Array<number>(2 ** c.bits).fill(0);
  all.forEach((p, index) => {
    const outcome = deferred.bits.reduce((number, held) => {
      const value =
        'value' in held! ? held.value : (index >> (deferred.circuit.qubits - 1 - held!.qubit)) & 1;
      return 2 * number + value;
    }, 0);
    bits[outcome]! += p / scale;
  });
  return { mean: mean[0]! / scale, bits, success, deferred };
}

describe('deferMeasurements', () => {
  it('keeps all expectation values and probabilities of random dynamic circuits', () => {
    let compared = 0;
    const sizes = new Set<number>();
    for (let seed = 0; seed < 120; seed++) {
      const random = new Random(seed);
      const c = randomDynamicCircuit(random.child(0), {
        qubits: random.integer(1, 3),
        ops: random.integer(2, 8),
      });
      const values = randomValues(random.child(1), c, 1);
      const observable = randomObservable(random.child(2), c);
      const list = [
        expval(observable),
        probabilities({ bits: [0, 1, 2] }),
        { type: 'successProbability' },
      ] as const;
      if (deferMeasurements(c, { read: list }).circuit.qubits > 9) continue;
      let want: Float64Array[];
      try {
        want = engine.compile(c, list).run(values);
      } catch (error) {
        expect((error as Error).message).toMatch(/nothing is left/);
        continue;
      }
      compared++;
      for (const read of [undefined, list]) {
        if (read === undefined && deferMeasurements(c).circuit.qubits > 10) continue;
        const have = byDeferral(c, observable, values, read);
        sizes.add(have.deferred.circuit.qubits - c.qubits);
        for (const op of have.deferred.circuit.ops)
          expect(['measure', 'reset', 'conditional']).not.toContain(op.type);
        const what = `seed ${seed}`;
        expectClose([have.mean], want[0]!, 1e-9, what);
        expectClose(have.bits, want[1]!, 1e-9, what);
        expectClose([have.success], want[2]!, 1e-12, what);
      }
    }
    expect(compared).toBeGreaterThan(60);
    expect(sizes.size).toBeGreaterThan(3);
  });

  it('leaves a unitary circuit and the qubits to project on, with the same success', () => {
    let compared = 0;
    for (let seed = 200; seed < 260; seed++) {
      const random = new Random(seed);
      const c = randomDynamicCircuit(random.child(0), { qubits: 2, ops: 5, filters: false });
      const values = randomValues(random.child(1), c, 1);
      const { circuit: plain, postselected } = deferMeasurements(c, {
        read: [{ type: 'successProbability' }],
      });
      expect(plain.ops.every((op: Op) => op.type !== 'matrix' || op.unitary)).toBe(true);
      if (plain.qubits > 9 || postselected.length === 0) continue;
      compared++;
      const kept = {
        type: 'projector',
        qubits: postselected.map(({ qubit }) => qubit),
        bits: postselected.map(({ value }) => value),
      } as const;
      const [want] = engine.compile(c, { type: 'successProbability' }).run(values);
      expect(engine.compile(plain, expval(kept)).run(values)[0]).toBeCloseTo(want!, 12);
    }
    expect(compared).toBeGreaterThan(10);
  });

  it.each(knownCases)('$name', ({ circuit: c, values, measurements, expected }) => {
    const [mean] = measurements;
    if (mean?.type !== 'expval' || Object.values(values).some((list) => list.length > 3)) return;
    const read = [mean, probabilities({ bits: Array.from({ length: c.bits }, (_, bit) => bit) })];
    if (deferMeasurements(c, { read }).circuit.qubits > 12) return;
    mean.observables.forEach((observable, i) => {
      const { mean: have } = byDeferral(c, observable, values, read);
      expect(have).toBeCloseTo(expected[0]![i]!, 10);
    });
  });

  it('needs no qubit for what nothing acts on any more, and none for what is not read', () => {
    const final = circuit(3, (q) =>
      q.h(0).cnot(0, 1).h(2).measure(0, 0).measure(1, 1).measure(2, 2),
    );
    expect(deferMeasurements(final).circuit.qubits).toBe(6);
    const bits = deferMeasurements(final, { read: [probabilities({ bits: [0, 1] })] });
    expect(bits.circuit.qubits).toBe(2);
    expect(bits.bits).toEqual([{ qubit: 0 }, { qubit: 1 }, undefined]);
    expect(bits.qubits).toEqual([0, 1, undefined]);
    expect(deferMeasurements(final, { read: [expval(X(0))] }).circuit.qubits).toBe(3);
    expect(deferMeasurements(final, { read: [expval(Z(0))] }).circuit.qubits).toBe(2);
  });

  it('measures and resets with one qubit more, conditions with none', () => {
    const read = [probabilities({ bits: [0, 1] })];
    const again = circuit(1, (q) => q.h(0).measure(0, 0).reset(0).h(0).measure(0, 1));
    expect(deferMeasurements(again, { read }).circuit.qubits).toBe(2);
    const fed = circuit(2, (q) =>
      q
        .h(0)
        .measure(0, 0)
        .if(0, (then) => then.h(1))
        .measure(1, 1),
    );
    expect(deferMeasurements(fed, { read }).circuit.qubits).toBe(2);
  });

  it('resets what was just measured by its record, in every round of a loop', () => {
    const read = [probabilities({ bits: [0] })];
    const coin = (rounds: number): Circuit =>
      circuit(1, (q) =>
        q
          .h(0)
          .measure(0, 0)
          .while(0, rounds, (again) => again.reset(0).h(0).measure(0, 0)),
      );
    // The first round goes on with a fresh qubit; each round then takes one for its record.
    const { qubits } = deferMeasurements(coin(4), { read }).circuit;
    expect(qubits).toBe(deferMeasurements(coin(3), { read }).circuit.qubits + 1);
    const { bits } = byDeferral(coin(4), Z(0), {}, [...read, expval(Z(0))]);
    expectClose(bits, [31 / 32, 1 / 32], 1e-12);
  });

  it('does not flip a qubit that is to be projected on when it is reset', () => {
    const made = circuit(1, (q) =>
      q
        .ry(0.7, 0)
        .measure(0, 0)
        .if(0, (then) => then.z(0))
        .measure(0, 1, { postselect: 1 })
        .reset(0),
    );
    const { circuit: plain, postselected } = deferMeasurements(made);
    const held = {
      type: 'projector',
      qubits: postselected.map(({ qubit }) => qubit),
      bits: postselected.map(({ value }) => value),
    } as const;
    expectClose(engine.compile(plain, expval(held)).run(), [Math.sin(0.35) ** 2], 1e-12);
  });

  it('follows bits that are known', () => {
    const known = circuit(2, (q) =>
      q
        .measure(0, 0)
        .if(
          0,
          (then) => then.x(1),
          (otherwise) => otherwise.h(1),
        )
        .while({ bits: [1], value: 1 }, 5, (again) => again.x(0)),
    );
    const { circuit: plain, bits } = deferMeasurements(known);
    expect(plain.ops).toEqual([{ type: 'gate', gate: 'H', qubits: [1], angles: [], controls: [] }]);
    expect(bits).toEqual([{ value: 0 }, { value: 0 }]);
  });

  it('refuses channels under conditions, too many qubits and endless loops', () => {
    const noisy = circuit(1, (q) =>
      q
        .h(0)
        .measure(0, 0)
        .if(0, (then) => then.channel('bitFlip', [0.1], 0)),
    );
    expect(() => deferMeasurements(noisy)).toThrow(UnsupportedError);
    expect(() => deferMeasurements(noisy)).toThrow(/^operation 2: a channel under a condition/);
    const many = circuit(1, (q) => {
      for (let i = 0; i < 9; i++) q.h(0).measure(0, i);
    });
    expect(() => deferMeasurements(many, { maxQubits: 9 })).toThrow(
      /needs 10 qubits, and there may be 9/,
    );
    expect(() => deferMeasurements(many, { maxQubits: 0 })).toThrow(CircuitError);
    const endless = circuit(2, (q) =>
      q.measure(0, 0).while({ bits: [0], value: 0 }, 1e9, (again) => again.h(1)),
    );
    expect(() => deferMeasurements(endless)).toThrow(/more than 1000000 operations/);
  });

  it('prepares states under a condition', () => {
    const prepared = circuit(2, (q) =>
      q
        .ry(1.1, 0)
        .measure(0, 0)
        .if(0, (then) => then.prepare([0.6, 0.8], [1])),
    );
    const want = engine.compile(prepared, expval(Z(1))).run();
    expect(byDeferral(prepared, Z(1), {}, undefined).mean).toBeCloseTo(want[0]!, 12);
  });
});
