import { describe, expect, it } from 'vitest';
import { bind, circuit, compose, inverse, optimize, weight } from '../../src/index.ts';
import type { Circuit } from '../../src/index.ts';
import { randomGates } from './random.ts';
import { phaseDistance, unitaryOf } from './unitary-of.ts';

const names = (c: Circuit): string[] => c.ops.map((op) => (op.type === 'gate' ? op.gate : op.type));

describe('optimize', () => {
  it('keeps the matrix of random circuits, in no more operations', () => {
    let [before, after] = [0, 0];
    for (let seed = 0; seed < 300; seed++) {
      const c = randomGates(seed, 1 + (seed % 4), 30);
      for (const fuse of ['U3', 'Rot', 'none'] as const) {
        const done = optimize(c, { fuse });
        expect(phaseDistance(unitaryOf(done), unitaryOf(c)), `seed ${seed}`).toBeLessThan(1e-12);
        expect(done.ops.length).toBeLessThanOrEqual(c.ops.length);
        if (fuse === 'U3') [before, after] = [before + c.ops.length, after + done.ops.length];
      }
    }
    expect(after / before).toBeLessThan(0.8);
  });

  it('makes nothing of a circuit and its inverse', () => {
    for (let seed = 0; seed < 20; seed++) {
      const c = randomGates(500 + seed, 3, 25);
      expect(optimize(compose(c, inverse(c)), { fuse: 'none' }).ops).toEqual([]);
    }
  });

  it('adds rotations across what commutes with them', () => {
    const c = circuit(3, (q) =>
      q.rz(0.1, 0).cnot(0, 1).cz(0, 2).rz(0.2, 0).rx(0.3, 1).cnot(0, 1).rx(0.4, 1),
    );
    const done = optimize(c);
    expect(names(done)).toEqual(['RZ', 'CZ', 'RX']);
    const [first] = done.ops;
    expect(first?.type === 'gate' && first.angles[0]).toBeCloseTo(0.3, 12);
  });

  it('knows gates whose qubits may change places', () => {
    expect(optimize(circuit(2, (q) => q.cz(0, 1).cz(1, 0))).ops).toEqual([]);
    expect(optimize(circuit(2, (q) => q.swap(0, 1).swap(1, 0))).ops).toEqual([]);
    expect(optimize(circuit(2, (q) => q.rzz(0.3, 0, 1).rzz(-0.3, 1, 0))).ops).toEqual([]);
    expect(optimize(circuit(2, (q) => q.cnot(0, 1).cnot(1, 0))).ops).toHaveLength(2);
  });

  it('fuses runs into the gate with a name, or one rotation', () => {
    expect(names(optimize(circuit(1, (q) => q.h(0).z(0).h(0))))).toEqual(['X']);
    expect(names(optimize(circuit(1, (q) => q.s(0).s(0))))).toEqual(['Z']);
    expect(names(optimize(circuit(1, (q) => q.s(0).p(0.3, 0))))).toEqual(['RZ']);
    expect(names(optimize(circuit(1, (q) => q.ry(0.3, 0).rz(0.2, 0).rx(1, 0))))).toEqual(['U3']);
    expect(
      names(
        optimize(
          circuit(1, (q) => q.ry(0.3, 0).rz(0.2, 0)),
          { fuse: 'none' },
        ),
      ),
    ).toEqual(['RY', 'RZ']);
  });

  it('adds expressions of slots', () => {
    const c = circuit(2, { w: weight([2]) }, (q, { w }) =>
      q.rx(w.at(0), 0).cnot(1, 0).rx(w.at(1), 0).ry(w.at(0), 1).ry(w.at(0).times(-1), 1),
    );
    const done = optimize(c);
    expect(names(done)).toEqual(['RX', 'CNOT']);
    const values = { w: [0.3, 0.9] };
    expect(phaseDistance(unitaryOf(bind(done, values)), unitaryOf(bind(c, values)))).toBeLessThan(
      1e-12,
    );
  });

  it('keeps whole turns that are no global phase', () => {
    expect(optimize(circuit(1, (q) => q.rx(2 * Math.PI, 0))).ops).toEqual([]);
    expect(optimize(circuit(2, (q) => q.crx(2 * Math.PI, 0, 1))).ops).toHaveLength(1);
    expect(optimize(circuit(2, (q) => q.crx(4 * Math.PI, 0, 1))).ops).toEqual([]);
    expect(optimize(circuit(2, (q) => q.cp(2 * Math.PI, 0, 1))).ops).toEqual([]);
  });

  it('moves nothing across barriers, measurements and resets, and works inside conditionals', () => {
    const c = circuit(2, (q) => {
      q.x(0).barrier().x(0).measure(0, 0).x(0).reset(0).x(0);
      q.if(0, (then) => then.h(1).h(1).x(1)).h(1);
    });
    const done = optimize(c);
    expect(names(done)).toEqual([...names(c).slice(0, 7), 'conditional', 'H']);
    const inner = done.ops[7];
    expect(inner?.type === 'conditional' && inner.then.length).toBe(1);
  });
});
