import { cpu, differentiate, key, probabilities, uniform } from 'ketwork';
import { READOUT, SIDE, SLOTS, imageCircuit } from './models.ts';

/** Largest difference of two lists of numbers. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

/** Gradients of p₀ by two methods, and with respect to the two numbers that share a rotation, for one image. */
export async function gradientErrors(
  seed: number,
): Promise<{ readonly shift: number; readonly shared: number }> {
  const engine = await cpu();
  const measured = probabilities([READOUT]);
  const x = uniform(key(seed), SIDE * SIDE);
  const w = uniform(key(seed + 1), SLOTS, { low: -Math.PI, high: Math.PI });
  // Of p₀ alone, with a scale of 1.
  const of = async (
    method: 'adjoint' | 'parameter-shift',
  ): Promise<Record<string, Float64Array>> => {
    using program = differentiate(engine, imageCircuit(1), measured, { method });
    const { x: dx, w: dw } = program.vjp({ x, w }, [1, 0]);
    return { x: dx!, w: dw! };
  };
  const adjoint = await of('adjoint');
  const shift = await of('parameter-shift');
  return {
    shift: Math.max(apart(adjoint['x']!, shift['x']!), apart(adjoint['w']!, shift['w']!)),
    shared: apart(adjoint['x']!, adjoint['w']!),
  };
}
