import { ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { Json, MaybePromise } from '@ketwork/nn';

/** How the size of a perturbation is measured: its largest number, or its Euclidean length over the numbers of an example. */
export type PerturbationNorm = 'linf' | 'l2';

/** Least and largest value an input may have, such as `[0, 1]` for pixels. */
export type InputRange = readonly [low: number, high: number];

/** Losses and the way up, at some inputs. */
export interface AttackGradient {
  /** What the attack raises, `[count]`. */
  readonly losses: Float64Array;
  /** Its gradient with respect to the inputs, `[count, ...inputShape]`. */
  readonly grads: Float64Array;
}

/** What an attack gets to work on: some examples, and the loss of a model that it cannot see otherwise. */
export interface AttackProblem {
  /** The inputs as they are, `[count, ...inputShape]`; not to be changed. */
  readonly x: Float64Array;
  /** Number of examples. */
  readonly count: number;
  /** Number of the first of them in the data: an attack that draws numbers draws them by example, from `fold(key, number)`. */
  readonly firstExample: number;
  /** Source of random numbers. */
  readonly key: Key;
  /** The loss of each example at these inputs, negated where the attack is to reach a target, and its gradient. */
  gradient(x: Float64Array): MaybePromise<AttackGradient>;
  /** The same without gradient, `[count]`. */
  losses(x: Float64Array): MaybePromise<Float64Array>;
}

/** A way to change inputs a little so that a model errs; made by {@link fgsm}, {@link bim}, {@link pgd} and {@link signNoise}, or your own. */
export interface Attack {
  /** Name for messages and reports. */
  readonly name: string;
  /** Largest size of a perturbation. */
  readonly epsilon: number;
  /** How that size is measured. */
  readonly norm: PerturbationNorm;
  /** The range that inputs must be in and stay in, where there is one. */
  readonly range?: InputRange;
  /** All settings as plain data; a run is resumed with the same ones only. */
  readonly settings: Readonly<Record<string, Json>>;
  /** New inputs, `[count, ...inputShape]`, each within `epsilon` of its example and in the range. */
  perturb(problem: AttackProblem): MaybePromise<Float64Array>;
}

/** Options of every attack. */
export interface AttackOptions {
  /** How the size is measured. Default `linf`. */
  readonly norm?: PerturbationNorm;
  /** Range of the data; perturbed inputs are clipped to it. Default: none. */
  readonly range?: InputRange;
}

/** What makes a ball of perturbations. */
export interface Ball {
  readonly epsilon: number;
  readonly norm: PerturbationNorm;
  readonly low: number;
  readonly high: number;
}

/** Checks size, norm and range. */
export function ballOf(
  name: string,
  epsilon: number,
  { norm = 'linf', range }: AttackOptions,
): Ball {
  if (!(epsilon >= 0 && epsilon < Infinity))
    throw new ValueError(`${name}: epsilon is ${epsilon}, not a finite number of at least 0`);
  if (norm !== 'linf' && norm !== 'l2')
    throw new ValueError(`${name}: '${String(norm)}' is not a norm`, { remedy: 'Use linf or l2' });
  const [low, high] = range ?? [-Infinity, Infinity];
  if (!(low < high))
    throw new ValueError(`${name}: the range [${low}, ${high}] is empty`, {
      remedy: 'Give the least and the largest value of the data, such as range: [0, 1]',
    });
  return { epsilon, norm, low, high };
}

/** Refuses anything but attacks, and data outside their range. */
export function checkAttack(where: string, attack: Attack, inputs: ArrayLike<number>): void {
  if (typeof attack?.perturb !== 'function')
    throw new ValueError(`${where}: there is no attack`, { remedy: 'Give one, such as fgsm(0.1)' });
  if (attack.range === undefined) return;
  const [low, high] = attack.range;
  for (let i = 0; i < inputs.length; i++) {
    if (!(inputs[i]! >= low && inputs[i]! <= high))
      throw new ValueError(
        `${where}: input number ${i} is ${inputs[i]}, outside the range [${low}, ${high}] of ${attack.name}`,
        { remedy: 'Scale the data, or give the attack the range of the data' },
      );
  }
}
