import { ValueError } from '@ketwork/base';
import type { Angle, AngleFunction } from './types.ts';

/** A function with its first and second derivatives. */
interface Smooth {
  readonly value: (x: number) => number;
  readonly derivative: (x: number) => number;
  readonly second: (x: number) => number;
}

/** Value and derivatives of each angle function. */
export const angleFunctions: Readonly<Record<AngleFunction, Smooth>> = {
  sin: { value: Math.sin, derivative: Math.cos, second: (x) => -Math.sin(x) },
  cos: { value: Math.cos, derivative: (x) => -Math.sin(x), second: (x) => -Math.cos(x) },
  tan: {
    value: Math.tan,
    derivative: (x) => 1 / Math.cos(x) ** 2,
    second: (x) => (2 * Math.tan(x)) / Math.cos(x) ** 2,
  },
  asin: {
    value: Math.asin,
    derivative: (x) => 1 / Math.sqrt(1 - x * x),
    second: (x) => x / (1 - x * x) ** 1.5,
  },
  acos: {
    value: Math.acos,
    derivative: (x) => -1 / Math.sqrt(1 - x * x),
    second: (x) => -x / (1 - x * x) ** 1.5,
  },
  atan: {
    value: Math.atan,
    derivative: (x) => 1 / (1 + x * x),
    second: (x) => (-2 * x) / (1 + x * x) ** 2,
  },
  sqrt: {
    value: Math.sqrt,
    derivative: (x) => 0.5 / Math.sqrt(x),
    second: (x) => -0.25 / x ** 1.5,
  },
  exp: { value: Math.exp, derivative: Math.exp, second: Math.exp },
  log: { value: Math.log, derivative: (x) => 1 / x, second: (x) => -1 / (x * x) },
};

/** A finite constant without negative zero, which JSON cannot tell from zero. */
function finite(value: number): number {
  if (!Number.isFinite(value)) {
    throw new ValueError(`an angle has the constant ${value}`, {
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

/**
 * Product of angles: nested products are flattened, constants collected into one first factor, ones dropped, and
 * minus a sum is the sum of the negated terms, so that signs cancel and the inverse of an inverse is what it was.
 */
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
  const [only] = factors;
  if (constant === -1 && factors.length === 1 && typeof only === 'object' && 'add' in only) {
    return sumOf(...only.add.map(negated));
  }
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

/** Reads the value of a slot element: the slot's name and the row-major index. */
export type SlotReader = (slot: string, index: number) => number;

/**
 * Value of an angle in radians.
 *
 * @param read Gives the value of a slot element by slot name and row-major index.
 * @example
 * ```ts
 * import { evaluateAngle, weight } from '@ketwork/circuit';
 * const half = weight('w', [2]).at(1).times(0.5);
 * console.log(evaluateAngle(half.data, (_slot, index) => [0.2, 0.6][index] ?? 0)); // 0.3
 * ```
 */
export function evaluateAngle(angle: Angle, read: SlotReader): number {
  if (typeof angle === 'number') return angle;
  if ('slot' in angle) return read(angle.slot, angle.index);
  if ('add' in angle)
    return angle.add.reduce<number>((sum, term) => sum + evaluateAngle(term, read), 0);
  if ('mul' in angle)
    return angle.mul.reduce<number>((product, term) => product * evaluateAngle(term, read), 1);
  return angleFunctions[angle.fn].value(evaluateAngle(angle.of, read));
}

/** An element of a scalar slot: the slot's name and a row-major index. */
export interface SlotElement {
  /** Name of the slot. */
  readonly slot: string;
  /** Row-major index of the element. */
  readonly index: number;
}

/**
 * The slot elements an angle depends on, each once, in order of appearance.
 *
 * @example
 * ```ts
 * import { angleSlots, weight } from '@ketwork/circuit';
 * const w = weight('w', [2]);
 * console.log(angleSlots(w.at(0).times(w.at(1)).data)); // [ { slot: 'w', index: 0 }, { slot: 'w', index: 1 } ]
 * ```
 */
export function angleSlots(angle: Angle): readonly SlotElement[] {
  const found = new Map<string, SlotElement>();
  visitElements(angle, (element) => {
    const key = `${element.index} ${element.slot}`;
    if (!found.has(key)) found.set(key, { slot: element.slot, index: element.index });
  });
  return [...found.values()];
}

/** Calls back for every slot element in the expression, repeatedly where it appears repeatedly. */
function visitElements(angle: Angle, visit: (element: SlotElement) => void): void {
  if (typeof angle === 'number') return;
  if ('slot' in angle) visit(angle);
  else if ('add' in angle) angle.add.forEach((term) => visitElements(term, visit));
  else if ('mul' in angle) angle.mul.forEach((term) => visitElements(term, visit));
  else visitElements(angle.of, visit);
}

/** Derivative of an angle with respect to one slot element. */
export interface AnglePartial extends SlotElement {
  /** ∂angle/∂element at the given values. */
  readonly partial: number;
}

/**
 * Exact derivatives of an angle with respect to each slot element it depends on, at the given values.
 *
 * @param read Gives the value of a slot element by slot name and row-major index.
 * @returns One entry per element of {@link angleSlots}, in the same order.
 * @example
 * ```ts
 * import { angle, anglePartials, input } from '@ketwork/circuit';
 * const square = angle.mul(input('x', [1]).at(0), input('x', [1]).at(0));
 * console.log(anglePartials(square.data, () => 3)); // [ { slot: 'x', index: 0, partial: 6 } ]
 * ```
 */
export function anglePartials(angle: Angle, read: SlotReader): readonly AnglePartial[] {
  const sums = new Map<string, number>();
  const descend = (node: Angle, factor: number): void => {
    if (typeof node === 'number') return;
    if ('slot' in node) {
      const key = `${node.index} ${node.slot}`;
      sums.set(key, (sums.get(key) ?? 0) + factor);
    } else if ('add' in node) node.add.forEach((term) => descend(term, factor));
    else if ('mul' in node) {
      const values = node.mul.map((term) => evaluateAngle(term, read));
      // The product of the others, without dividing, so that zeros do no harm.
      node.mul.forEach((term, i) =>
        descend(
          term,
          values.reduce((product, value, j) => (j === i ? product : product * value), factor),
        ),
      );
    } else
      descend(node.of, factor * angleFunctions[node.fn].derivative(evaluateAngle(node.of, read)));
  };
  descend(angle, 1);
  return angleSlots(angle).map(({ slot, index }) => ({
    slot,
    index,
    partial: sums.get(`${index} ${slot}`) ?? 0,
  }));
}

/** Second derivative of an angle with respect to two slot elements. */
export interface AngleSecondPartial {
  /** The two elements, perhaps the same one. */
  readonly elements: readonly [SlotElement, SlotElement];
  /** ∂²angle/∂first ∂second at the given values. */
  readonly partial: number;
}

/**
 * Exact second derivatives of an angle with respect to every ordered pair of slot elements it depends on, at the given
 * values; those that are 0 are left out, so that there are none for sums and multiples of elements.
 *
 * @param read Gives the value of a slot element by slot name and row-major index.
 * @example
 * ```ts
 * import { angle, angleSecondPartials, input } from '@ketwork/circuit';
 * const square = angle.mul(input('x', [1]).at(0), input('x', [1]).at(0));
 * console.log(angleSecondPartials(square.data, () => 3)[0]?.partial); // 2
 * ```
 */
export function angleSecondPartials(angle: Angle, read: SlotReader): readonly AngleSecondPartial[] {
  const elements = angleSlots(angle);
  const n = elements.length;
  const { hessian } = jetOf(angle, elements, read);
  return elements.flatMap((first, i) =>
    elements.flatMap((second, j) => {
      const partial = hessian[i * n + j]!;
      return partial === 0 ? [] : [{ elements: [first, second] as const, partial }];
    }),
  );
}

/** Value, gradient and Hessian of an angle by some elements. */
interface Jet {
  readonly value: number;
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

function jetOf(angle: Angle, elements: readonly SlotElement[], read: SlotReader): Jet {
  const n = elements.length;
  const constant = (value: number): Jet => ({
    value,
    gradient: new Float64Array(n),
    hessian: new Float64Array(n * n),
  });
  if (typeof angle === 'number') return constant(angle);
  if ('slot' in angle) {
    const jet = constant(read(angle.slot, angle.index));
    const at = elements.findIndex((e) => e.slot === angle.slot && e.index === angle.index);
    if (at >= 0) jet.gradient[at] = 1;
    return jet;
  }
  if ('fn' in angle) {
    const { value, gradient, hessian } = jetOf(angle.of, elements, read);
    const { derivative, second, value: f } = angleFunctions[angle.fn];
    const [slope, curve] = [derivative(value), second(value)];
    return {
      value: f(value),
      gradient: gradient.map((g) => slope * g),
      hessian: hessian.map(
        (h, at) => slope * h + curve * gradient[Math.floor(at / n)]! * gradient[at % n]!,
      ),
    };
  }
  const sum = 'add' in angle;
  const parts = (sum ? angle.add : angle.mul).map((part) => jetOf(part, elements, read));
  return parts.reduce(
    (a, b) =>
      sum
        ? {
            value: a.value + b.value,
            gradient: a.gradient.map((g, i) => g + b.gradient[i]!),
            hessian: a.hessian.map((h, i) => h + b.hessian[i]!),
          }
        : {
            value: a.value * b.value,
            gradient: a.gradient.map((g, i) => g * b.value + a.value * b.gradient[i]!),
            hessian: a.hessian.map((h, at) => {
              const [i, j] = [Math.floor(at / n), at % n];
              return (
                h * b.value +
                a.value * b.hessian[at]! +
                a.gradient[i]! * b.gradient[j]! +
                a.gradient[j]! * b.gradient[i]!
              );
            }),
          },
    constant(sum ? 0 : 1),
  );
}

/** The same angle with every slot element replaced by what `replace` returns. */
export function substituted(angle: Angle, replace: (element: SlotElement) => Angle): Angle {
  if (typeof angle === 'number') return angle;
  if ('slot' in angle) return replace(angle);
  if ('add' in angle) return sumOf(...angle.add.map((term) => substituted(term, replace)));
  if ('mul' in angle) return productOf(...angle.mul.map((term) => substituted(term, replace)));
  return functionOf(angle.fn, substituted(angle.of, replace));
}
