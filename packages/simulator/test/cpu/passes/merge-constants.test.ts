import { X, Y, Z, circuit, expval, state, weight } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { Random, expectClose, randomUnitary } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cpuCapabilities } from '../../../src/cpu/capabilities.ts';
import type { Element } from '../../../src/cpu/element.ts';
import { lower } from '../../../src/cpu/lower.ts';
import { EngineMemory } from '../../../src/cpu/memory.ts';
import { allocateCoefficients } from '../../../src/cpu/passes/allocate.ts';
import { flopsOf } from '../../../src/cpu/passes/constants.ts';
import { mergeConstants } from '../../../src/cpu/passes/merge-constants.ts';
import { CpuProgram } from '../../../src/cpu/program.ts';
import { planReadout } from '../../../src/cpu/readout.ts';
import { checkProgram, reference } from '../../../src/index.ts';

const memory = new EngineMemory();
const judge = reference();

const program = (made: Circuit, measurement: Measurement = expval(X(0))) => ({
  lowered: lower(made, measurement.type === 'state'),
  readout: planReadout(made, [measurement]),
});
const after = (made: Circuit, measurement?: Measurement): readonly Element[] =>
  mergeConstants(program(made, measurement)).lowered.elements;
const cost = (elements: readonly Element[]): number =>
  elements.reduce((sum, element) => sum + flopsOf(element), 0);

/** Gates without angles and rotations by constants, some trained ones between. */
function constants(random: Random, qubits: number, ops: number): Circuit {
  return circuit(qubits, { w: weight([ops]) }, (q, { w }) => {
    for (let i = 0; i < ops; i++) {
      const on = random.sample(
        Array.from({ length: qubits }, (_, k) => k),
        Math.min(qubits, 2),
      );
      const [a, b = a] = on as [number, number?];
      const kind = random.integer(0, 9);
      if (kind < 5 || a === b) {
        const one = random.pick(['h', 'x', 'y', 'z', 's', 't', 'sx'] as const);
        const two = random.pick(['cnot', 'cz', 'cy', 'ch', 'swap', 'iswap'] as const);
        if (a === b || random.chance(0.6)) q[one](a);
        else q[two](a, b);
      } else if (kind === 5) q.rx(random.uniform(), a).rz(random.uniform(), a);
      else if (kind === 6) q.unitary(randomUnitary(random, 4), [a, b]);
      else if (kind === 7) q.rzz(random.uniform(), a, b).rxx(random.uniform(), b, a);
      else if (kind === 8) q.ry(w.at(i), a);
      else q.crx(random.uniform(), a, b).cp(random.uniform(), b, a);
    }
  });
}

describe('mergeConstants', () => {
  it('finds what is simpler than its parts', () => {
    const matrices = (made: Circuit): unknown[] =>
      after(made).map((e) => [e.type === 'matrix' && e.matrix, e.controls.length]);
    const x = [0, 0, 1, 0, 1, 0, 0, 0];
    expect(matrices(circuit(1, (q) => q.h(0).z(0).h(0)))).toEqual([[x, 0]]);
    expect(matrices(circuit(2, (q) => q.h(1).cz(0, 1).h(1)))).toEqual([[x, 1]]);
    expect(after(circuit(1, (q) => q.sx(0).x(0).sx(0)))).toEqual([]);
  });

  it('makes numbers real by a global phase where nobody reads the state', () => {
    const made = circuit(1, (q) => q.sx(0));
    expect(cost(after(made))).toBeLessThan(cost(after(made, state())));
    const h = circuit(1, (q) => q.h(0).t(0).h(0));
    expect(cost(after(h))).toBe(6);
  });

  it('lets single gates disappear in a dense matrix on two qubits', () => {
    const u = randomUnitary(new Random(1), 4);
    const made = circuit(3, (q) => {
      q.h(0).t(0).h(1).cnot(1, 2).unitary(u, [0, 1]).rx(0.3, 1).swap(1, 0).rzz(0.4, 0, 1).t(0);
    });
    expect(after(made).map(({ type, qubits }) => [type, qubits.length])).toEqual([
      ['matrix', 1],
      ['matrix', 1],
      ['matrix', 2],
    ]);
  });

  it('does not touch trained angles, filters and what would become dearer', () => {
    const made = circuit(2, { w: weight([1]) }, (q, { w }) => {
      q.h(0)
        .ry(w.at(0), 0)
        .h(0)
        .cnot(0, 1)
        .linear(
          [
            [1, 0],
            [0, 0],
          ],
          [0],
        )
        .h(0);
    });
    const { elements } = program(made).lowered;
    expect(after(made)).toEqual(elements);
  });

  it('never makes a circuit dearer, and keeps its results', () => {
    for (let seed = 0; seed < 120; seed++) {
      const random = new Random(seed);
      const made = constants(random, random.integer(1, 5), 30);
      const measurement = seed % 3 === 0 ? state() : expval(Z(0), X(made.qubits - 1), Y(0));
      const before = program(made, measurement).lowered.elements;
      expect(cost(after(made, measurement))).toBeLessThanOrEqual(cost(before) + 1e-9);
      const checked = checkProgram(made, measurement, {}, cpuCapabilities);
      const sequence = [
        ['merge constants', mergeConstants],
        ['allocate', allocateCoefficients],
      ] as const;
      const found = new CpuProgram(made, measurement, {}, checked, memory, sequence);
      const exact = judge.compile(made, measurement);
      const values = { w: random.normals(30) };
      const y = exact.run(values);
      expectClose(found.run(values), y, 2e-14, `seed ${seed}`);
      const dy = y.map((_, i) => Math.cos(i));
      expectClose(found.vjp(values, dy).w!, exact.vjp(values, dy).w!, 1e-12, `seed ${seed}, w`);
    }
  });
});
