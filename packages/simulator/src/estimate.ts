import { circuit as build, input, weight } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { expval, Z } from '@ketwork/circuit';
import { isSampled, measurementList } from './compile.ts';
import type {
  AsyncEngine,
  AsyncProgram,
  CompileOptions,
  Engine,
  Measurements,
  Program,
} from './contract.ts';

/** Options of {@link estimateRun}. */
export interface RunEstimateOptions extends CompileOptions {
  /** Number of examples. Default 1. */
  readonly batch?: number;
  /** Estimate a run with gradients of all differentiable slots. Default false. */
  readonly gradient?: boolean;
}

/** What {@link estimateRun} expects of a run. */
export interface RunEstimate {
  /** Bytes the engine needs. */
  readonly memory: number;
  /** Seconds of one run, within a factor of about two; compiling is not in it. */
  readonly seconds: number;
  /** Additions and multiplications of numbers for the whole batch, or, where the engine does not count them, amplitudes touched. */
  readonly work: number;
}

/** Largest circuit that is run to find out how fast an engine is. */
const PROBE_QUBITS = 14;
/** Examples of a probe of a circuit with batch slots, so that lanes are filled. */
const PROBE_BATCH = 16;
const PROBE_RUNS = 3;

/** Work per second of each engine, by size of the probe and whether it was differentiated. */
const rates = new WeakMap<Engine | AsyncEngine, Map<string, number>>();

/**
 * Memory and time of a run before it is made: the engine's own count of memory and arithmetic, and the speed measured on
 * a small circuit of the same kind, once per engine and size.
 *
 * @returns a promise, since the engine may be remote.
 * @throws what the engine's compile throws.
 *
 * @example
 * ```ts
 * import { circuit, expval, weight, Z } from '@ketwork/circuit';
 * import { cpu, estimateRun } from '@ketwork/simulator';
 * const c = circuit(10, { w: weight([2, 10, 3]) }, (q, { w }) => q.stronglyEntanglingLayers(w));
 * const { memory, seconds } = await estimateRun(await cpu(), c, expval(Z(0)), { batch: 64 });
 * console.log(memory > 2 ** 10 * 16, seconds > 0); // true true
 * ```
 */
export async function estimateRun(
  engine: Engine | AsyncEngine,
  circuit: Circuit,
  measurements: Measurements,
  options: RunEstimateOptions = {},
): Promise<RunEstimate> {
  const { batch = 1, gradient = false, ...compileOptions } = options;
  const program = compiled(engine, circuit, measurements, compileOptions);
  try {
    const sampled = measurementList(measurements).some((m) => isSampled(m, compileOptions));
    const memory = program.estimateMemory(batch, { gradient });
    const work = batch * workOf(program, circuit);
    const rate = await rateOf(engine, circuit, gradient && !sampled);
    return { memory, seconds: work / rate, work };
  } finally {
    program.dispose();
  }
}

function compiled(
  engine: Engine | AsyncEngine,
  circuit: Circuit,
  measurements: Measurements,
  options: CompileOptions,
): Program | AsyncProgram {
  const list: readonly Measurement[] = measurementList(measurements);
  return engine.synchronous
    ? engine.compile(circuit, list, options)
    : engine.compile(circuit, list, options);
}

/** Work on one example: the engine's count, else amplitudes times operations. */
function workOf(program: Program | AsyncProgram, circuit: Circuit): number {
  const { flops } = program.explain().details;
  if (typeof flops === 'number' && flops > 0) return flops;
  return Math.max(1, circuit.ops.length) * 2 ** circuit.qubits;
}

async function rateOf(
  engine: Engine | AsyncEngine,
  circuit: Circuit,
  gradient: boolean,
): Promise<number> {
  const qubits = Math.min(circuit.qubits, PROBE_QUBITS, engine.capabilities.maxQubits);
  const known = rates.get(engine) ?? new Map<string, number>();
  rates.set(engine, known);
  const batch = circuit.slots.some(({ axis }) => axis === 'batch') ? PROBE_BATCH : 1;
  const key = `${qubits} ${batch} ${gradient}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const slots = {
    x: input([1], { axis: batch > 1 ? 'batch' : 'shared' }),
    w: weight([3, qubits, 2]),
  };
  const probe = build(qubits, slots, (q, { x, w }) => {
    q.rx(x.at(0), 0);
    for (let layer = 0; layer < 3; layer++) {
      for (let i = 0; i < qubits; i++) q.ry(w.at(layer, i, 0), i).rz(w.at(layer, i, 1), i);
      for (let i = 0; i + 1 < qubits; i++) q.cnot(i, i + 1);
    }
  });
  const program = compiled(engine, probe, [expval(Z(0), Z(qubits - 1))], {});
  try {
    const values = {
      x: new Float64Array(batch).fill(0.2),
      w: new Float64Array(6 * qubits).fill(0.3),
    };
    let best = Infinity;
    for (let run = 0; run <= PROBE_RUNS; run++) {
      const begin = performance.now();
      if (gradient) await program.vjp(values, [new Float64Array(2 * batch).fill(1)]);
      else await program.run(values);
      // The first run compiles code.
      if (run > 0) best = Math.min(best, performance.now() - begin);
    }
    const rate = (batch * workOf(program, probe)) / (Math.max(best, 1e-4) / 1000);
    known.set(key, rate);
    return rate;
  } finally {
    program.dispose();
  }
}
