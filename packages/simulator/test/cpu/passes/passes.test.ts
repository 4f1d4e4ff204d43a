import { X, Y, Z, circuit, expval, input, probabilities, state, weight } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import {
  Random,
  expectClose,
  randomCircuit,
  randomMeasurement,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cpuCapabilities } from '../../../src/cpu/capabilities.ts';
import { lower } from '../../../src/cpu/lower.ts';
import { EngineMemory } from '../../../src/cpu/memory.ts';
import { absorbFlips } from '../../../src/cpu/passes/absorb.ts';
import { allocateCoefficients } from '../../../src/cpu/passes/allocate.ts';
import { canonicalCores } from '../../../src/cpu/passes/canonical.ts';
import { deadDiagonals } from '../../../src/cpu/passes/dead-diagonals.ts';
import { readDirectly } from '../../../src/cpu/passes/direct.ts';
import { groupStrings } from '../../../src/cpu/passes/group-strings.ts';
import { lightCone } from '../../../src/cpu/passes/light-cone.ts';
import { mergeConstants } from '../../../src/cpu/passes/merge-constants.ts';
import { mergeDiagonals } from '../../../src/cpu/passes/merge-diagonals.ts';
import { mergeNeighbours } from '../../../src/cpu/passes/merge.ts';
import type { EngineProgram, Pass } from '../../../src/cpu/passes/pass.ts';
import { productPrefix } from '../../../src/cpu/passes/product-prefix.ts';
import { CpuProgram } from '../../../src/cpu/program.ts';
import { planReadout } from '../../../src/cpu/readout.ts';
import { checkProgram, reference } from '../../../src/index.ts';

const memory = new EngineMemory();
const single: Record<string, Pass> = {
  absorbFlips,
  canonicalCores,
  deadDiagonals,
  groupStrings,
  lightCone,
  mergeConstants,
  mergeDiagonals,
  mergeNeighbours,
  productPrefix,
  readDirectly,
};

describe.each(Object.entries(single))('%s alone', (name, pass) => {
  it('keeps results and gradients of random circuits', () => {
    const judge = reference();
    for (let seed = 0; seed < 120; seed++) {
      const random = new Random(1000 + seed);
      const made = randomCircuit(random, {
        qubits: random.integer(1, 6),
        ops: 18,
        kinds: ['gate', 'matrix', 'statePreparation'],
        filters: false,
      });
      const values = randomValues(random, made, 3);
      const types = ['expval', 'expval', 'probabilities', 'variance'] as const;
      const measurement = randomMeasurement(random, made, random.pick(types));
      const checked = checkProgram(made, measurement, {}, cpuCapabilities);
      const sequence = [
        [name, pass],
        ['allocate', allocateCoefficients],
      ] as const;
      const program = new CpuProgram(made, measurement, {}, checked, memory, sequence);
      const exact = judge.compile(made, measurement);
      const y = exact.run(values) as Float64Array;
      expectClose(program.run(values) as Float64Array, y, 1e-12, `seed ${seed}`);
      const dy = y.map((_, i) => Math.cos(i));
      const expected = exact.vjp(values, dy);
      const gradient = program.vjp(values, dy);
      for (const slot of Object.keys(expected))
        expectClose(gradient[slot]!, expected[slot]!, 1e-11, `seed ${seed}, ${slot}`);
    }
  });
});

const after = (pass: Pass, made: Circuit, measurement: Measurement): EngineProgram =>
  pass({
    lowered: lower(made, measurement.type === 'state'),
    readout: planReadout(made, [measurement]),
  });
const count = (pass: Pass, made: Circuit, measurement: Measurement): number =>
  after(pass, made, measurement).lowered.elements.length;

describe('mergeNeighbours', () => {
  it('cancels gates that undo each other, past gates on other qubits', () => {
    const made = circuit(3, (q) => q.h(0).cnot(1, 2).x(0).x(0).h(0).cnot(1, 2));
    expect(count(mergeNeighbours, made, expval(Z(0)))).toBe(0);
  });

  it('adds angles of one axis, also through controls, and drops turns by zero', () => {
    const made = circuit(2, { x: input([1]), w: weight([1]) }, (q, { x, w }) => {
      q.rz(x.at(0), 0).cnot(0, 1).rz(w.at(0), 0).ry(0, 1);
    });
    expect(count(mergeNeighbours, made, expval(X(0)))).toBe(2);
  });

  it('does not move a turn past one that does not commute', () => {
    const made = circuit(2, { w: weight([2]) }, (q, { w }) =>
      q.rz(w.at(0), 1).cnot(0, 1).rz(w.at(1), 1),
    );
    expect(count(mergeNeighbours, made, expval(X(1)))).toBe(3);
  });
});

describe('lightCone', () => {
  it('drops what cannot reach the read-outs', () => {
    const made = circuit(3, { w: weight([3]) }, (q, { w }) =>
      q.ry(w.at(0), 0).ry(w.at(1), 1).cnot(0, 1).ry(w.at(2), 2),
    );
    expect(count(lightCone, made, expval(Z(0)))).toBe(2 + 1);
    expect(count(lightCone, made, expval(Z(2)))).toBe(1);
    expect(count(lightCone, made, state())).toBe(4);
  });
});

describe('deadDiagonals', () => {
  it('drops phases that only permutations and probabilities follow', () => {
    const made = circuit(2, { w: weight([2]) }, (q, { w }) =>
      q.h(0).rz(w.at(0), 0).cnot(0, 1).cp(w.at(1), 0, 1),
    );
    expect(count(deadDiagonals, made, probabilities())).toBe(2);
    expect(count(deadDiagonals, made, expval(Z(0), Z(1)))).toBe(2);
  });

  it('keeps phases that X or Y sees', () => {
    const made = circuit(2, { w: weight([2]) }, (q, { w }) =>
      q.h(0).rz(w.at(0), 0).cnot(0, 1).cp(w.at(1), 0, 1),
    );
    expect(count(deadDiagonals, made, expval(X(0)))).toBe(4);
    expect(count(deadDiagonals, made, expval(Z(0), Y(1)))).toBe(4);
  });
});

describe('absorbFlips', () => {
  it('turns a final ring of CNOTs into products of Z', () => {
    const made = circuit(3, { w: weight([3]) }, (q, { w }) => {
      for (let i = 0; i < 3; i++) q.ry(w.at(i), i);
      for (let i = 0; i < 3; i++) q.cnot(i, (i + 1) % 3);
      q.x(1);
    });
    const { lowered, readout } = after(absorbFlips, made, expval(Z(0), Z(1)));
    expect(lowered.elements).toHaveLength(3);
    const [step] = readout.steps;
    expect(step?.type === 'diagonal' && step.entries).toEqual([
      { mask: 0b011, column: 0, weight: 1 },
      { mask: 0b110, column: 1, weight: -1 },
    ]);
  });

  it('leaves the circuit alone where probabilities are read', () => {
    const made = circuit(2, (q) => q.h(0).cnot(0, 1));
    expect(count(absorbFlips, made, probabilities())).toBe(2);
  });
});

describe('readDirectly', () => {
  it('replaces the transform for a few wide products', () => {
    const made = circuit(6, (q) => q.h(0));
    const wide = expval(Z(0).mul(Z(1)).mul(Z(2)).mul(Z(3)).mul(Z(4)));
    expect(after(readDirectly, made, wide).readout.steps.map(({ type }) => type)).toEqual([
      'pauli',
    ]);
    expect(after(readDirectly, made, expval(Z(0))).readout.steps.map(({ type }) => type)).toEqual([
      'diagonal',
    ]);
  });
});

describe('mergeDiagonals', () => {
  it('makes one table of the phases around a ring of CNOTs', () => {
    const made = circuit(4, { x: input(), w: weight([2, 4, 3]) }, (q, { w }) =>
      q.stronglyEntanglingLayers(w, { ranges: [1, 1] }),
    );
    const { elements } = after(mergeDiagonals, made, expval(X(0))).lowered;
    // RZ · (RY, ring) · [RZ moved through the ring, RZ] · (RY, ring) · [RZ moved through the ring].
    const order = elements.map(({ type }) => type).filter((type, i, list) => type !== list[i - 1]);
    expect(order).toEqual(['table', 'rotation', 'matrix', 'table', 'rotation', 'matrix', 'table']);
    expect(elements.filter(({ type }) => type === 'table')).toHaveLength(3);
  });

  it('keeps global phases where the state is read', () => {
    const made = circuit(3, { x: input(), w: weight([6]) }, (q, { w }) => {
      for (let i = 0; i < 3; i++) q.h(i).p(w.at(i), i);
      q.cp(w.at(3), 0, 1).cp(w.at(4), 1, 2).x(2).p(w.at(5), 2);
    });
    const values = { x: [0], w: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] };
    const checked = checkProgram(made, state(), {}, cpuCapabilities);
    const sequence = [
      ['merge diagonals', mergeDiagonals],
      ['allocate', allocateCoefficients],
    ] as const;
    const program = new CpuProgram(made, state(), {}, checked, memory, sequence);
    expect(
      after(mergeDiagonals, made, state()).lowered.elements.some(({ type }) => type === 'table'),
    ).toBe(true);
    expectClose(
      program.run(values),
      reference().compile(made, state()).run(values),
      1e-14,
      'state',
    );
  });

  it('stays exact for large angles', () => {
    const made = circuit(4, { x: input([4]), w: weight([2, 4, 3]) }, (q, { x, w }) =>
      q.angleEmbedding(x).stronglyEntanglingLayers(w),
    );
    const w = Float64Array.from({ length: 24 }, (_, i) => [7, 900, 1e6, -1e8][i % 4]! + 0.1 * i);
    const values = { x: [0.1, 0.2, 0.3, 0.4], w };
    const measured = expval(X(0), Z(1), Y(2));
    const checked = checkProgram(made, measured, {}, cpuCapabilities);
    const program = new CpuProgram(made, measured, {}, checked, memory);
    const exact = reference().compile(made, measured);
    expectClose(program.run(values), exact.run(values), 1e-13, 'run');
    const [found, expected] = [program, exact].map((p) => p.vjp(values, [1, 1, 1]).w);
    expectClose(found!, expected!, 1e-12, 'vjp');
  });

  it('leaves a circuit alone that is run on one example at a time', () => {
    const made = circuit(4, { w: weight([2, 4, 3]) }, (q, { w }) => q.stronglyEntanglingLayers(w));
    expect(
      after(mergeDiagonals, made, expval(X(0))).lowered.elements.some(
        ({ type }) => type === 'table',
      ),
    ).toBe(false);
  });

  it('leaves phases of single examples, and a few shared ones, as they are', () => {
    const made = circuit(3, { x: input([3]), w: weight([3]) }, (q, { x, w }) => {
      for (let i = 0; i < 3; i++)
        q.h(i)
          .rz(x.at(i), i)
          .cnot(i, (i + 1) % 3);
      for (let i = 0; i < 3; i++) q.rz(w.at(i), i).h(i);
    });
    expect(
      after(mergeDiagonals, made, expval(X(0))).lowered.elements.some(
        ({ type }) => type === 'table',
      ),
    ).toBe(false);
  });
});
