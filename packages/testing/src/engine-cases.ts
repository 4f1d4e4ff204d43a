import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import { Random } from './random.ts';
import { randomCircuit } from './random-circuit.ts';
import { randomMeasurement, randomValues } from './random-program.ts';

/** What an engine offers, of its capabilities. */
interface Offers {
  readonly capabilities: {
    readonly ops: readonly Op['type'][];
    readonly gates: 'all' | readonly string[];
    readonly analytic: readonly Measurement['type'][];
  };
}

/** What an engine's cases leave out. */
export interface CaseOptions {
  /** Whether the engine differentiates with respect to Hermitian slots. Default true. */
  readonly hermitianGradients?: boolean;
  /** Whether the engine evolves under matrices of slots; if not, such operations are left out. Default true. */
  readonly slotGenerators?: boolean;
}

/** One case: a circuit, its values and what is measured, all from one seed. */
export interface Case {
  readonly circuit: Circuit;
  readonly batch: number;
  readonly values: Record<string, Float64Array>;
  readonly measurements: readonly Measurement[];
  readonly random: Random;
}

/** Sizes weighted to small ones: of 100 circuits about 3 have more than seven qubits. */
function sizeOf(random: Random): { qubits: number; batch: number; ops: number } {
  const x = random.uniform();
  if (x < 0.87)
    return {
      qubits: random.integer(1, 4),
      batch: random.integer(1, 33),
      ops: random.integer(1, 14),
    };
  if (x < 0.97)
    return {
      qubits: random.integer(5, 7),
      batch: random.integer(1, 5),
      ops: random.integer(5, 14),
    };
  return { qubits: random.integer(8, 10), batch: random.integer(1, 2), ops: random.integer(5, 12) };
}

/** The case of a seed, of what the engine offers. */
export function caseOf(seed: number, engine: Offers, options: CaseOptions = {}): Case {
  const { hermitianGradients = true, slotGenerators = true } = options;
  const random = new Random(seed);
  const { qubits, batch, ops: count } = sizeOf(random);
  const kinds: readonly Op['type'][] = engine.capabilities.ops;
  const drawn = randomCircuit(random.child(1), {
    qubits,
    ops: count,
    slotGenerators,
    kinds: kinds.filter((k) =>
      ['gate', 'matrix', 'evolution', 'statePreparation', 'barrier'].includes(k),
    ),
    ...(engine.capabilities.gates === 'all' ? {} : { gates: engine.capabilities.gates }),
  });
  const slots = drawn.slots.map((s) =>
    s.kind === 'hermitian' ? { ...s, differentiable: hermitianGradients } : s,
  );
  const circuit = { ...drawn, slots };
  const values = randomValues(random.child(2), circuit, batch);
  const draw = random.child(3);
  const measurements = engine.capabilities.analytic.map((type) =>
    randomMeasurement(draw, circuit, type),
  );
  const hasBatch = circuit.slots.some((s) => s.axis === 'batch');
  return { circuit, batch: hasBatch ? batch : 1, values, measurements, random: random.child(4) };
}
