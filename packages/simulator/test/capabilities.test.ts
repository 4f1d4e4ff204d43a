import { UnsupportedError } from '@ketwork/base';
import {
  circuit,
  counts,
  densityOperator,
  expval,
  probabilities,
  samples,
  state,
  successProbability,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import { cpu, densityMatrix, hosted, reference, trajectories } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { describe, expect, test } from 'vitest';

/** A circuit with an operation of each type. */
const CIRCUITS: Readonly<Record<Op['type'], Circuit>> = {
  gate: circuit(1, (q) => q.h(0)),
  matrix: circuit(1, (q) =>
    q.unitary(
      [
        [0, 1],
        [1, 0],
      ],
      [0],
    ),
  ),
  evolution: circuit(1, (q) => q.evolution(X(0), 0.3)),
  statePreparation: circuit(1, (q) => q.prepare([0.6, 0.8], [0])),
  channel: circuit(1, (q) => q.h(0).phaseFlip(0.1, 0)),
  measure: circuit(1, (q) => q.h(0).measure(0, 0)),
  reset: circuit(1, (q) => q.h(0).reset(0)),
  conditional: circuit(1, (q) =>
    q
      .h(0)
      .measure(0, 0)
      .if(0, (then) => then.x(0)),
  ),
  barrier: circuit(1, (q) => q.h(0).barrier()),
};

const MEASUREMENTS: Readonly<Record<Measurement['type'], Measurement>> = {
  expval: expval(Z(0)),
  variance: variance(Z(0)),
  probabilities: probabilities(),
  densityOperator: densityOperator(),
  successProbability: successProbability(),
  state: state(),
  samples: samples(5),
  counts: counts(5),
};

const drifting = circuit(1, (q) => q.evolution(X(0), 0.3, [0], { drift: Z(0) }));
const turned = circuit(1, { w: weight([]) }, (q, { w }) => q.ry(w.at(), 0));
const read = probabilities({ bits: [0] });

const ENGINES: Readonly<Record<string, () => Promise<Engine | AsyncEngine>>> = {
  cpu: () => cpu(),
  'cpu in single precision': () => cpu({ precision: 'f32' }),
  'cpu in one worker': () => cpu({ threads: 1 }),
  'cpu in two workers': () => cpu({ threads: 2 }),
  reference: async () => reference(),
  'density matrix': async () => densityMatrix(),
  trajectories: () => trajectories({ trajectories: 20 }),
  'trajectories in a worker': () => trajectories({ trajectories: 20, threads: 1 }),
  'hosted reference': () => hosted({ engine: 'reference' }),
  'hosted density matrix': () => hosted({ engine: 'density-matrix' }),
  'hosted trajectories': () => hosted({ engine: 'trajectories', options: { trajectories: 20 } }),
};

describe.each(Object.entries(ENGINES))('%s', (_, create) => {
  test('does what its capabilities list, and refuses the rest at compile with a remedy', async () => {
    using engine: Engine | AsyncEngine = await create();
    const { ops, analytic, shots, bits, evolutionDrift, adjoint, gates } = engine.capabilities;
    const wrong: string[] = [];
    const check = async (
      what: string,
      able: boolean,
      c: Circuit,
      m: Measurement,
      options: { readonly shots?: number } = {},
    ): Promise<void> => {
      let compiled = false;
      try {
        using program = (engine as Engine).compile(c, m, options);
        compiled = true;
        const result: unknown = await program.run();
        if (!able) wrong.push(`${what}: not listed, and runs`);
        if (result === undefined) wrong.push(`${what}: no result`);
      } catch (error) {
        if (able) wrong.push(`${what}: ${String(error)}`);
        else if (compiled) wrong.push(`${what}: not refused before it runs`);
        else if (!(error instanceof UnsupportedError) || error.remedy === undefined)
          wrong.push(`${what}: refused without a remedy: ${String(error)}`);
      }
    };
    const exact = analytic.includes('expval');
    expect(exact).toBe(true);
    for (const [type, c] of Object.entries(CIRCUITS))
      await check(type, ops.includes(type as Op['type']), c, expval(Z(0)));
    for (const [type, m] of Object.entries(MEASUREMENTS)) {
      const kind = type as Measurement['type'];
      const drawn = kind === 'samples' || kind === 'counts';
      const able = drawn ? shots : analytic;
      await check(`${type} without shots`, able.includes(kind), CIRCUITS.gate, m);
      await check(`${type} with shots`, shots.includes(kind), CIRCUITS.gate, m, { shots: 10 });
    }
    await check('a drift', evolutionDrift === true, drifting, expval(Z(0)));
    await check('classical bits', bits === true, CIRCUITS.measure, read);
    expect(wrong).toEqual([]);
    expect(gates).toBe('all');
    for (const kind of adjoint) {
      expect(analytic).toContain(kind);
      using program = (engine as Engine).compile(turned, MEASUREMENTS[kind]);
      const size = program.outputShapes[0]!.reduce((a, b) => a * b, 1);
      const found = await program.vjp({ w: [0.4] }, new Float64Array(size).fill(1));
      expect(found.w).toHaveLength(1);
    }
  });
});
