import type { Circuit, Op } from '@ketwork/circuit';
import { Random } from '@ketwork/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noisyDynamicCircuit } from '../fuzz/draw.ts';
import { dynamicEngines, fuzzDynamic } from '../fuzz/dynamic.ts';
import type { DynamicEngines } from '../fuzz/dynamic.ts';
import { fuzzGpu } from '../fuzz/gpu.ts';
import { emptyTally, Judge } from '../fuzz/tally.ts';

describe('the fuzz of dynamic circuits', () => {
  let engines: DynamicEngines;
  beforeAll(async () => {
    engines = await dynamicEngines();
  });
  afterAll(() => engines[Symbol.dispose]());

  it('finds nothing in its first circuits, of all six comparisons', () => {
    const tally = emptyTally();
    for (let seed = 0; seed < 36; seed++) fuzzDynamic(engines, seed, tally);
    expect(tally.failures).toEqual([]);
    expect(tally.done).toBe(36);
    const kinds = Object.keys(tally.worst).join(' ');
    for (const kind of ['density-matrix', 'cpu', 'trajectories', 'cut on', 'route', 'OpenQASM 3'])
      expect(kinds).toContain(kind);
  }, 20_000);

  it('finds an engine that leaves channels out', () => {
    const without = (ops: readonly Op[]): Op[] =>
      ops
        .filter(({ type }) => type !== 'channel')
        .map((op) =>
          op.type === 'conditional'
            ? { ...op, then: without(op.then), otherwise: without(op.otherwise) }
            : op,
        );
    const deaf: DynamicEngines = {
      ...engines,
      density: {
        ...engines.density,
        compile: (made, measurements, options) =>
          engines.density.compile({ ...made, ops: without(made.ops) }, measurements, options),
      },
    };
    const tally = emptyTally();
    for (let i = 0; i < 5; i++) fuzzDynamic(deaf, 6 * i, tally);
    expect(tally.failures.length).toBeGreaterThan(1);
    expect(tally.failures[0]).toMatch(/^seed \d+ \(density matrix\): density-matrix .* off by/);
  });

  it('draws channels of the whole table, with parameters from slots', () => {
    const seen = new Set<string>();
    const visit = (ops: readonly Op[]): void => {
      for (const op of ops) {
        if (op.type === 'conditional') [op.then, op.otherwise].forEach(visit);
        if (op.type !== 'channel') continue;
        const from = op.angles.some((angle) => typeof angle !== 'number') ? 'slot' : 'number';
        seen.add(`${op.channel} ${op.qubits.length} ${from}`);
      }
    };
    for (let seed = 0; seed < 300; seed++) {
      const drawn: Circuit = noisyDynamicCircuit(new Random(seed), {
        qubits: 3,
        ops: 8,
        dynamic: ['channel'],
      });
      visit(drawn.ops);
    }
    for (const name of ['bitFlip 1', 'pauliError 2', 'thermalRelaxation 1', 'resetError 1'])
      expect(seen).toContain(`${name} slot`);
    expect(seen).toContain('random 1 number');
  });
});

describe('a judge', () => {
  it('keeps the worst of a kind, and fails what is beyond its tolerance or no number', () => {
    const tally = emptyTally();
    const judged = new Judge(tally, 7, 1e-9);
    judged.compare('a', [1, 2], [1, 2 + 1e-10]);
    judged.compare('a', [1, 2], [1, 3], 1);
    judged.compare('b', [Number.NaN], [0]);
    judged.close('a case');
    expect(tally.failures).toEqual(['seed 7 (a case): b off by Infinity']);
    expect(tally.worst['a']).toEqual({ error: 1 / 3, seed: 7 });
  });
});

describe('the fuzz of GPU engines', () => {
  it('finds nothing in its first calls, or says why there are none', async () => {
    const fuzz = await fuzzGpu(12);
    if (typeof fuzz === 'string') {
      console.warn(`skipped: ${fuzz}`);
      return;
    }
    const tally = emptyTally();
    for (let seed = 2; seed < 14; seed++) await fuzz.check(seed, tally);
    fuzz.conclude(tally);
    fuzz.dispose();
    expect(tally.failures).toEqual([]);
    expect(tally.done).toBe(12);
    const kinds = ['wgsl, values', 'wgsl, gradient', 'gpujs, values', 'gpujs, gradient'];
    expect(Object.keys(tally.worst).toSorted()).toEqual(kinds.toSorted());
  }, 60_000);
});
