import type { Circuit, Measurement } from '@ketwork/circuit';
import type { Engine } from '@ketwork/simulator';
import { reference } from '@ketwork/simulator';
import {
  expectClose,
  Random,
  randomDynamicCircuit,
  randomMeasurement,
  randomValues,
} from '@ketwork/testing';
import type { DynamicKind } from '@ketwork/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knownCases } from './dynamic-cases.ts';

/** What an engine's dynamic circuits leave out. */
export interface DynamicFixtureOptions {
  /** Number of circuits. Default 300. */
  readonly circuits?: number;
  /** Whether the engine evolves under matrices of slots. Default true. */
  readonly slotGenerators?: boolean;
  /** Whether it differentiates maps that are not unitary; if not, there are none. Default true. */
  readonly filters?: boolean;
  /** Whether it differentiates observables in slots, and states, through post-selection. Default true. */
  readonly slotObservables?: boolean;
  /** Most qubits that a circuit is worth, deferred measurements included. Default none. */
  readonly worth?: (circuit: Circuit, measurements: readonly Measurement[]) => boolean;
}

const KINDS: readonly DynamicKind[] = ['channel', 'measure', 'reset', 'conditional'];

/**
 * Tests an engine on seeded random circuits of 1 to 3 qubits with all dynamic operations it claims, and on circuits of
 * which the results are known: every exact measurement but states, of qubits and bits, and its gradients, against the
 * reference, which holds a density matrix for every value of the bits.
 */
export function dynamicFixture(
  name: string,
  createEngine: () => Engine | Promise<Engine>,
  tolerance: number,
  options: DynamicFixtureOptions = {},
): void {
  const { circuits = 300, slotGenerators = true, filters = true, slotObservables = true } = options;
  describe(`${name} with measurements and feedback against the reference`, () => {
    let engine: Engine;
    const judge = reference();
    beforeAll(async () => {
      engine = await createEngine();
    });
    afterAll(() => engine.dispose());

    it('random dynamic circuits', () => {
      const failures: string[] = [];
      const seen = new Set<string>();
      let compared = 0;
      for (let seed = 0; seed < circuits; seed++) {
        const random = new Random(seed + 7000);
        const drawn = randomDynamicCircuit(random.child(0), {
          qubits: random.integer(1, 3),
          ops: random.integer(2, 7),
          filters,
          slotGenerators,
          dynamic: KINDS.filter((kind) => engine.capabilities.ops.includes(kind)),
        });
        const slots = drawn.slots.map((slot) =>
          slot.kind === 'hermitian' && !slotObservables ? { ...slot, differentiable: false } : slot,
        );
        const circuit = { ...drawn, slots };
        const batch = circuit.slots.some(({ axis }) => axis === 'batch') ? 3 : 1;
        const values = randomValues(random.child(1), circuit, batch);
        const draw = random.child(2);
        // Matrices of slots are measured in every circuit but those where the engine has no derivative for them.
        const observed = {
          ...circuit,
          slots: circuit.slots.filter(({ kind }) => slotObservables || kind !== 'hermitian'),
          bits: engine.capabilities.bits === true ? circuit.bits : 0,
        };
        const measurements = engine.capabilities.analytic
          .filter((type) => type !== 'state' && judge.capabilities.analytic.includes(type))
          .map((type) => randomMeasurement(draw, observed, type));
        if (options.worth?.(circuit, measurements) === false) continue;
        try {
          const expected = judge.compile(circuit, measurements);
          let want: Float64Array[];
          try {
            want = expected.run(values) as Float64Array[];
          } catch (error) {
            if (!/nothing is left/.test(String(error))) throw error;
            expect(() => engine.compile(circuit, measurements).run(values)).toThrow(
              /nothing is left/,
            );
            continue;
          }
          const least = Math.min(1, ...successOf(judge, circuit, values));
          const bound = tolerance / least;
          using program = engine.compile(circuit, measurements);
          const have = program.run(values) as Float64Array[];
          want.forEach((x, i) => expectClose(have[i]!, x, bound, measurements[i]!.type));
          compared++;
          for (const op of circuit.ops) seen.add(op.type);
          if (seed % 2 === 1 || engine.capabilities.adjoint.length === 0) continue;
          if (!circuit.slots.some(({ differentiable }) => differentiable)) continue;
          const dy = want.map((x) => random.normals(x.length));
          const wanted = expected.vjp(values, dy, { perExample: seed % 4 === 0 });
          const gradients = program.vjp(values, dy, { perExample: seed % 4 === 0 });
          expect(Object.keys(gradients).sort()).toEqual(Object.keys(wanted).sort());
          for (const [slot, g] of Object.entries(wanted))
            expectClose(gradients[slot]!, g, bound / least, `gradient by ${slot}`);
        } catch (error) {
          failures.push(`seed ${seed}: ${String(error)}`);
        }
      }
      if (failures.length > 0)
        throw new Error(`${failures.length} of ${circuits} fail:\n${failures.join('\n')}`);
      expect(compared).toBeGreaterThan(circuits / 2);
      for (const kind of KINDS.filter((k) => engine.capabilities.ops.includes(k)))
        expect(seen).toContain(kind);
    });

    it.each(knownCases)('$name', ({ circuit, values, measurements, expected }) => {
      const { ops, bits = false } = engine.capabilities;
      if (!bits || !ops.includes('conditional') || !ops.includes('measure')) return;
      const results = engine.compile(circuit, measurements).run(values);
      results.forEach((actual, i) =>
        expectClose(actual as Float64Array, expected[i]!, tolerance, measurements[i]!.type),
      );
    });
  });
}

function successOf(
  judge: Engine,
  circuit: Circuit,
  values: Record<string, Float64Array>,
): Float64Array {
  return judge.compile(circuit, { type: 'successProbability' }).run(values);
}
