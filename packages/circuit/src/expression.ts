import { CircuitError } from '@ketwork/base';
import type { Angle, AngleFunction } from './types.ts';

/** Value and derivative of each angle function. */
export const angleFunctions: Readonly<
  Record<AngleFunction, { readonly value: (x: number) => number; readonly derivative: (x: number) => number }>
> = {
  sin: { value: Math.sin, derivative: Math.cos },
  cos: { value: Math.cos, derivative: (x) => -Math.sin(x) },
  tan: { value: Math.tan, derivative: (x) => 1 / Math.cos(x) ** 2 },
  asin: { value: Math.asin, derivative: (x) => 1 / Math.sqrt(1 - x * x) },
  acos: { value: Math.acos, derivative: (x) => -1 / Math.sqrt(1 - x * x) },
  atan: { value: Math.atan, derivative: (x) => 1 / (1 + x * x) },
  sqrt: { value: Math.sqrt, derivative: (x) => 0.5 / Math.sqrt(x) },
  exp: { value: Math.exp, derivative: Math.exp },
  log: { value: Math.log, derivative: (x) => 1 / x },
};

/** A finite constant without negative zero, which JSON cannot tell from zero. */
export function finite(value: number): number {
  if (!Number.isFinite(value)) {
    throw new CircuitError(`an angle has the constant ${value}`, {
      remedy: 'Use finite numbers, in radians',
    });
  }
  return value + 0;
}

/** Sum of angles: nested sums are flattened, constants collected into one last term, zeros dropped. */
export function sumOf(...angles: readonly Angle[]): Angle {
  let constant = 0;
  const terms: Angle[] = [];
  const visit = (angle: Angle): void => {
    if (typeof angle === 'number') constant += angle;
    else if ('add' in angle) angle.add.forEach(visit);
    else terms.push(angle);
  };
  angles.forEach(visit);
  constant = finite(constant);
  if (terms.length === 0) return constant;
  if (constant !== 0) terms.push(constant);
  return terms.length === 1 ? terms[0]! : { add: terms };
}

/** Product of angles: nested products are flattened, constants collected into one first factor, ones dropped. */
export function productOf(...angles: readonly Angle[]): Angle {
  let constant = 1;
  const factors: Angle[] = [];
  const visit = (angle: Angle): void => {
    if (typeof angle === 'number') constant *= angle;
    else if ('mul' in angle) angle.mul.forEach(visit);
    else factors.push(angle);
  };
  angles.forEach(visit);
  constant = finite(constant);
  if (factors.length === 0 || constant === 0) return constant;
  if (constant !== 1) factors.unshift(constant);
  return factors.length === 1 ? factors[0]! : { mul: factors };
}

/** The angle times −1. */
export function negated(angle: Angle): Angle {
  return productOf(-1, angle);
}

/** A function of an angle; constants are evaluated. */
export function functionOf(fn: AngleFunction, of: Angle): Angle {
  return typeof of === 'number' ? finite(angleFunctions[fn].value(of)) : { fn, of };
}
