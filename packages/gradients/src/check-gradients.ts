import { key, sizeOf, uniform, UnsupportedError, ValueError } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { readValues, readWrt } from '@ketwork/simulator';
import type {
  AsyncProgram,
  Cotangents,
  Measurements,
  Program,
  SlotValues,
  Values,
} from '@ketwork/simulator';
import { homogeneity, perturb, unnormalisedUses } from './differences/perturb.ts';

/** Options of {@link checkGradients}. */
export interface CheckGradientsOptions<Names extends string = string> {
  /** Slots to check; all differentiable ones by default. */
  readonly wrt?: readonly Names[];
  /** Step of the central differences, 1e-5 by default. */
  readonly step?: number;
  /** Seed of the random cotangents, 0 by default. */
  readonly seed?: number;
}

/** How well a slot's gradient agrees with central differences. */
export interface GradientCheck {
  /** Largest absolute difference. */
  readonly error: number;
  /** Where it is: position in the gradient, `[...shape]` or `[batch, ...shape]`. */
  readonly index: number;
  /** The gradient there. */
  readonly gradient: number;
  /** The central difference there. */
  readonly difference: number;
}

/** One {@link GradientCheck} per slot name. */
export type GradientChecks<Names extends string = string> = { [Name in Names]: GradientCheck };

/** A list of runs to make; it goes on with their results. */
type Check<T> = Generator<Record<string, ArrayLike<number>>, T, readonly Float64Array[]>;

/**
 * Compares a program's `vjp` with central differences of its `run`, for random cotangents: a test for new engines, gates
 * and methods, and for circuits whose gradients look wrong. It makes two runs per slot element, so take a small circuit.
 * With a step of 1e-5 and 64-bit numbers a right gradient differs by less than about 1e-8 times the number of outputs.
 *
 * @param values as for `run`.
 * @returns the largest difference per slot, and where it is; a promise of it for a program that returns promises.
 * @throws UnsupportedError for a program that draws shots; ValueError for values that do not fit.
 *
 * @example
 * ```ts
 * import { circuit, expval, weight, Z } from '@ketwork/circuit';
 * import { checkGradients } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const turn = circuit(1, { w: weight([1]) }, (q, { w }) => q.rx(w.at(0), 0));
 * const program = reference().compile(turn, expval(Z(0)));
 * console.log(checkGradients(program, { w: [0.3] }).w.error < 1e-8); // true
 * ```
 */
export function checkGradients<Names extends string, M extends Measurements>(
  program: Program<Names, M>,
  values: Values<Names>,
  options?: CheckGradientsOptions<Names>,
): GradientChecks<Names>;
export function checkGradients<Names extends string, M extends Measurements>(
  program: AsyncProgram<Names, M>,
  values: Values<Names>,
  options?: CheckGradientsOptions<Names>,
): Promise<GradientChecks<Names>>;
export function checkGradients<Names extends string, M extends Measurements>(
  program: Program<Names, M> | AsyncProgram<Names, M>,
  values: Values<Names>,
  options: CheckGradientsOptions<Names> = {},
): GradientChecks<Names> | Promise<GradientChecks<Names>> {
  const { step = 1e-5, seed = 0 } = options;
  if (!(step > 0 && Number.isFinite(step))) {
    throw new ValueError(`step is ${step}`, { remedy: 'Give a positive finite number' });
  }
  const { circuit } = program;
  const single = !Array.isArray(program.measurements);
  const measurements = (
    single ? [program.measurements] : program.measurements
  ) as readonly Measurement[];
  const sampled = measurements.find((m) => m.type === 'samples' || m.type === 'counts');
  if (program.options.shots !== undefined || sampled !== undefined) {
    throw new UnsupportedError('central differences cannot check a program that draws shots', {
      remedy: 'Compile it without shots and without samples and counts',
    });
  }
  const slots = readWrt(circuit, options.wrt);
  const read = readValues(circuit, values);
  const sizes = program.outputShapes.map(sizeOf);
  const outputs = sizes.reduce((a, b) => a + b, 0);
  const random = uniform(key(seed), read.batch * outputs, { low: -1, high: 1 });
  let offset = 0;
  const cotangents = sizes.map((size) => random.subarray(offset, (offset += read.batch * size)));
  const dy = (single ? cotangents[0] : cotangents) as unknown as Cotangents<M>;
  const wrt = slots.map((slot) => slot.name) as Names[];
  const check = differences({ circuit, measurements, sizes, slots, read, cotangents, step });
  const list = (results: unknown): readonly Float64Array[] =>
    (single ? [results] : results) as readonly Float64Array[];

  // `vjp` tells which kind of program this is; the rest is the same loop twice, once with await.
  const gradients = program.vjp(values, dy, { wrt });
  if (gradients instanceof Promise) {
    return (async () => {
      const found = await gradients;
      let next = check.next();
      while (next.done !== true)
        next = check.next(list(await program.run(next.value as Values<Names>)));
      return compared(slots, found, next.value);
    })();
  }
  let next = check.next();
  while (next.done !== true) next = check.next(list(program.run(next.value as Values<Names>)));
  return compared(slots, gradients, next.value);
}

interface Setting {
  readonly circuit: Circuit;
  readonly measurements: readonly Measurement[];
  readonly sizes: readonly number[];
  readonly slots: readonly Slot[];
  readonly read: SlotValues;
  readonly cotangents: readonly Float64Array[];
  readonly step: number;
}

/** Central differences of `Σ dy · y` by every slot, in the shapes of a vjp. */
function* differences(setting: Setting): Check<Record<string, Float64Array>> {
  const { circuit, slots, read, step } = setting;
  const { batch } = read;
  const given = Object.fromEntries(circuit.slots.map(({ name }) => [name, read.get(name)]));
  const out: Record<string, Float64Array> = {};
  for (const slot of slots) {
    const size = sizeOf(slot.shape);
    const uses = unnormalisedUses(circuit, slot);
    const own = slot.axis === 'batch';
    const gradient = new Float64Array(own ? batch * size : size);
    for (let element = 0; element < size; element++) {
      for (const sign of [1, -1]) {
        // One element of every example at once: examples do not influence each other.
        const moved = read.get(slot.name).slice();
        const norms: number[] = [];
        for (let start = 0; start < moved.length; start += size) {
          norms.push(
            perturb(moved.subarray(start, start + size), slot, element, sign * step, uses > 0),
          );
        }
        const results = yield { ...given, [slot.name]: moved };
        for (let b = 0; b < batch; b++) {
          const norm = norms[own ? b : 0]!;
          gradient[own ? b * size + element : element]! +=
            (sign * weighted(setting, results, b, norm, uses)) / (2 * step);
        }
      }
    }
    out[slot.name] = gradient;
  }
  return out;
}

/** `Σ dy · y` of one example, for amplitudes of the given norm. */
function weighted(
  setting: Setting,
  results: readonly Float64Array[],
  example: number,
  norm: number,
  uses: number,
): number {
  let sum = 0;
  setting.measurements.forEach((m, i) => {
    const size = setting.sizes[i]!;
    let part = 0;
    for (let o = example * size; o < (example + 1) * size; o++)
      part += setting.cotangents[i]![o]! * results[i]![o]!;
    if (uses > 0) {
      const power = homogeneity(m);
      if (power === undefined) {
        throw new UnsupportedError(
          `the gradient of a ${m.type} by amplitudes used without normalisation cannot be checked`,
          {
            remedy: 'Prepare the state with normalize: true',
          },
        );
      }
      part *= norm ** (uses * power);
    }
    sum += part;
  });
  return sum;
}

function compared(
  slots: readonly Slot[],
  gradients: Readonly<Record<string, Float64Array>>,
  numeric: Readonly<Record<string, Float64Array>>,
): GradientChecks {
  return Object.fromEntries(
    slots.map(({ name }): [string, GradientCheck] => {
      const gradient = gradients[name]!;
      const difference = numeric[name]!;
      let index = 0;
      let error = -1;
      for (let i = 0; i < difference.length; i++) {
        const here = Math.abs(gradient[i]! - difference[i]!);
        // A gradient that is NaN or missing is the worst there is.
        if (here > error || Number.isNaN(here)) {
          error = Number.isNaN(here) ? Infinity : here;
          index = i;
        }
      }
      return [name, { error, index, gradient: gradient[index]!, difference: difference[index]! }];
    }),
  );
}
