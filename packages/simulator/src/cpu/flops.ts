/** What a kernel computes and moves, counted for explanations and the bench. */
import type { Numerics } from './arithmetic.ts';
import { applies } from './kernel-steps.ts';
import type { KernelSpec, Step } from './kernel-spec.ts';

/** Additions and multiplications of numbers for each register full of amplitudes, per example; forward only. */
export function flopsOf({ width, steps }: KernelSpec): number {
  return steps.reduce((sum, step) => sum + stepFlops(step, 2 ** width), 0);
}

function stepFlops(step: Step, amplitudes: number): number {
  if (step.type === 'table') return 6 * amplitudes;
  if (step.type === 'turn') {
    let touched = 0;
    for (let a = 0; a < amplitudes; a++) if (applies(step, a)) touched++;
    return touched * (step.tangent ? 4 : 6);
  }
  const { pattern, bits, mask, value } = step;
  if (pattern.monomial) return 0;
  const touched = bits.reduce((sum, bit) => sum | bit, 0);
  let blocks = 0;
  for (let rest = 0; rest < amplitudes; rest++)
    if ((rest & touched) === 0 && (rest & mask) === value) blocks++;
  return blocks * pattern.rows.length * pattern.flops;
}

/** Bytes of a complex number, loaded and stored. */
export const movedBytes = ({ precision }: Numerics): number => (precision === 'f64' ? 32 : 16);
