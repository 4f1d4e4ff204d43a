import { ValueError } from '@ketwork/base';
import type { MaybePromise, Parameter } from './map.ts';
import { isPromise } from './shape.ts';

/** Options of {@link lbfgs}. */
export interface LbfgsOptions {
  /** Pairs of steps and changes of the gradient that are remembered. Default 10. */
  readonly memory?: number;
  /** Most iterations. Default 100. */
  readonly maxIterations?: number;
  /** Most evaluations of the closure. Default 1.25 · maxIterations, rounded up. */
  readonly maxEvaluations?: number;
  /** Stop where no element of the gradient is larger than this. Default 1e-7. */
  readonly gradientTolerance?: number;
  /** Stop where an iteration changes the loss by less than this share of it. Default 1e-12. */
  readonly lossTolerance?: number;
  /** Share of the expected decrease that a step must bring, from above 0 to below `curvature`. Default 1e-4. */
  readonly decrease?: number;
  /** Share of the slope that may be left after a step, below 1. Default 0.9. */
  readonly curvature?: number;
}

/** What a closure gives {@link Lbfgs.minimize}: the loss and its gradient at the parameters' current values. */
export interface LossAndGrads {
  /** The loss. */
  readonly loss: number;
  /** One gradient per parameter, as `valueAndGrad` returns them. */
  readonly grads: readonly ArrayLike<number>[];
}

/** How a minimisation by {@link lbfgs} went. */
export interface LbfgsResult {
  /** Loss at the parameters' final values, the lowest that was accepted. */
  readonly loss: number;
  /** Loss after each iteration, the first one before any. */
  readonly losses: readonly number[];
  /** Iterations made. */
  readonly iterations: number;
  /** Calls of the closure. */
  readonly evaluations: number;
  /** Why it stopped: the gradient or the change of the loss is small, a limit was reached, or no step along the direction helps. */
  readonly reason: 'gradient' | 'loss' | 'iterations' | 'evaluations' | 'line search';
}

/** The L-BFGS method with fixed settings; made by {@link lbfgs}. */
export interface Lbfgs {
  /** Name for messages and reports. */
  readonly name: 'lbfgs';
  /** The settings as plain data. */
  readonly settings: Readonly<Required<LbfgsOptions>>;
  /**
   * Changes the parameters in place until a minimum is reached. The closure is called at values that line searches try; it
   * must give the same loss for the same values (the whole data set, no dropout). A promise where the closure returns one.
   * @throws ValueError where gradients do not fit the parameters, or loss or gradient are not finite at the start.
   */
  minimize<R extends MaybePromise<LossAndGrads>>(
    parameters: readonly Parameter[],
    closure: () => R,
  ): R extends Promise<unknown> ? Promise<LbfgsResult> : MaybePromise<LbfgsResult>;
}

/** Loss and gradient at a point. */
interface Point {
  readonly x: Float64Array;
  readonly loss: number;
  readonly grad: Float64Array;
}

/** Asks for loss and gradient at a point. */
type Search<T> = Generator<Float64Array, T, Point>;

/**
 * The limited-memory BFGS method (Liu and Nocedal, Math. Program. 45, 503, 1989) with a line search for the strong Wolfe
 * conditions (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6): for smooth losses without
 * noise, such as exact expectation values or a network on all of its data, in far fewer evaluations than first-order
 * optimisers.
 *
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { lbfgs } from '@ketwork/nn';
 * const p = [{ name: 'x', shape: [2], data: Float64Array.of(-1.2, 1) }];
 * const result = await lbfgs().minimize(p, () => {
 *   const [x = 0, y = 0] = p[0]!.data;
 *   const [a, b] = [1 - x, y - x * x];
 *   return { loss: a * a + 100 * b * b, grads: [[-2 * a - 400 * x * b, 200 * b]] };
 * });
 * console.log(p[0]!.data); // [1, 1]
 * ```
 */
export function lbfgs(options: LbfgsOptions = {}): Lbfgs {
  const { maxIterations = 100 } = options;
  const settings = Object.freeze({
    memory: options.memory ?? 10,
    maxIterations,
    maxEvaluations: options.maxEvaluations ?? Math.ceil(1.25 * maxIterations),
    gradientTolerance: options.gradientTolerance ?? 1e-7,
    lossTolerance: options.lossTolerance ?? 1e-12,
    decrease: options.decrease ?? 1e-4,
    curvature: options.curvature ?? 0.9,
  });
  checkSettings(settings);
  const minimize = (
    parameters: readonly Parameter[],
    closure: () => MaybePromise<LossAndGrads>,
  ): MaybePromise<LbfgsResult> => {
    const start = Float64Array.from(parameters.flatMap(({ data }) => [...data]));
    const place = (x: Float64Array): void => {
      let offset = 0;
      for (const { data } of parameters) {
        data.set(x.subarray(offset, offset + data.length));
        offset += data.length;
      }
    };
    const search = iterate(start, settings);
    const point = (x: Float64Array, found: LossAndGrads): Point => ({
      x,
      loss: found.loss,
      grad: flattened(parameters, found.grads),
    });
    let best: Float64Array = start;
    const finish = ({ x, ...result }: Finished): LbfgsResult => {
      best = x;
      return result;
    };
    /** Goes on until the search ends, or until the closure returns a promise. */
    const drive = (first: IteratorResult<Float64Array, Finished>): MaybePromise<LbfgsResult> => {
      let step = first;
      while (step.done !== true) {
        const x = step.value;
        place(x);
        const found = closure();
        if (isPromise(found)) return found.then((later) => drive(search.next(point(x, later))));
        step = search.next(point(x, found));
      }
      return finish(step.value);
    };
    const settle = <T>(result: T): T => {
      place(best);
      return result;
    };
    try {
      const result = drive(search.next());
      if (!isPromise(result)) return settle(result);
      return result.finally(() => settle(undefined));
    } catch (error) {
      settle(undefined);
      throw error;
    }
  };
  return Object.freeze({ name: 'lbfgs', settings, minimize: minimize as Lbfgs['minimize'] });
}

type Settings = Readonly<Required<LbfgsOptions>>;

interface Finished extends LbfgsResult {
  readonly x: Float64Array;
}

/** The iteration: directions from the remembered pairs, steps from line searches. */
function* iterate(start: Float64Array, settings: Settings): Search<Finished> {
  const { memory, maxIterations, maxEvaluations, gradientTolerance, lossTolerance } = settings;
  let evaluations = 1;
  let here = yield start;
  if (!Number.isFinite(here.loss) || !here.grad.every(Number.isFinite)) {
    throw new ValueError('lbfgs: the loss or its gradient is not finite at the start', {
      remedy: 'Begin elsewhere, or look for a division by zero',
    });
  }
  const losses = [here.loss];
  const pairs: Pair[] = [];
  const end = (reason: LbfgsResult['reason']): Finished => ({
    x: here.x,
    loss: here.loss,
    losses,
    iterations: losses.length - 1,
    evaluations,
    reason,
  });
  for (;;) {
    if (here.grad.every((g) => Math.abs(g) <= gradientTolerance)) return end('gradient');
    if (losses.length > maxIterations) return end('iterations');
    if (evaluations >= maxEvaluations) return end('evaluations');
    let direction = descent(here.grad, pairs);
    if (!(dot(direction, here.grad) < 0)) {
      // Rounding has spoilt what is remembered: begin anew along the gradient.
      pairs.length = 0;
      direction = here.grad.map((g) => -g);
    }
    const length = here.grad.reduce((sum, g) => sum + Math.abs(g), 0);
    const first = pairs.length === 0 ? Math.min(1, 1 / length) : 1;
    const found: LineResult = yield* wolfe(
      here,
      direction,
      first,
      settings,
      maxEvaluations - evaluations,
    );
    evaluations += found.evaluations;
    if (found.point === undefined) {
      if (pairs.length === 0)
        return end(evaluations >= maxEvaluations ? 'evaluations' : 'line search');
      pairs.length = 0;
      continue;
    }
    const { point } = found;
    const s = point.x.map((x, i) => x - here.x[i]!);
    const y = point.grad.map((g, i) => g - here.grad[i]!);
    const product = dot(s, y);
    if (product > 1e-10 * Math.sqrt(dot(s, s) * dot(y, y))) {
      pairs.push({ s, y, product });
      if (pairs.length > memory) pairs.shift();
    }
    const change = Math.abs(here.loss - point.loss);
    here = point;
    losses.push(point.loss);
    if (change <= lossTolerance * Math.max(1e-300, Math.abs(point.loss))) return end('loss');
  }
}

/** A step, the change of the gradient it made, and their inner product. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly product: number;
}

/** Minus the approximate inverse Hessian times the gradient: the two-loop recursion. */
function descent(grad: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = grad.map((g) => -g);
  const shares = pairs.map(() => 0);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, product } = pairs[k]!;
    const a = dot(s, q) / product;
    shares[k] = a;
    for (let i = 0; i < q.length; i++) q[i]! -= a * y[i]!;
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = last.product / dot(last.y, last.y);
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  pairs.forEach(({ s, y, product }, k) => {
    const b = shares[k]! - dot(y, q) / product;
    for (let i = 0; i < q.length; i++) q[i]! += b * s[i]!;
  });
  return q;
}

interface LineResult {
  /** Where the strong Wolfe conditions hold, or at least the loss is lower; undefined where neither was found. */
  readonly point: Point | undefined;
  readonly evaluations: number;
}

/** A trial step with the loss and its slope along the direction. */
interface Trial {
  readonly step: number;
  readonly loss: number;
  readonly slope: number;
  readonly point: Point;
}

/** A step along a direction for the strong Wolfe conditions. */
function* wolfe(
  here: Point,
  direction: Float64Array,
  first: number,
  { decrease, curvature }: Settings,
  budget: number,
): Search<LineResult> {
  const slope0 = dot(here.grad, direction);
  let evaluations = 0;
  let lowest: Trial | undefined;
  const enough = (t: Trial): boolean => t.loss <= here.loss + decrease * t.step * slope0;
  const flat = (t: Trial): boolean => Math.abs(t.slope) <= -curvature * slope0;
  const at = function* (step: number): Search<Trial> {
    evaluations++;
    const point = yield here.x.map((x, i) => x + step * direction[i]!);
    const finite = Number.isFinite(point.loss) && point.grad.every(Number.isFinite);
    const trial = {
      step,
      // What is not finite is as high as can be, and uphill.
      loss: finite ? point.loss : Infinity,
      slope: finite ? dot(point.grad, direction) : Infinity,
      point,
    };
    if (enough(trial) && trial.loss < (lowest?.loss ?? here.loss)) lowest = trial;
    return trial;
  };
  const done = (t: Trial | undefined): LineResult => ({ point: t?.point, evaluations });

  let before: Trial = { step: 0, loss: here.loss, slope: slope0, point: here };
  let step = first;
  let low: Trial | undefined;
  let high: Trial | undefined;
  while (evaluations < budget && low === undefined) {
    const trial: Trial = yield* at(step);
    if (!enough(trial) || (before.step > 0 && trial.loss >= before.loss)) {
      [low, high] = [before, trial];
    } else if (flat(trial)) return done(trial);
    else if (trial.slope >= 0) [low, high] = [trial, before];
    else {
      const guess = minimum(before, trial);
      const most = 4 * trial.step;
      step = guess > trial.step ? Math.min(most, Math.max(1.5 * trial.step, guess)) : most;
      if (!Number.isFinite(step)) return done(lowest);
      before = trial;
    }
  }
  while (evaluations < budget && low !== undefined && high !== undefined) {
    const [a, b]: [Trial, Trial] = [low, high];
    const [left, right] = [Math.min(a.step, b.step), Math.max(a.step, b.step)];
    if (right - left <= 1e-14 * Math.max(1, right)) break;
    // Not too near to either end, so that the interval shrinks.
    const margin = 0.1 * (right - left);
    const guess = minimum(a, b);
    const next = Number.isFinite(guess)
      ? Math.min(right - margin, Math.max(left + margin, guess))
      : (left + right) / 2;
    const trial: Trial = yield* at(next);
    if (!enough(trial) || trial.loss >= a.loss) high = trial;
    else {
      if (flat(trial)) return done(trial);
      if (trial.slope * (b.step - a.step) >= 0) high = a;
      low = trial;
    }
  }
  return done(lowest);
}

/** Minimum of the cubic through two trials with their slopes (equation 3.59 of Nocedal and Wright); NaN where there is none. */
function minimum(a: Trial, b: Trial): number {
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.step - b.step);
  const d2 = Math.sign(b.step - a.step) * Math.sqrt(d1 * d1 - a.slope * b.slope);
  return b.step - ((b.step - a.step) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function flattened(
  parameters: readonly Parameter[],
  grads: readonly ArrayLike<number>[],
): Float64Array {
  if (grads.length !== parameters.length) {
    throw new ValueError(
      `lbfgs: there are ${grads.length} gradients for ${parameters.length} parameters`,
    );
  }
  const out = new Float64Array(parameters.reduce((sum, { data }) => sum + data.length, 0));
  let offset = 0;
  parameters.forEach(({ data, name }, i) => {
    const grad = grads[i]!;
    if (grad.length !== data.length) {
      throw new ValueError(
        `lbfgs: the gradient of ${name} has ${grad.length} elements, the parameter ${data.length}`,
      );
    }
    out.set(grad, offset);
    offset += data.length;
  });
  return out;
}

function checkSettings(settings: Settings): void {
  for (const name of ['memory', 'maxIterations', 'maxEvaluations'] as const) {
    if (!(Number.isSafeInteger(settings[name]) && settings[name] >= 1))
      throw new ValueError(`lbfgs: ${name} is ${settings[name]}, not a positive whole number`);
  }
  for (const name of ['gradientTolerance', 'lossTolerance'] as const) {
    if (!(settings[name] >= 0 && settings[name] < Infinity))
      throw new ValueError(
        `lbfgs: ${name} is ${settings[name]}, not a finite number of at least 0`,
      );
  }
  const { decrease, curvature } = settings;
  if (!(decrease > 0 && decrease < curvature && curvature < 1)) {
    throw new ValueError(
      `lbfgs: decrease is ${decrease} and curvature ${curvature}, not 0 < decrease < curvature < 1`,
    );
  }
}
