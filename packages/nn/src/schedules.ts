import { ValueError } from '@ketwork/base';
import type { Json } from './contract.ts';

/** A learning rate that depends on the number of steps already taken, with its settings, which checkpoints compare. */
export interface Schedule {
  /** The learning rate of the step after so many (0 at the first). */
  (step: number): number;
  /** Name and settings as plain data. */
  readonly settings: Json;
}

/**
 * Always the same rate: what a schedule such as `warmup` leads to.
 *
 * @throws ValueError where the rate is not a finite number of at least 0.
 * @example
 * ```ts
 * import { schedules } from '@ketwork/nn';
 * console.log(schedules.constant(0.1)(1000)); // 0.1
 * ```
 */
export function constant(rate: number): Schedule {
  checkRate('constant', rate);
  return schedule({ name: 'constant', rate }, () => rate);
}

/**
 * `rate · factor^(step / steps)`: multiplied by `factor` within every so many steps, smoothly.
 *
 * @param options `factor` above 0; `steps`, 1 by default.
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { schedules } from '@ketwork/nn';
 * console.log(schedules.exponential(0.1, { factor: 0.5, steps: 100 })(200)); // 0.025
 * ```
 */
export function exponential(
  rate: number,
  options: { readonly factor: number; readonly steps?: number },
): Schedule {
  const { factor, steps = 1 } = options;
  checkRate('exponential', rate);
  checkFactor('exponential', factor);
  checkSteps('exponential', 'steps', steps);
  return schedule(
    { name: 'exponential', rate, factor, steps },
    (step) => rate * factor ** (step / steps),
  );
}

/**
 * `rate · factor^floor(step / every)`: multiplied by `factor` after every so many steps, at once.
 *
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { schedules } from '@ketwork/nn';
 * const rate = schedules.stepwise(1, { every: 10, factor: 0.5 });
 * console.log(rate(9), rate(10), rate(20)); // 1 0.5 0.25
 * ```
 */
export function stepwise(
  rate: number,
  options: { readonly every: number; readonly factor: number },
): Schedule {
  const { every, factor } = options;
  checkRate('stepwise', rate);
  checkSteps('stepwise', 'every', every);
  checkFactor('stepwise', factor);
  return schedule(
    { name: 'stepwise', rate, every, factor },
    (step) => rate * factor ** Math.floor(step / every),
  );
}

/**
 * Half a cosine from `rate` down to `minimum` in so many steps, then constant (Loshchilov and Hutter, arXiv:1608.03983,
 * without restarts).
 *
 * @param options `steps`; `minimum`, 0 by default.
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { adam, schedules } from '@ketwork/nn';
 * const rate = schedules.cosine(0.1, { steps: 100 });
 * console.log(rate(0), rate(50), rate(100)); // 0.1 0.05 0
 * console.log(adam(rate).name); // adam
 * ```
 */
export function cosine(
  rate: number,
  options: { readonly steps: number; readonly minimum?: number },
): Schedule {
  const { steps, minimum = 0 } = options;
  checkRate('cosine', rate);
  checkRate('cosine', minimum);
  checkSteps('cosine', 'steps', steps);
  return schedule({ name: 'cosine', rate, steps, minimum }, (step) =>
    between(minimum, rate, Math.min(1, step / steps)),
  );
}

/**
 * A straight line from `rate` to `end` in so many steps, then constant.
 *
 * @param options `steps`; `end`, 0 by default.
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { schedules } from '@ketwork/nn';
 * console.log(schedules.linear(1, { steps: 4 })(3)); // 0.25
 * ```
 */
export function linear(
  rate: number,
  options: { readonly steps: number; readonly end?: number },
): Schedule {
  const { steps, end = 0 } = options;
  checkRate('linear', rate);
  checkRate('linear', end);
  checkSteps('linear', 'steps', steps);
  return schedule(
    { name: 'linear', rate, steps, end },
    (step) => rate + (end - rate) * Math.min(1, step / steps),
  );
}

/**
 * Warm-up before another schedule: a straight line from `start` times its first rate up to it; then that schedule, from
 * its step 0.
 *
 * @param options `steps` of the warm-up; `start`, 0 by default.
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { schedules } from '@ketwork/nn';
 * const rate = schedules.warmup(schedules.cosine(0.1, { steps: 90 }), { steps: 10 });
 * console.log(rate(0), rate(5), rate(10), rate(100)); // 0 0.05 0.1 0
 * ```
 */
export function warmup(
  next: Schedule,
  options: { readonly steps: number; readonly start?: number },
): Schedule {
  const { steps, start = 0 } = options;
  checkSteps('warmup', 'steps', steps);
  if (!(start >= 0 && start <= 1))
    throw new ValueError(`schedules.warmup: start ${start} is not a share from 0 to 1`);
  return schedule({ name: 'warmup', steps, start, next: next.settings }, (step) =>
    step < steps ? next(0) * (start + ((1 - start) * step) / steps) : next(step - steps),
  );
}

/**
 * One cycle (Smith and Topin, arXiv:1708.07120): along half a cosine from `peak / divide` up to `peak`, then along another
 * down to `peak / (divide · finalDivide)`, then constant.
 *
 * @param options `steps` of the cycle, at least 2; `rise`, the share of it that goes up, 0.3 by default; `divide`, 25 by
 * default; `finalDivide`, 10,000 by default.
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { schedules } from '@ketwork/nn';
 * const rate = schedules.oneCycle(1, { steps: 100 });
 * console.log(rate(0), rate(29)); // 0.04 1
 * ```
 */
export function oneCycle(
  peak: number,
  options: {
    readonly steps: number;
    readonly rise?: number;
    readonly divide?: number;
    readonly finalDivide?: number;
  },
): Schedule {
  const { steps, rise = 0.3, divide = 25, finalDivide = 1e4 } = options;
  checkRate('oneCycle', peak);
  checkSteps('oneCycle', 'steps', steps);
  checkFactor('oneCycle', divide);
  checkFactor('oneCycle', finalDivide);
  if (!(rise > 0 && rise < 1) || !(rise * steps > 1))
    throw new ValueError(
      `schedules.oneCycle: a rise of ${rise} of ${steps} steps is not a share between 0 and 1 of more than one step`,
    );
  // The first and the last step of the cycle are its ends, as in PyTorch.
  const top = rise * steps - 1;
  const end = steps - 1;
  const first = peak / divide;
  return schedule({ name: 'oneCycle', peak, steps, rise, divide, finalDivide }, (step) =>
    step <= top
      ? between(peak, first, step / top)
      : between(first / finalDivide, peak, Math.min(1, (step - top) / (end - top))),
  );
}

/** Half a cosine from `from` (share 0) to `to` (share 1). */
function between(to: number, from: number, share: number): number {
  if (share === 1) return to;
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
}

function schedule(settings: Json, rate: (step: number) => number): Schedule {
  return Object.freeze(Object.assign((step: number) => rate(step), { settings }));
}

function checkRate(name: string, rate: number): void {
  if (!(rate >= 0 && rate < Infinity))
    throw new ValueError(
      `schedules.${name}: the rate ${rate} is not a finite number of at least 0`,
    );
}

function checkFactor(name: string, factor: number): void {
  if (!(factor > 0 && factor < Infinity))
    throw new ValueError(`schedules.${name}: the factor ${factor} is not a finite number above 0`);
}

function checkSteps(name: string, what: string, steps: number): void {
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw new ValueError(`schedules.${name}: ${what} is ${steps}, not a positive integer`);
}
