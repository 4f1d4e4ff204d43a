// How long circuits take on the back ends of this machine, and from which size on which one is fastest.
import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { AsyncEngine, Engine } from '@ketwork/simulator';

/** What is measured. */
export interface BenchSettings {
  /** Values alone, or values and gradients. */
  readonly work: 'run' | 'gradient';
  readonly batch: number;
  /** Layers of rotations and entangling gates. */
  readonly layers: number;
  readonly from: number;
  readonly to: number;
}

/** What a visitor finds. */
export const benchDefaults: BenchSettings = {
  work: 'gradient',
  batch: 256,
  layers: 4,
  from: 2,
  to: 12,
};

/** Milliseconds of one back end by number of qubits. */
export interface Timings {
  readonly id: string;
  readonly label: string;
  readonly qubits: readonly number[];
  readonly milliseconds: readonly number[];
  /** Why there are no more, where the back end stopped early. */
  readonly ended?: string;
}

/** A layered circuit: one input and three trained rotations a qubit and layer, and a ring of CNOTs. */
function benchCircuit(qubits: number, layers: number): Circuit<'x' | 'w'> {
  const slots = { x: input([qubits]), w: weight([layers, qubits, 3]) };
  return circuit(qubits, slots, (q, { x, w }) => {
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
  });
}

/** Milliseconds. */
export const LIMITS = {
  /** Least time of one sample. */
  sample: 2,
  /** Least time of all samples of one size. */
  least: 40,
  /** A back end is left when a call takes longer. */
  longest: 600,
} as const;

/**
 * The time of one call in milliseconds: the least of several, after one that compiles.
 *
 * @param now A clock in milliseconds.
 */
export async function timeOf(
  engine: Engine | AsyncEngine,
  qubits: number,
  settings: BenchSettings,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<number> {
  const { batch, layers, work } = settings;
  const measured = expval(...Array.from({ length: qubits }, (_, i) => Z(i)));
  const program = engine.compile(benchCircuit(qubits, layers), measured);
  try {
    const x = Float64Array.from({ length: batch * qubits }, (_, i) => Math.sin(i + 1));
    const w = Float64Array.from({ length: layers * qubits * 3 }, (_, i) => Math.cos(3 * i));
    const dy = new Float64Array(batch * qubits).fill(1);
    // Clocks of browsers are coarse, so short calls are timed several at once.
    const timed = async (calls: number): Promise<number> => {
      const start = now();
      for (let i = 0; i < calls; i++) {
        const called =
          work === 'run' ? program.run({ x, w }) : program.vjp({ x, w }, dy, { wrt: ['w'] });
        if (!engine.synchronous) await called;
      }
      return (now() - start) / calls;
    };
    await timed(1);
    let best = await timed(1);
    const calls = Math.min(1000, Math.ceil(LIMITS.sample / Math.max(best, 1e-3)));
    for (let total = 0, samples = 0; total < LIMITS.least || samples < 3; samples++) {
      if (signal.aborted || best > LIMITS.longest) break;
      const time = await timed(calls);
      best = Math.min(best, time);
      total += Math.max(time * calls, LIMITS.sample / 2);
    }
    return Math.max(best, 1e-5);
  } finally {
    program.dispose();
  }
}

/** One stretch of sizes with its fastest back end. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** Which back end is fastest from which size on. */
export function crossover(all: readonly Timings[]): readonly Stretch[] {
  const sizes = [...new Set(all.flatMap((one) => one.qubits))].sort((a, b) => a - b);
  const stretches: Stretch[] = [];
  for (const size of sizes) {
    let best: { readonly label: string; readonly time: number } | undefined;
    for (const { label, qubits, milliseconds } of all) {
      const time = milliseconds[qubits.indexOf(size)];
      if (time !== undefined && (best === undefined || time < best.time)) best = { label, time };
    }
    const last = stretches.at(-1);
    if (last?.label === best!.label) stretches[stretches.length - 1] = { ...last, to: size };
    else stretches.push({ from: size, to: size, label: best!.label });
  }
  return stretches;
}
