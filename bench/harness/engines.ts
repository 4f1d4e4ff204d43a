import { expval, Z } from '@ketwork/circuit';
import type { Circuit, ExpvalMeasurement } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import type { Precision } from '../peers/native.ts';

/** Largest difference from a peer, relative above 1. */
export const tolerances: Readonly<Record<Precision, number>> = { f64: 1e-8, f32: 1e-4 };

/** Our engine at a precision; undefined where it has no such precision. */
export async function engineAt(precision: Precision): Promise<Engine | undefined> {
  const engine = await cpu({ precision });
  if (engine.capabilities.precision.includes(precision)) return engine;
  engine.dispose();
  return undefined;
}

/** Precisions that a question asks for. */
export const precisions: readonly Precision[] = ['f64', 'f32'];

/** Z on each of the qubits, and what planning the circuit's first call took. */
export const zOn = (measured: readonly number[]): ExpvalMeasurement =>
  expval(...measured.map((qubit) => Z(qubit)));

/** The work of a program, with its result and the seconds that compiling and the first call took beyond a later one. */
export interface Planned {
  readonly work: () => Float64Array;
  readonly result: Float64Array;
  readonly plan: number;
}

/** Compiles, runs twice and says what the beginning took. */
export function planned(make: () => () => Float64Array): Planned {
  const start = performance.now();
  const work = make();
  const result = work();
  const first = performance.now();
  work();
  const later = performance.now() - first;
  return { work, result, plan: Math.max(0, first - start - later) / 1e3 };
}

/** The value of Z on the measured qubits, `[batch, measured]`. */
export function valueOf(
  engine: Engine,
  circuit: Circuit<'x' | 'w'>,
  measured: readonly number[],
  values: Partial<Record<'x' | 'w', Float64Array>>,
): Planned {
  return planned(() => {
    const program = engine.compile(circuit, zOn(measured));
    return () => program.run(values as Record<'x' | 'w', Float64Array>);
  });
}
