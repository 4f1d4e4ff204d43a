import { ValueError, bits, fold } from '@ketwork/base';
import type { Json } from '@ketwork/nn';
import { ballOf } from './attack.ts';
import type { Attack, AttackOptions, AttackProblem, Ball } from './attack.ts';
import { intoBall, randomStart, stepUp } from './ball.ts';

/** Options of {@link bim}. */
export interface IteratedOptions extends AttackOptions {
  /** Number of steps. Default 10. */
  readonly steps?: number;
  /** Length of a step, in the norm of the ball. Default `epsilon / steps` for `bim`, `2.5 · epsilon / steps` for `pgd`. */
  readonly stepSize?: number;
}

/** Options of {@link pgd}. */
export interface PgdOptions extends IteratedOptions {
  /** Whether to begin at random points of the ball rather than at the inputs themselves. Default true. */
  readonly randomStart?: boolean;
  /** How often to begin; of the ends the one of greatest loss is kept, example by example. Default 1. */
  readonly restarts?: number;
}

/**
 * Fast gradient sign method (Goodfellow et al., arXiv:1412.6572, sec. 4): one step `x + ε · sign ∇ₓ loss`, clipped to the
 * range. With `norm: 'l2'` the step is `ε ∇ₓ loss / |∇ₓ loss|`.
 *
 * @param epsilon Size of the perturbation, in units of the inputs.
 * @throws ValueError where epsilon is negative or not finite, or the range is empty.
 * @example
 * ```ts
 * import { binaryCrossEntropy, dense, sequential } from '@ketwork/nn';
 * import { adversarialExamples, fgsm } from '@ketwork/training';
 * const model = sequential(dense(2, 1));
 * model.build(1);
 * model.network!.parameters[0]!.data.set([1, -1]); // class 1 where x₀ > x₁
 * const data = { inputs: [0.5, 0.25], labels: [1] };
 * console.log(await adversarialExamples(model, data, { loss: binaryCrossEntropy, attack: fgsm(0.25), seed: 1 })); // 0.25, 0.5
 * ```
 */
export function fgsm(epsilon: number, options: AttackOptions = {}): Attack {
  const ball = ballOf('fgsm', epsilon, options);
  return attackOf('fgsm', ball, options, {}, (problem) =>
    climb(problem, problem.x, ball, 1, epsilon),
  );
}

/**
 * Basic iterative method (Kurakin et al., arXiv:1607.02533, sec. 2.2): several steps of {@link fgsm}, each clipped to the
 * ball and the range.
 *
 * @param epsilon Size of the perturbation, in units of the inputs.
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { bim } from '@ketwork/training';
 * console.log(bim(0.1, { steps: 4, range: [0, 1] }).settings); // all settings, stepSize 0.025
 * ```
 */
export function bim(epsilon: number, options: IteratedOptions = {}): Attack {
  const ball = ballOf('bim', epsilon, options);
  const { steps = 10 } = options;
  checkCount('bim', 'steps', steps);
  const stepSize = stepSizeOf('bim', options.stepSize ?? epsilon / steps);
  return attackOf('bim', ball, options, { steps, stepSize }, (problem) =>
    climb(problem, problem.x, ball, steps, stepSize),
  );
}

/**
 * Projected gradient descent (Madry et al., arXiv:1706.06083, sec. 2.1) on the negative loss: from a random point of the
 * ball, steps along the sign of the gradient (with `norm: 'l2'` along its direction), each followed by the projection to
 * the ball and the range. The last point counts, or the one of greatest loss of several restarts.
 *
 * @param epsilon Radius of the ball, in units of the inputs.
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { crossEntropy, dense, sequential, tanh } from '@ketwork/nn';
 * import { pgd, robustAccuracy } from '@ketwork/training';
 * const model = sequential(dense(2, 4), tanh(), dense(4, 2));
 * model.build(1);
 * const data = { inputs: [0, 1, 1, 0], labels: [0, 1] };
 * const attack = (epsilon: number) => pgd(epsilon, { steps: 20, restarts: 3, range: [0, 1] });
 * const curve = await robustAccuracy(model, data, { loss: crossEntropy, attack, epsilons: [0, 0.2, 0.4], seed: 1 });
 * console.log(curve.map(({ epsilon, accuracy }) => [epsilon, accuracy]));
 * ```
 */
export function pgd(epsilon: number, options: PgdOptions = {}): Attack {
  const ball = ballOf('pgd', epsilon, options);
  const { steps = 10, restarts = 1, randomStart: random = true } = options;
  checkCount('pgd', 'steps', steps);
  checkCount('pgd', 'restarts', restarts);
  if (restarts > 1 && !random)
    throw new ValueError('pgd: restarts from the same point all end at the same one', {
      remedy: 'Leave out randomStart: false, or restarts',
    });
  const stepSize = stepSizeOf('pgd', options.stepSize ?? (2.5 * epsilon) / steps);
  const settings = { steps, stepSize, randomStart: random, restarts };
  return attackOf('pgd', ball, options, settings, async (problem) => {
    let best: Float64Array | undefined;
    let bestLosses: Float64Array | undefined;
    for (let r = 0; r < restarts; r++) {
      const from = random ? randomStart(problem, fold(problem.key, r), ball) : problem.x;
      const x = await climb(problem, from, ball, steps, stepSize);
      if (restarts === 1) return x;
      const losses = await problem.losses(x);
      if (best === undefined || bestLosses === undefined) {
        best = x;
        bestLosses = losses;
        continue;
      }
      const width = x.length / problem.count;
      for (let e = 0; e < problem.count; e++) {
        if (!(losses[e]! > bestLosses[e]!)) continue;
        bestLosses[e] = losses[e]!;
        best.set(x.subarray(e * width, (e + 1) * width), e * width);
      }
    }
    return best!;
  });
}

/**
 * No attack but its control: every number of an input goes up or down by ε, at random. With `norm: 'l2'` the same,
 * scaled to length ε. A model that errs as often under this is not fooled, only noisy.
 *
 * @param epsilon Size of the perturbation, in units of the inputs.
 * @throws ValueError where epsilon is negative or not finite, or the range is empty.
 * @example
 * ```ts
 * import { dense, mse, sequential } from '@ketwork/nn';
 * import { adversarialExamples, signNoise } from '@ketwork/training';
 * const model = sequential(dense(3, 1));
 * model.build(1);
 * const data = { inputs: [1, 1, 1], labels: [0] };
 * console.log(await adversarialExamples(model, data, { loss: mse, attack: signNoise(0.5), seed: 1 })); // each 0.5 or 1.5
 * ```
 */
export function signNoise(epsilon: number, options: AttackOptions = {}): Attack {
  const ball = ballOf('signNoise', epsilon, options);
  return attackOf('signNoise', ball, options, {}, ({ x, count, firstExample, key }) => {
    const width = x.length / count;
    const size = ball.norm === 'l2' ? epsilon / Math.sqrt(width) : epsilon;
    const noisy = x.slice();
    for (let e = 0; e < count; e++) {
      const signs = bits(fold(key, firstExample + e), width);
      for (let i = 0; i < width; i++) noisy[e * width + i]! += (signs[i]! & 1) === 1 ? size : -size;
    }
    return intoBall(x, noisy, count, ball);
  });
}

/** Takes steps up the gradient, within the ball. */
async function climb(
  problem: AttackProblem,
  from: Float64Array,
  ball: Ball,
  steps: number,
  stepSize: number,
): Promise<Float64Array> {
  let x = from;
  for (let step = 0; step < steps; step++) {
    const { grads } = await problem.gradient(x);
    x = stepUp(problem.x, x, grads, stepSize, problem.count, ball);
  }
  return x;
}

/** Attacks made here: of one example they look at nothing but this one, and their settings make them again. */
const own = new WeakSet<Attack>();

/** Whether an attack is one of Ketwork's. */
export function isOwnAttack(attack: Attack): boolean {
  return own.has(attack);
}

/** One of Ketwork's attacks, made again from its name and settings. */
export function attackNamed({ name, settings }: Pick<Attack, 'name' | 'settings'>): Attack {
  const make = { fgsm, bim, pgd, signNoise }[name] as typeof pgd;
  const { epsilon, ...options } = settings as { epsilon: number };
  return make(epsilon, options);
}

function attackOf(
  name: string,
  { epsilon, norm }: Ball,
  { range }: AttackOptions,
  settings: Readonly<Record<string, Json>>,
  perturb: Attack['perturb'],
): Attack {
  const limits = range === undefined ? {} : { range: [...range] as const };
  const attack = Object.freeze<Attack>({
    name,
    epsilon,
    norm,
    ...limits,
    settings: { epsilon, norm, ...limits, ...settings },
    // A ball of radius 0 holds the inputs alone.
    perturb: (problem) => (epsilon === 0 ? problem.x.slice() : perturb(problem)),
  });
  own.add(attack);
  return attack;
}

function checkCount(name: string, what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ValueError(`${name}: ${what} is ${value}, not a positive integer`);
}

function stepSizeOf(name: string, stepSize: number): number {
  if (!(stepSize >= 0 && stepSize < Infinity))
    throw new ValueError(`${name}: stepSize is ${stepSize}, not a finite number of at least 0`);
  return stepSize;
}
