// From which size on a GPU is faster than the CPU on this machine, measured.
import { ValueError } from '@ketwork/base';
import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { AsyncEngine, Engine } from '@ketwork/simulator';

/** Times of one size of circuit. */
export interface CalibrationPoint {
  /** Qubits. */
  readonly qubits: number;
  /** Examples that were computed at once. */
  readonly batch: number;
  /** Milliseconds of results and gradients on the CPU engine, the best of several runs. */
  readonly cpu: number;
  /** The same on the GPU, uploads and read-back included. */
  readonly gpu: number;
}

/** What was measured on a machine. Plain data: it can be saved and given to `auto` again. */
export interface Calibration {
  /** Name of the adapter as its driver tells it. */
  readonly adapter: string;
  /** The GPU engine, `wgsl` or `gpujs`. */
  readonly engine: string;
  /** Examples per call that it holds for. */
  readonly batch: number;
  /** From so many qubits on the GPU is faster; null where it was not, up to the last size that was measured. */
  readonly crossover: number | null;
  /** The sizes that were measured, ascending. */
  readonly points: readonly CalibrationPoint[];
}

/** Sizes that are measured, in this order until the answer is clear. */
const SIZES = [4, 8, 11, 14, 16, 18, 20];
/** Amplitudes of a batch in a measurement: more examples take as many times longer on both sides. */
const MOST_AMPLITUDES = 2 ** 20;
/** Layers of the circuit that is measured. */
const LAYERS = 3;
/** Runs of which the best counts. */
const RUNS = 3;
/** A size that takes longer than this, in milliseconds, ends the measurement. */
const LONG = 1500;

/** Data embedded as angles, then layers of rotations and a ring of CNOTs: what most models look like. */
function ansatz(qubits: number): Circuit<'x' | 'w'> {
  const slots = { x: input([qubits]), w: weight([LAYERS, qubits, 2]) };
  return circuit(qubits, slots, (q, { x, w }) => {
    for (let i = 0; i < qubits; i++) q.rx(x.at(i), i);
    for (let layer = 0; layer < LAYERS; layer++) {
      for (let i = 0; i < qubits; i++) q.ry(w.at(layer, i, 0), i).rz(w.at(layer, i, 1), i);
      for (let i = 0; i < qubits; i++) q.cnot(i, (i + 1) % qubits);
    }
  });
}

/** Best time of results and gradients of a circuit, in milliseconds. */
async function time(
  engine: Engine | AsyncEngine,
  qubits: number,
  batch: number,
  now: () => number,
): Promise<number> {
  const program = engine.compile(ansatz(qubits), expval(Z(0), Z(qubits - 1)));
  const values = {
    x: Float64Array.from({ length: batch * qubits }, (_, i) => Math.sin(i)),
    w: Float64Array.from({ length: LAYERS * qubits * 2 }, (_, i) => Math.cos(i)),
  };
  const dy = new Float64Array(2 * batch).fill(1);
  let best = Infinity;
  try {
    // The first run compiles.
    for (let run = 0; run <= RUNS; run++) {
      const start = now();
      await program.run(values);
      await program.vjp(values, dy);
      const spent = now() - start;
      if (run > 0) best = Math.min(best, spent);
      if (run > 0 && spent > LONG) break;
    }
  } finally {
    program.dispose();
  }
  return best;
}

/** Measures two engines against each other. */
export async function calibrate(
  cpu: Engine,
  gpu: AsyncEngine,
  adapter: string,
  batch: number,
  now: () => number = () => performance.now(),
): Promise<Calibration> {
  const points: CalibrationPoint[] = [];
  for (const qubits of SIZES) {
    if (qubits > gpu.capabilities.maxQubits) break;
    const examples = Math.max(1, Math.min(batch, MOST_AMPLITUDES / 2 ** qubits));
    const point = {
      qubits,
      batch: examples,
      cpu: await time(cpu, qubits, examples, now),
      gpu: await time(gpu, qubits, examples, now),
    };
    points.push(point);
    const [before] = points.slice(-2);
    const clear = points.length > 1 && won(point) && before !== undefined && won(before);
    if (clear || Math.max(point.cpu, point.gpu) > LONG) break;
  }
  return { adapter, engine: gpu.name, batch, crossover: crossoverOf(points), points };
}

const won = ({ cpu, gpu }: CalibrationPoint): boolean => gpu < cpu;

/**
 * The number of qubits from which on the GPU wins: between two sizes, where straight lines through the logarithms of the
 * times meet.
 */
export function crossoverOf(points: readonly CalibrationPoint[]): number | null {
  const last = points.findLastIndex((point) => !won(point));
  const [loses, wins] = [points[last], points[last + 1]];
  if (wins === undefined) return null;
  if (loses === undefined) return wins.qubits;
  const behind = Math.log(loses.gpu / loses.cpu);
  const ahead = Math.log(wins.cpu / wins.gpu);
  const part = behind + ahead > 0 ? behind / (behind + ahead) : 1;
  const meeting = Math.ceil(loses.qubits + part * (wins.qubits - loses.qubits));
  return Math.min(wins.qubits, Math.max(loses.qubits + 1, meeting));
}

/** @throws ValueError for what is no calibration */
export function checkCalibration(given: Calibration): Calibration {
  const { adapter, engine, batch, crossover, points } = given;
  const whole = (x: unknown): boolean => typeof x === 'number' && Number.isInteger(x) && x >= 1;
  const right =
    typeof adapter === 'string' &&
    typeof engine === 'string' &&
    whole(batch) &&
    (crossover === null || whole(crossover)) &&
    Array.isArray(points);
  if (!right) {
    throw new ValueError('the calibration is not one that auto has made', {
      remedy: "Give the 'calibration' of an engine of auto, or leave it out to measure",
    });
  }
  return given;
}
