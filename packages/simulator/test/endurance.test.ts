import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Circuit } from '@ketwork/circuit';
import { circuit, counts, expval, probabilities, state, weight, Z } from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import { expectClose, Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

const engine = await cpu();

/** A circuit of so many gates on four qubits, its angles in slots or in place. */
function long(gates: number, slots: boolean, random: Random): Circuit<'w'> {
  return circuit(4, { w: weight([gates]) }, (q, { w }) => {
    for (let i = 0; i < gates; i++) {
      const [a, b] = random.sample([0, 1, 2, 3], 2) as [number, number];
      const angle = slots ? w.at(i) : 7 * random.uniform();
      if (i % 8 === 0) q.rx(angle, a);
      else if (i % 8 === 1) q.ry(angle, a);
      else if (i % 8 === 2) q.rz(angle, a);
      else if (i % 8 === 3) q.cnot(a, b);
      else if (i % 8 === 4) q.h(a);
      else if (i % 8 === 5) q.crx(angle, a, b);
      else if (i % 8 === 6) q.rzz(angle, a, b);
      else q.sx(a);
    }
  });
}

describe('long and large', () => {
  it.each([true, false])('2,000 gates keep the norm (angles in slots: %s)', (slots) => {
    const random = new Random(5);
    const c = long(2000, slots, random);
    const w = Float64Array.from({ length: 2000 }, () => 7 * random.uniform());
    const [amplitudes, chances] = engine.compile(c, [state(), probabilities()]).run({ w });
    expect(Math.abs(amplitudes.reduce((sum, x) => sum + x * x, 0) - 1)).toBeLessThan(1e-12);
    expect(Math.abs(chances.reduce((sum, x) => sum + x, 0) - 1)).toBeLessThan(1e-12);
    expectClose(amplitudes, reference().compile(c, state()).run({ w }), 1e-12);
  });

  it('angles of 1e8 keep their sine', () => {
    const c = circuit(2, { w: weight([4]) }, (q, { w }) =>
      q
        .rx(w.at(0), 0)
        .ry(w.at(1), 1)
        .rz(w.at(2), 0)
        .cnot(0, 1)
        .rzz(w.at(3), 0, 1)
        .rx(w.at(3), 1)
        .p(w.at(2), 1),
    );
    const w = [1e8, 0.3 - 1e8, 1e8 + 1, 3e8];
    const amplitudes = engine.compile(c, state()).run({ w });
    expectClose(amplitudes, reference().compile(c, state()).run({ w }), 1e-12);
    const turned = circuit(1, { w: weight([1]) }, (q, v) => q.rx(v.w.at(0), 0));
    expect(engine.compile(turned, expval(Z(0))).run({ w: [1e8] })[0]).toBeCloseTo(
      Math.cos(1e8),
      12,
    );
  });
});

describe('memory', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): { heap: number; outside: number; resident: number } => {
    collect();
    collect();
    const { heapUsed, heapTotal, external, arrayBuffers, rss } = process.memoryUsage();
    return {
      heap: heapUsed / 2 ** 20,
      outside: (external + arrayBuffers) / 2 ** 20,
      // V8 doubles the space for young objects, some 50 MiB, whenever it sees fit.
      resident: (rss - heapTotal) / 2 ** 20,
    };
  };
  /** Compiles, runs, differentiates and disposes of a circuit whose structure no other number has. */
  const cycle = (number: number, qubits = 3): void => {
    const c = circuit(qubits, { w: weight([3]) }, (q, { w }) => {
      for (let k = 0; k < 3; k++) q.rx(w.at(k), k).cnot(k, (k + 1) % 3);
      for (let k = 0; k < 11; k++)
        if (((number >> k) & 1) === 1) q.h(k % 3).crx(w.at(k % 3), k % 3, (k + 1) % 3);
    });
    const program = engine.compile(c, expval(Z(0)));
    program.run({ w: [1, 2, 3] });
    program.vjp({ w: [1, 2, 3] }, [1]);
    program.dispose();
  };

  it('does not grow with circuits compiled and disposed of', () => {
    // Enough to fill the cache of modules.
    for (let i = 0; i < 500; i++) cycle(i);
    const before = used();
    for (let i = 500; i < 1000; i++) cycle(i);
    const after = used();
    expect(after.heap - before.heap).toBeLessThan(4);
    expect(after.outside - before.outside).toBeLessThan(4);
    // Compiled code is freed some time after its module; 500 that stay would take more than 100 MiB.
    expect(after.resident - before.resident).toBeLessThan(96);
  });

  it('does not grow with circuits whose kernels are shared', () => {
    // Kernels stay compiled for circuits to come, up to a bound.
    for (let i = 0; i < 400; i++) cycle(i, 7);
    const before = used();
    for (let i = 400; i < 800; i++) cycle(i, 7);
    const after = used();
    expect(after.heap - before.heap).toBeLessThan(8);
    expect(after.outside - before.outside).toBeLessThan(4);
    expect(after.resident - before.resident).toBeLessThan(96);
  });

  it('does not grow with shots', () => {
    const c = circuit(8, (q) => q.h(0).cnot(0, 7).h(3));
    const program = engine.compile(c, [counts(100), expval(Z(0))], { shots: 100 });
    const run = (times: number): void => {
      for (let seed = 0; seed < times; seed++) program.run({}, { seed });
    };
    run(500);
    const before = used();
    run(5000);
    const after = used();
    expect(after.heap - before.heap).toBeLessThan(2);
    expect(after.outside - before.outside).toBeLessThan(2);
    expect(after.resident - before.resident).toBeLessThan(32);
  });

  it('does not grow with runs', () => {
    const c = circuit(2, { w: weight([2]) }, (q, { w }) =>
      q.rx(w.at(0), 0).cnot(0, 1).ry(w.at(1), 1),
    );
    const program = engine.compile(c, expval(Z(0), Z(1)));
    const run = (times: number): void => {
      for (let i = 0; i < times; i++) {
        program.run({ w: [i, 2] });
        program.vjp({ w: [i, 2] }, [1, 1]);
      }
    };
    run(5000);
    const before = used();
    run(50_000);
    const after = used();
    expect(after.heap - before.heap).toBeLessThan(2);
    expect(after.outside - before.outside).toBeLessThan(2);
    expect(after.resident - before.resident).toBeLessThan(32);
  });
});
