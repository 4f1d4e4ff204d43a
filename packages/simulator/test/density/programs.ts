import { sizeOf } from '@ketwork/base';
import { circuit } from '@ketwork/circuit';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import type { ExampleValues } from '@ketwork/testing';
import { Random, randomCircuit } from '@ketwork/testing';
import { checkProgram } from '../../src/compile.ts';
import { EngineMemory } from '../../src/cpu/memory.ts';
import { densityCapabilities } from '../../src/density/capabilities.ts';
import type { Layout } from '../../src/density/kernel.ts';
import type { StageSizes } from '../../src/density/group.ts';
import { DensityProgram, stageSizes } from '../../src/density/program.ts';

/** Chunks so small that circuits of a few qubits are cut into several stages, and few vectors to keep. */
export const smallSizes: Readonly<Record<Layout, StageSizes>> = {
  packed: { digits: 5, trailing: 1, groups: 3, kept: 0 },
  pairs: { digits: 4, trailing: 1, groups: 3, kept: 0 },
};

/** A program of the engine, with stages cut as asked. */
export function programOf<const M extends readonly Measurement[]>(
  made: Circuit,
  measurements: M,
  sizes: Readonly<Record<Layout, StageSizes>> = stageSizes,
): DensityProgram<string, M> {
  const checked = checkProgram(made, measurements, {}, densityCapabilities);
  return new DensityProgram(made, measurements, {}, checked, new EngineMemory(), sizes);
}

/** A random circuit with channels, measurements and resets between its gates. */
export function noisyCircuit(seed: number, qubits: number, slots = true): Circuit {
  const random = new Random(seed);
  // Evolutions over long times have angles of hundreds of radians, and errors to match.
  const base = randomCircuit(random, {
    qubits,
    ops: 8,
    slots,
    kinds: ['gate', 'matrix', 'statePreparation', 'barrier'],
  });
  const prepared = base.ops.findLastIndex((op) => op.type === 'statePreparation') + 1;
  const noise = circuit(qubits, (q) => {
    const [a, b, c] = random.sample(
      Array.from({ length: qubits }, (_, i) => i),
      Math.min(3, qubits),
    ) as [number, number?, number?];
    q.amplitudeDamping(0.3, a).thermalRelaxation(5, 7, 1, a, 0.1).phaseDamping(0.2, a);
    q.pauliError({ X: 0.1, Y: 0.05, Z: 0.2 }, a).resetError(0.1, 0.2, a).measure(a, 0).reset(a);
    q.generalizedAmplitudeDamping(0.3, 0.2, a)
      .bitFlip(0.1, a)
      .phaseFlip(0.1, a)
      .bitPhaseFlip(0.2, a);
    q.measure(a, 0, { postselect: random.chance(0.5) ? 0 : 1 });
    if (b !== undefined) q.depolarizing(0.2, [a, b]).pauliError({ XY: 0.1, ZI: 0.2 }, [b, a]);
    if (b !== undefined && c !== undefined) q.depolarizing(0.3, [c, a, b]);
  });
  const ops: Op[] = [];
  base.ops.forEach((op, i) => {
    ops.push(op);
    if (i >= prepared - 1 && random.chance(0.6)) ops.push(random.pick(noise.ops));
  });
  return { ...base, bits: 1, ops };
}

/** Values of one example. */
export function exampleOf(
  made: Circuit,
  values: Readonly<Record<string, Float64Array>>,
  example: number,
): ExampleValues {
  return Object.fromEntries(
    made.slots.map((slot) => {
      const size = sizeOf(slot.shape);
      const start = slot.axis === 'batch' ? example * size : 0;
      return [slot.name, values[slot.name]!.subarray(start, start + size)];
    }),
  );
}
