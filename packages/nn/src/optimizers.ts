import { ValueError } from '@ketwork/base';
import type { Json, Optimizer, OptimizerState, Parameter } from './contract.ts';
import type { Schedule } from './schedules.ts';

/**
 * A learning rate: fixed, or a function of the number of steps already taken (0 at the first), such as those of
 * `schedules`.
 */
export type LearningRate = number | Schedule | ((step: number) => number);

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** Share of the previous direction that is kept, from 0 to below 1. Default 0. */
  readonly momentum?: number;
  /** Look ahead along the momentum. Default false. */
  readonly nesterov?: boolean;
  /** Times the parameter, added to its gradient. Default 0. */
  readonly weightDecay?: number;
}

/** Options of {@link rmsprop}. */
export interface RmspropOptions {
  /** Share of the old mean square that is kept, from 0 to below 1. Default 0.99. */
  readonly alpha?: number;
  /** Added to the root of the mean square. Default 1e-8. */
  readonly eps?: number;
  /** Times the parameter, added to its gradient. Default 0. */
  readonly weightDecay?: number;
}

/** Options of {@link adam}. */
export interface AdamOptions {
  /** Decay of the mean of the gradients, from 0 to below 1. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of their squares, from 0 to below 1. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean square. Default 1e-8. */
  readonly eps?: number;
  /** Times the parameter, added to its gradient. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent, as PyTorch defines it: `v = momentum · v + g`, `p -= lr · v`
 * (`p -= lr · (g + momentum · v)` with Nesterov). State: `momentum`, only where momentum is not 0.
 *
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { sgd } from '@ketwork/nn';
 * const p = [{ name: 'w', shape: [1], data: Float64Array.of(1) }];
 * const optimizer = sgd(0.1, { momentum: 0.9 });
 * optimizer.step(p, [Float64Array.of(2)], optimizer.init(p));
 * console.log(p[0]!.data[0]); // 0.8
 * ```
 */
export function sgd(learningRate: LearningRate, options: SgdOptions = {}): Optimizer {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  checkShare('sgd', 'momentum', momentum);
  if (nesterov && momentum === 0) throw new ValueError('sgd: Nesterov needs a momentum above 0');
  return optimizer(
    'sgd',
    learningRate,
    { momentum, nesterov, weightDecay },
    momentum === 0 ? [] : ['momentum'],
    (lr) => {
      return (p, grad, [velocity]) => {
        for (let i = 0; i < p.length; i++) {
          const g = grad[i]! + weightDecay * p[i]!;
          if (velocity === undefined) {
            p[i]! -= lr * g;
            continue;
          }
          const v = momentum * velocity[i]! + g;
          velocity[i] = v;
          p[i]! -= lr * (nesterov ? g + momentum * v : v);
        }
      };
    },
  );
}

/**
 * RMSprop, as PyTorch defines it: `s = alpha · s + (1 - alpha) · g²`, `p -= lr · g / (√s + eps)`. State: `square`.
 *
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { rmsprop } from '@ketwork/nn';
 * const p = [{ name: 'w', shape: [1], data: Float64Array.of(1) }];
 * const optimizer = rmsprop(0.01);
 * optimizer.step(p, [Float64Array.of(2)], optimizer.init(p));
 * console.log(p[0]!.data[0]); // about 0.9
 * ```
 */
export function rmsprop(learningRate: LearningRate, options: RmspropOptions = {}): Optimizer {
  const { alpha = 0.99, eps = 1e-8, weightDecay = 0 } = options;
  checkShare('rmsprop', 'alpha', alpha);
  return optimizer('rmsprop', learningRate, { alpha, eps, weightDecay }, ['square'], (lr) => {
    return (p, grad, [square]) => {
      for (let i = 0; i < p.length; i++) {
        const g = grad[i]! + weightDecay * p[i]!;
        const s = alpha * square![i]! + (1 - alpha) * g * g;
        square![i] = s;
        p[i]! -= (lr * g) / (Math.sqrt(s) + eps);
      }
    };
  });
}

/**
 * Adam (Kingma and Ba, arXiv:1412.6980), with corrected bias, as PyTorch defines it. State: `mean`, `square`.
 *
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { adam } from '@ketwork/nn';
 * const p = [{ name: 'w', shape: [1], data: Float64Array.of(1) }];
 * const optimizer = adam(0.01);
 * optimizer.step(p, [Float64Array.of(2)], optimizer.init(p));
 * console.log(p[0]!.data[0]); // about 0.99
 * ```
 */
export function adam(learningRate: LearningRate, options: AdamOptions = {}): Optimizer {
  return adaptive('adam', learningRate, options, false);
}

/**
 * AdamW (Loshchilov and Hutter, arXiv:1711.05101), as PyTorch defines it: Adam whose weight decay is not part of the
 * gradient, `p -= lr · weightDecay · p` before Adam's step. State: `mean`, `square`.
 *
 * @param options As for {@link adam}; `weightDecay` is 0.01 by default.
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { adamw } from '@ketwork/nn';
 * const p = [{ name: 'w', shape: [1], data: Float64Array.of(1) }];
 * const optimizer = adamw(0.01, { weightDecay: 0.1 });
 * optimizer.step(p, [Float64Array.of(2)], optimizer.init(p));
 * console.log(p[0]!.data[0]); // about 0.989
 * ```
 */
export function adamw(learningRate: LearningRate, options: AdamOptions = {}): Optimizer {
  return adaptive('adamw', learningRate, { weightDecay: 0.01, ...options }, true);
}

type Update = (
  parameter: Float64Array,
  grad: ArrayLike<number>,
  slots: readonly (Float64Array | undefined)[],
) => void;

function adaptive(
  name: string,
  learningRate: LearningRate,
  options: AdamOptions,
  decoupled: boolean,
): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0 } = options;
  checkShare(name, 'beta1', beta1);
  checkShare(name, 'beta2', beta2);
  return optimizer(
    name,
    learningRate,
    { beta1, beta2, eps, weightDecay },
    ['mean', 'square'],
    (lr, step) => {
      const size = lr / (1 - beta1 ** (step + 1));
      const correction = Math.sqrt(1 - beta2 ** (step + 1));
      return (p, grad, [mean, square]) => {
        for (let i = 0; i < p.length; i++) {
          const g = decoupled ? grad[i]! : grad[i]! + weightDecay * p[i]!;
          const m = beta1 * mean![i]! + (1 - beta1) * g;
          const s = beta2 * square![i]! + (1 - beta2) * g * g;
          mean![i] = m;
          square![i] = s;
          if (decoupled) p[i]! -= lr * weightDecay * p[i]!;
          p[i]! -= (size * m) / (Math.sqrt(s) / correction + eps);
        }
      };
    },
  );
}

function optimizer(
  name: string,
  learningRate: LearningRate,
  settings: Readonly<Record<string, number | boolean>>,
  slotNames: readonly string[],
  prepare: (learningRate: number, step: number) => Update,
): Optimizer {
  for (const [setting, value] of Object.entries(settings)) {
    if (typeof value === 'number' && !(value >= 0 && value < Infinity)) {
      throw new ValueError(`${name}: ${setting} is ${value}, not a finite number of at least 0`);
    }
  }
  if (typeof learningRate !== 'function') checkRate(name, learningRate);
  const rate = ({ step, rateScale = 1 }: OptimizerState): number =>
    checkRate(name, typeof learningRate === 'function' ? learningRate(step) : learningRate) *
    rateScale;
  return Object.freeze({
    name,
    settings: { ...rateSettings(learningRate), ...settings },
    rate,
    init(parameters: readonly Parameter[]): OptimizerState {
      const slots = slotNames.map(
        (slot) => [slot, parameters.map((p) => new Float64Array(p.data.length))] as const,
      );
      return { step: 0, slots: Object.fromEntries(slots) };
    },
    step(
      parameters: readonly Parameter[],
      grads: readonly ArrayLike<number>[],
      state: OptimizerState,
    ): void {
      checkStep(name, parameters, grads, state, slotNames);
      const update = prepare(rate(state), state.step);
      for (let i = 0; i < parameters.length; i++) {
        update(
          parameters[i]!.data,
          grads[i]!,
          slotNames.map((slot) => state.slots[slot]![i]),
        );
      }
      state.step++;
    },
  });
}

function rateSettings(learningRate: LearningRate): { readonly learningRate?: Json } {
  if (typeof learningRate === 'number') return { learningRate };
  return 'settings' in learningRate ? { learningRate: learningRate.settings } : {};
}

function checkStep(
  name: string,
  parameters: readonly Parameter[],
  grads: readonly ArrayLike<number>[],
  state: OptimizerState,
  slotNames: readonly string[],
): void {
  if (grads.length !== parameters.length) {
    throw new ValueError(
      `${name}: there are ${grads.length} gradients for ${parameters.length} parameters`,
    );
  }
  if (!Number.isSafeInteger(state.step) || state.step < 0) {
    throw new ValueError(
      `${name}: the state's step ${String(state.step)} is not a non-negative integer`,
    );
  }
  for (let i = 0; i < parameters.length; i++) {
    const { data, name: parameter } = parameters[i]!;
    if (grads[i]!.length !== data.length) {
      throw new ValueError(
        `${name}: the gradient of ${parameter} has ${grads[i]!.length} elements, the parameter ${data.length}`,
      );
    }
    for (const slot of slotNames) {
      if (state.slots[slot]?.[i]?.length !== data.length) {
        throw new ValueError(`${name}: the state does not have a ${slot} for ${parameter}`, {
          remedy:
            'Use the state of this optimiser and these parameters, made with init(parameters)',
        });
      }
    }
  }
}

function checkShare(name: string, setting: string, value: number): void {
  if (!(value >= 0 && value < 1))
    throw new ValueError(`${name}: ${setting} is ${value}, not from 0 to below 1`);
}

function checkRate(name: string, rate: number): number {
  if (typeof rate !== 'number' || !(rate >= 0 && rate < Infinity)) {
    const shown = typeof rate === 'number' ? rate : `a ${typeof rate}`;
    throw new ValueError(
      `${name}: the learning rate is ${shown}, not a finite number of at least 0`,
    );
  }
  return rate;
}
