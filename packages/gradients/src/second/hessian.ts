import { sizeOf, UnsupportedError } from '@ketwork/base';
import { anglePartials, angleSecondPartials } from '@ketwork/circuit';
import type { Circuit, Slot } from '@ketwork/circuit';
import { checkProgram, readValues, readWrt } from '@ketwork/simulator';
import type {
  AsyncCallOptions,
  AsyncEngine,
  CompileOptions,
  Engine,
  Measurements,
  SlotValues,
  Values,
} from '@ketwork/simulator';
import { exampleReader } from '../chain-rule.ts';
import { checkSlots } from '../columns.ts';
import { repeatedSlots, rowLimit, runRows } from '../evaluate.ts';
import type { Computation } from '../evaluate.ts';
import { linearMeasurements } from '../linear.ts';
import { numbersPerRow, sizesOf } from '../method.ts';
import { chooseMethod, methodsFor } from '../methods.ts';
import { runnerOf } from '../runner.ts';
import type { ParameterPlace } from '../runner.ts';
import { shiftedCircuit } from '../shift/occurrences.ts';
import type { Occurrence } from '../shift/occurrences.ts';
import { jetRuns, Jets } from './jets.ts';

/** How second derivatives are made. */
export type HessianMethod = 'adjoint' | 'parameter-shift';

/** Options of {@link hessian}. */
export interface HessianOptions<Names extends string = string> {
  /** Slots of scalars to differentiate by, in this order; all differentiable ones by default. */
  readonly wrt?: readonly Names[];
  /**
   * `parameter-shift`: the shift rule twice, about 2P² runs. `adjoint`: the engine's adjoint method at 2P shifted points.
   * `best`, the default: adjoint where the engine has it.
   */
  readonly method?: 'best' | HessianMethod;
  /** Estimate from this many shots per example and run; exact when absent. */
  readonly shots?: number;
  /** Bytes that one run of shifted examples may take before it is cut into several; 256 MiB by default. */
  readonly memory?: number;
}

/** What a local and a remote Hessian share. */
interface HessianInfo<Names extends string> extends Disposable {
  /** The circuit it differentiates. */
  readonly circuit: Circuit<Names>;
  /** The method in use. */
  readonly method: HessianMethod;
  /** What each row and column stands for. */
  readonly parameters: readonly ParameterPlace[];
  /** Numbers per example of all measurements together. */
  readonly outputs: number;
  /** Runs (or Jacobians, with adjoint) per example. */
  readonly evaluations: number;
  /** Frees the engine's memory. */
  dispose(): void;
}

/** Second derivatives of a circuit, compiled. */
export interface HessianProgram<Names extends string = string> extends HessianInfo<Names> {
  /**
   * Second derivatives `[batch, outputs, parameters, parameters]`, symmetric, the outputs of all measurements one after the
   * other. `seed` (0 by default) is for shots. @throws ValueError for values that do not fit
   */
  run(values: Values<Names>, options?: { readonly seed?: number }): Float64Array;
}

/** A {@link HessianProgram} that runs elsewhere and returns promises. */
export interface AsyncHessianProgram<Names extends string = string> extends HessianInfo<Names> {
  /** Second derivatives `[batch, outputs, parameters, parameters]`. */
  run(
    values: Values<Names>,
    options?: { readonly seed?: number } & AsyncCallOptions,
  ): Promise<Float64Array>;
}

const LINEAR = ['expval', 'variance', 'probabilities'];

/**
 * Compiles the Hessian of expectation values, variances and probabilities by slots of scalars. The rule for one angle is
 * applied after that for another (Mari, Bromley and Killoran, Phys. Rev. A 103, 012405, 2021), once per pair and as one
 * batch; expressions in angles, shared weights and variances follow by the chain rule with their own second derivatives.
 *
 * @throws UnsupportedError where the engine, a measurement or a slot does not allow it; what the engine's compile throws.
 *
 * @example
 * ```ts
 * import { circuit, expval, weight, Z } from '@ketwork/circuit';
 * import { hessian } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const turn = circuit(1, { w: weight([2]) }, (q, { w }) => q.rx(w.at(0), 0).rx(w.at(1), 0));
 * const second = hessian(reference(), turn, expval(Z(0)));
 * console.log(second.run({ w: [0.1, 0.2] })); // four times -cos 0.3
 * ```
 */
export function hessian<Names extends string>(
  engine: Engine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: HessianOptions<Names>,
): HessianProgram<Names>;
export function hessian<Names extends string>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: HessianOptions<Names>,
): AsyncHessianProgram<Names>;
export function hessian<Names extends string>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options: HessianOptions<Names> = {},
): HessianProgram<Names> | AsyncHessianProgram<Names> {
  const { capabilities } = engine;
  const { shots, memory = 2 ** 28 } = options;
  const compileOptions: CompileOptions = shots === undefined ? {} : { shots };
  const checked = checkProgram(circuit, measurements, compileOptions, capabilities);
  const list = checked.measurements;
  const bad = list.find(({ type }) => !LINEAR.includes(type));
  if (bad !== undefined) {
    throw new UnsupportedError(`there are no second derivatives of ${bad.type}`, {
      remedy: `Measure ${LINEAR.join(', ')}`,
    });
  }
  const drawn = shots !== undefined;
  // Both forms shift; one differentiates by the engine's adjoint method besides.
  chooseMethod('parameter-shift', circuit, list, drawn, capabilities);
  const { method: asked = 'best' } = options;
  if (asked !== 'best' && asked !== 'adjoint' && asked !== 'parameter-shift') {
    throw new UnsupportedError(`there is no method '${String(asked)}' for second derivatives`, {
      remedy: 'Use best, adjoint or parameter-shift',
    });
  }
  const able = methodsFor(circuit, list, drawn, capabilities).includes('adjoint');
  const method = asked === 'best' ? (able ? 'adjoint' : 'parameter-shift') : asked;
  if (method === 'adjoint') chooseMethod('adjoint', circuit, list, drawn, capabilities);

  const wanted = readWrt(circuit, options.wrt);
  const shifted = shiftedCircuit(circuit, { twice: true });
  const odd = wanted.find(({ kind }) => kind !== 'scalar');
  checkSlots(method, odd === undefined ? wanted : [odd], shifted.obstacles, []);
  const active = shifted.occurrences.filter(({ slots }) =>
    wanted.some(({ name }) => slots.has(name)),
  );
  const linear = linearMeasurements(shifted.circuit, list);
  const slots = [...shifted.circuit.slots, ...linear.derived.map(({ slot }) => slot)];
  const variation = {
    circuit: Object.freeze({ ...shifted.circuit, slots }),
    measurements: linear.measurements,
  };
  const sizes = sizesOf(variation.circuit, variation.measurements);
  const perJacobian = sizes.reduce((a, b) => a + b, 0) * Math.max(1, shifted.columns);
  const limit = rowLimit(
    memory,
    circuit.qubits,
    numbersPerRow(variation) + (method === 'adjoint' ? perJacobian : 0),
  );
  const twice = method === 'parameter-shift' ? jetRuns(active) : [];
  const once =
    method === 'adjoint' ? active.flatMap(({ rule }, i) => rule.map((s) => ({ i, ...s }))) : [];
  const parameters = wanted.flatMap(({ name, shape }) =>
    Array.from({ length: sizeOf(shape) }, (_, index): ParameterPlace => ({ slot: name, index })),
  );

  function* jets(values: SlotValues, seed: number): Computation<Jets> {
    const { batch } = values;
    const outputs = sizes.reduce((a, b) => a + b, 0);
    const found = new Jets(batch, outputs, active.length);
    const given = [
      ...circuit.slots.map((slot) => ({ slot, array: values.get(slot.name) })),
      ...linear.derived.map(({ slot, of, from }) => ({ slot, array: from(values.get(of)) })),
    ];
    const { columns, shifts } = shifted;
    const rowsOf =
      (shift: (row: Float64Array, evaluation: number) => void) =>
      (first: number, count: number): Record<string, ArrayLike<number>> => {
        const rows = repeatedSlots(given, batch, first, count);
        if (columns === 0) return rows;
        const array = new Float64Array(count * columns);
        for (let at = 0; at < count; at++) {
          const row = array.subarray(at * columns, (at + 1) * columns);
          shift(row, Math.floor((first + at) / batch));
        }
        rows[shifts] = array;
        return rows;
      };
    const common = { program: 0, batch, limit, seed };
    const each = (
      results: readonly Float64Array[],
      at: number,
      visit: (output: number, result: number) => void,
    ): void => {
      let output = 0;
      sizes.forEach((size, m) => {
        for (let o = 0; o < size; o++, output++) visit(output, results[m]![at * size + o]!);
      });
    };
    if (method === 'parameter-shift') {
      yield* runRows({
        ...common,
        evaluations: twice.length,
        stream: 1,
        values: rowsOf((row, evaluation) =>
          twice[evaluation]!.shifts.forEach((shift, column) => (row[column] = shift)),
        ),
        consume(evaluation, example, results, at) {
          const { targets } = twice[evaluation]!;
          each(results, at, (output, result) => found.add(example, output, result, targets));
        },
      });
      return found;
    }
    yield* runRows({
      ...common,
      evaluations: 1,
      stream: 1,
      values: rowsOf(() => {}),
      consume(_, example, results, at) {
        each(results, at, (output, result) => {
          found.values[example * outputs + output] = result;
        });
      },
    });
    if (columns === 0) return found;
    /** Derivative by the angle of an occurrence, from those by columns. */
    const slope = ({ slopes }: Occurrence, jacobian: Float64Array, row: number): number =>
      slopes.reduce(
        (sum, { column, factor }) => sum + factor * jacobian[row * columns + column]!,
        0,
      );
    yield* runRows({
      ...common,
      evaluations: 1 + once.length,
      stream: 2,
      jacobian: shifts,
      values: rowsOf((row, evaluation) => {
        const shift = once[evaluation - 1];
        if (shift !== undefined) row[shift.column] = shift.shift;
      }),
      consume(evaluation, example, results, at) {
        const shift = once[evaluation - 1];
        for (let output = 0; output < outputs; output++) {
          const row = example * outputs + output;
          active.forEach((occurrence, j) => {
            const derivative = slope(occurrence, results[0]!, at * outputs + output);
            if (shift === undefined) found.first[row * active.length + j] = derivative;
            // Each pair comes twice, as (i, j) and (j, i): half of both is symmetric.
            else
              found.addSecond(
                row,
                shift.i,
                j,
                (shift.i === j ? 1 : 0.5) * shift.coefficient * derivative,
              );
          });
        }
      },
    });
    return found;
  }

  function* computation(values: SlotValues, seed: number): Computation<Float64Array> {
    const found = yield* jets(values, seed);
    return assembled(circuit, wanted, active, values, found, list, sizes);
  }

  const runner = runnerOf(engine, [variation], compileOptions);
  const program: HessianProgram<Names> = {
    circuit,
    method,
    parameters,
    outputs: checked.outputSizes.reduce((a, b) => a + b, 0),
    evaluations: method === 'adjoint' ? 1 + once.length : twice.length,
    run: (values, { seed = 0, ...rest } = {}) =>
      runner.run(() => computation(readValues(circuit, values), seed), rest) as Float64Array,
    dispose: () => runner.dispose(),
    [Symbol.dispose]: () => runner.dispose(),
  };
  return program;
}

/** Second derivatives by elements of slots, from those by angles. */
function assembled(
  circuit: Circuit,
  wanted: readonly Slot[],
  active: readonly Occurrence[],
  values: SlotValues,
  jets: Jets,
  measurements: readonly { readonly type: string }[],
  sizes: readonly number[],
): Float64Array {
  const { batch } = values;
  const offsets = new Map<string, number>();
  let size = 0;
  for (const { name, shape } of wanted) {
    offsets.set(name, size);
    size += sizeOf(shape);
  }
  const reader = exampleReader(circuit.slots, values);
  const all = jets.outputs;
  const first = new Float64Array(all * size);
  const second = new Float64Array(all * size * size);
  const outputs = measurements.reduce(
    (sum, { type }, m) => sum + (type === 'variance' ? sizes[m]! / 2 : sizes[m]!),
    0,
  );
  const out = new Float64Array(batch * outputs * size * size);
  const place = (slot: string, index: number): number | undefined => {
    const offset = offsets.get(slot);
    return offset === undefined ? undefined : offset + index;
  };
  for (let b = 0; b < batch; b++) {
    const read = reader(b);
    const partials = active.map(({ angle }) =>
      anglePartials(angle, read).flatMap(({ slot, index, partial }) => {
        const p = place(slot, index);
        return p === undefined ? [] : [{ p, partial }];
      }),
    );
    const curvatures = active.map(({ angle }) =>
      angleSecondPartials(angle, read).flatMap(({ elements: [x, y], partial }) => {
        const p = place(x.slot, x.index);
        const r = place(y.slot, y.index);
        return p === undefined || r === undefined ? [] : [{ p, r, partial }];
      }),
    );
    first.fill(0);
    second.fill(0);
    for (let o = 0; o < all; o++) {
      const row = b * all + o;
      partials.forEach((list, i) => {
        const slope = jets.first[row * jets.size + i]!;
        for (const { p, partial } of list) first[o * size + p]! += partial * slope;
        for (const { p, r, partial } of curvatures[i]!)
          second[(o * size + p) * size + r]! += partial * slope;
        partials.forEach((others, j) => {
          const curve = jets.second[(row * jets.size + i) * jets.size + j]!;
          for (const x of list) {
            for (const y of others)
              second[(o * size + x.p) * size + y.p]! += x.partial * y.partial * curve;
          }
        });
      });
    }
    let from = 0;
    let to = b * outputs;
    measurements.forEach(({ type }, m) => {
      const count = type === 'variance' ? sizes[m]! / 2 : sizes[m]!;
      for (let o = 0; o < count; o++, to++) {
        const mean = from + o;
        const square = from + count + o;
        for (let p = 0; p < size; p++) {
          for (let r = 0; r < size; r++) {
            const here = second[(mean * size + p) * size + r]!;
            // d²(⟨O²⟩ − ⟨O⟩²) = d²⟨O²⟩ − 2⟨O⟩ d²⟨O⟩ − 2 d⟨O⟩ d⟨O⟩
            out[(to * size + p) * size + r] =
              type === 'variance'
                ? second[(square * size + p) * size + r]! -
                  2 * jets.values[b * all + mean]! * here -
                  2 * first[mean * size + p]! * first[mean * size + r]!
                : here;
          }
        }
      }
      from += sizes[m]!;
    });
  }
  return out;
}
