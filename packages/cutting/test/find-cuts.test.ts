import { circuit, expval, qubitsOf, X, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cutCircuit, findCuts } from '@ketwork/cutting';
import { cpu } from '@ketwork/simulator';
import { expectClose, Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

/** Two-qubit gates on neighbours of a line, with rotations between. */
function random(seed: number, qubits: number, gates: number): Circuit {
  const numbers = new Random(seed);
  return circuit(qubits, (q) => {
    for (let i = 0; i < qubits; i++) q.ry(numbers.uniform(-2, 2), i);
    for (let g = 0; g < gates; g++) {
      const a = numbers.integer(qubits - 1);
      const kind = numbers.integer(5);
      if (kind === 0) q.cnot(a, a + 1);
      else if (kind === 1) q.cz(a + 1, a);
      else if (kind === 2) q.rzz(numbers.uniform(-2, 2), a, a + 1);
      else if (kind === 3) q.crx(numbers.uniform(-2, 2), a, a + 1);
      else q.swap(a, a + 1);
      q.rx(numbers.uniform(-2, 2), a).rz(numbers.uniform(-2, 2), a + 1);
    }
  });
}

describe('findCuts', () => {
  it('finds nothing to cut where the circuit fits', () => {
    const found = findCuts(random(1, 3, 5), { maxQubits: 3 });
    expect(found).toEqual({ cuts: [], fragments: [3], overhead: 1, optimal: true });
  });

  it('prefers one weak rotation to a wire, and a wire to two gates', () => {
    const weak = circuit(2, (q) => q.h(0).h(1).rzz(0.1, 0, 1).h(0));
    expect(findCuts(weak, { maxQubits: 1 }).cuts).toEqual([{ gate: 2 }]);
    expect(findCuts(weak, { maxQubits: 1 }).overhead).toBeCloseTo((1 + 2 * Math.sin(0.1)) ** 2, 12);
    // Qubit 1 meets 0 twice, then 2 twice: one wire between, or two gates.
    const meeting = circuit(3, (q) => q.h(1).cnot(0, 1).h(0).cnot(1, 0).cnot(1, 2).h(2).cnot(2, 1));
    const found = findCuts(meeting, { maxQubits: 2 });
    expect(found.cuts).toEqual([{ wire: 1, before: 4 }]);
    expect(found).toMatchObject({ fragments: [2, 2], overhead: 16, optimal: true });
  });

  it('finds the cheapest cuts: no single or double cut is cheaper', () => {
    for (let seed = 0; seed < 6; seed++) {
      const c = random(seed, 4, 5);
      const found = findCuts(c, { maxQubits: 3 });
      expect(found.optimal).toBe(true);
      expect(Math.max(...found.fragments)).toBeLessThanOrEqual(3);
      const places = c.ops.flatMap((op, i) =>
        qubitsOf(op).length < 2
          ? []
          : [{ gate: i }, ...qubitsOf(op).map((wire) => ({ wire, before: i }))],
      );
      for (const a of places) {
        for (const b of [undefined, ...places]) {
          let program;
          try {
            const cuts = b === undefined ? [a] : [a, b];
            program = cutCircuit(engine, c, expval(Z(0)), { cuts });
          } catch {
            continue;
          }
          if (Math.max(...program.cut.fragments) > 3) continue;
          expect(program.cut.overhead).toBeGreaterThanOrEqual(found.overhead * (1 - 1e-12));
        }
      }
    }
  });

  it('gives programs that agree with the whole circuit', () => {
    const measurement = expval(Z(0), X(2).mul(Z(5)), Z(3));
    for (let seed = 0; seed < 20; seed++) {
      const c = random(100 + seed, 6, 7);
      const maxQubits = 3 + (seed % 3);
      const cut = cutCircuit(engine, c, measurement, { maxQubits, maxCuts: 5 });
      expect(Math.max(...cut.cut.fragments)).toBeLessThanOrEqual(maxQubits);
      expectClose(cut.run(), engine.compile(c, measurement).run(), 1e-10, `seed ${seed}`);
    }
  });

  it('says so where its search was cut short', () => {
    expect(findCuts(random(7, 8, 24), { maxQubits: 6, beam: 1 }).optimal).toBe(false);
  });

  it('refuses numbers that are none', () => {
    const c = random(1, 3, 5);
    expect(() => findCuts(c, { maxQubits: 0 })).toThrow(/maxQubits is 0/);
    expect(() => findCuts(c, { maxQubits: 2, beam: 0.5 })).toThrow(/beam is 0.5/);
    expect(() =>
      findCuts(
        circuit(1, (q) => q.measure(0, 0)),
        { maxQubits: 1 },
      ),
    ).toThrow(/classical bits/);
    expect(() => findCuts(random(7, 8, 24), { maxQubits: 2, maxCuts: 1 })).toThrow(/no cuts found/);
  });
});

const engine = await cpu();
