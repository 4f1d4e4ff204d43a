import { X, Y, Z, circuit, expval, input, state, weight } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { Random, expectClose, randomUnitary } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cpuCapabilities } from '../../../src/cpu/capabilities.ts';
import type { Element } from '../../../src/cpu/element.ts';
import { lower } from '../../../src/cpu/lower.ts';
import { EngineMemory } from '../../../src/cpu/memory.ts';
import { allocateCoefficients } from '../../../src/cpu/passes/allocate.ts';
import { canonicalCores } from '../../../src/cpu/passes/canonical.ts';
import { flopsOf } from '../../../src/cpu/passes/constants.ts';
import { mergeConstants } from '../../../src/cpu/passes/merge-constants.ts';
import { CpuProgram } from '../../../src/cpu/program.ts';
import { planReadout } from '../../../src/cpu/readout.ts';
import { checkProgram, reference } from '../../../src/index.ts';

const memory = new EngineMemory();
const judge = reference();
const after = (made: Circuit, measurement: Measurement = expval(X(0))): readonly Element[] =>
  canonicalCores({
    lowered: lower(made, measurement.type === 'state'),
    readout: planReadout(made, [measurement]),
  }).lowered.elements;
const costs = (elements: readonly Element[]): number[] =>
  elements.filter(({ qubits, controls }) => qubits.length + controls.length === 2).map(flopsOf);

/** Layers of random unitaries on neighbouring qubits of a ring. */
function brickwork(random: Random, qubits: number, layers: number): Circuit {
  return circuit(qubits, (q) => {
    for (let layer = 0; layer < layers; layer++) {
      for (let a = layer & 1; a < qubits - 1 + (layer & 1); a += 2)
        q.unitary(randomUnitary(random, 4), [a, (a + 1) % qubits]);
    }
  });
}

describe('canonicalCores', () => {
  it('leaves cores in every other layer, from the first on where a product state begins', () => {
    const found = costs(after(brickwork(new Random(1), 4, 5)));
    expect(found).toEqual([8, 8, 30, 30, 8, 8, 30, 30, 30, 30]);
    // No product state: the first layer stays dense.
    const large = costs(after(brickwork(new Random(1), 14, 4)));
    const layers = [0, 1, 2, 3].map((layer) => large.slice(7 * layer, 7 * layer + 7));
    expect(layers.map((layer) => new Set(layer))).toEqual([30, 8, 30, 30].map((f) => new Set([f])));
  });

  it('leaves a dense matrix alone whose neighbours take nothing', () => {
    const made = circuit(4, { w: weight([4]) }, (q, { w }) => {
      q.rx(w.at(0), 0).rx(w.at(1), 1);
      q.unitary(randomUnitary(new Random(2), 4), [0, 1]);
      q.rx(w.at(2), 0).rx(w.at(3), 1);
    });
    expect(after(made)).toEqual(lower(made, false).elements);
  });

  it('does not touch matrices that are not unitary', () => {
    const half = randomUnitary(new Random(3), 4).map((x) => x / 2);
    const rows = [0, 1, 2, 3].map((r) =>
      [0, 1, 2, 3].map((c) => ({ re: half[2 * (4 * r + c)]!, im: half[2 * (4 * r + c) + 1]! })),
    );
    const made = circuit(4, (q) => {
      q.linear(rows, [0, 1]).unitary(randomUnitary(new Random(4), 4), [1, 2]);
    });
    expect(after(made)[0]).toEqual(lower(made, false).elements[0]);
  });

  it('never makes a circuit dearer, and keeps its results and gradients', () => {
    let replaced = 0;
    for (let seed = 0; seed < 150; seed++) {
      const random = new Random(seed);
      const qubits = random.integer(2, 6);
      const made = circuit(qubits, { x: input(), w: weight([40]) }, (q, { x, w }) => {
        q.ry(x, 0);
        for (let i = 0; i < 40; i++) {
          const all = Array.from({ length: qubits }, (_, k) => k);
          const [a, b] = random.sample(all, 2) as [number, number];
          if (random.chance(0.75)) q.unitary(randomUnitary(random, 4), [a, b]);
          else if (random.chance(0.5)) q.cnot(a, b).h(b);
          else q.rx(w.at(i), a).cp(w.at(i), a, b);
        }
      });
      const measurement = seed % 3 === 0 ? state() : expval(Z(0), X(qubits - 1), Y(0));
      const before = {
        lowered: lower(made, seed % 3 === 0),
        readout: planReadout(made, [measurement]),
      };
      const merged = seed % 2 === 0 ? before : mergeConstants(before);
      const total = (elements: readonly Element[]): number =>
        elements.reduce((sum, element) => sum + flopsOf(element), 0);
      const cores = canonicalCores(merged).lowered.elements;
      // A product state takes at most one matrix per qubit for nothing.
      const free = qubits < 4 ? 0 : 14 * qubits;
      const saved = total(merged.lowered.elements) - total(cores);
      expect(saved, `seed ${seed}`).toBeGreaterThan(-free - 1e-9);
      if (saved > 0) replaced++;
      const checked = checkProgram(made, measurement, {}, cpuCapabilities);
      const sequence = [
        ...(seed % 2 === 0 ? [] : [['merge constants', mergeConstants] as const]),
        ['canonical cores', canonicalCores] as const,
        ['allocate', allocateCoefficients] as const,
      ];
      const found = new CpuProgram(made, measurement, {}, checked, memory, sequence);
      const exact = judge.compile(made, measurement);
      const values = { x: random.normals(3), w: random.normals(40) };
      const y = exact.run(values);
      expectClose(found.run(values), y, 4e-14, `seed ${seed}`);
      const dy = y.map((_, i) => Math.cos(i));
      const [gradient, expected] = [found, exact].map((p) => p.vjp(values, dy));
      for (const slot of ['x', 'w'] as const)
        expectClose(gradient![slot], expected![slot], 1e-12, `seed ${seed}, ${slot}`);
    }
    expect(replaced).toBeGreaterThan(100);
  });
});
