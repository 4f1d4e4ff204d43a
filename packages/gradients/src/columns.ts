import { fold, key, uniform, UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import type { DifferentiationMethod, SlotValues } from '@ketwork/simulator';
import { chainRule } from './chain-rule.ts';
import { repeatedSlots, rowLimit, runRows } from './evaluate.ts';
import type { Computation, Lists } from './evaluate.ts';
import type { DerivedSlot } from './linear.ts';
import { alternatively } from './methods.ts';
import { Accumulator, numbersPerRow, sizesOf } from './method.ts';
import type { MethodOptions, PreparedMethod, Request, Variation } from './method.ts';
import type { Obstacle, Occurrence } from './shift/occurrences.ts';

/** Streams of random numbers: shots of shifted runs, of the unshifted ones a variance needs, and points of the stochastic rule. */
const SHIFTED = 1;
const UNSHIFTED = 2;
const POINTS = 3;

/** A run of each example with one column shifted. */
interface Evaluation {
  /** Number of the occurrence among those differentiated by. */
  readonly parameter: number;
  readonly column: number;
  readonly shift: number;
  readonly coefficient: number;
  /** Column of the point within an evolution with drift, and which of the points this is. */
  readonly point?: { readonly column: number; readonly sample: number };
}

/** A circuit whose derivatives are sums of its results with one column of a batch slot changed at a time. */
export interface ColumnProgram {
  readonly method: DifferentiationMethod;
  /** The circuit as it was given, and what is measured of it. */
  readonly circuit: Circuit;
  readonly measurements: readonly Measurement[];
  /** The circuit with columns, and measurements linear in the density matrix. */
  readonly base: Variation;
  /** Name and length of the slot of columns. */
  readonly shifts: string;
  readonly columns: number;
  readonly occurrences: readonly Occurrence[];
  readonly obstacles: readonly Obstacle[];
  readonly derived: readonly DerivedSlot[];
  /** Number `i` of measurement `m` in row `at`: an expectation value (of a square, from `outputs` on) or a probability. */
  read(results: Lists, at: number, m: number, i: number): number;
}

/**
 * Prepares differentiation by a {@link ColumnProgram}. All rows of all examples are one batch (one per number of shots,
 * where shots are weighted).
 */
export function byColumns(
  {
    method,
    circuit,
    measurements,
    base,
    shifts,
    columns,
    occurrences,
    obstacles,
    derived,
    read,
  }: ColumnProgram,
  { memory, alternatives, shots, allocation, samples }: MethodOptions,
): PreparedMethod {
  const outputSizes = sizesOf(circuit, measurements);
  const limit = rowLimit(memory, base.circuit.qubits, numbersPerRow(base));
  const repeats = (occurrence: Occurrence): number =>
    occurrence.point === undefined ? 1 : samples;
  const sizes = weightsOf(occurrences, repeats, allocation === 'weighted' ? shots : undefined);
  const variations = [base, ...sizes.map(({ shots: own }) => ({ ...base, shots: own }))];

  /** Values of everything but the shifts. */
  const given = (values: SlotValues): { slot: Slot; array: Float64Array }[] => [
    ...circuit.slots.map((slot) => ({ slot, array: values.get(slot.name) })),
    ...derived.map(({ slot, of, from }) => ({ slot, array: from(values.get(of)) })),
  ];

  /** Runs rows that differ in the shifts only. */
  function* run(
    request: Request,
    program: number,
    stream: number,
    evaluations: readonly Evaluation[],
    consume: (evaluation: number, example: number, results: Lists, at: number) => void,
  ): Computation<void> {
    const { batch } = request.values;
    const all = given(request.values);
    const random = fold(key(request.seed), POINTS);
    const points = new Map<number, Float64Array>();
    const pointsOf = (column: number): Float64Array => {
      let found = points.get(column);
      if (found === undefined) {
        found = uniform(fold(random, column), samples * batch);
        points.set(column, found);
      }
      return found;
    };
    yield* runRows({
      program,
      evaluations: evaluations.length,
      batch,
      limit,
      seed: request.seed,
      // The first program has the streams it would have alone.
      stream: program === 0 ? stream : POINTS + program,
      consume,
      values(first, count) {
        const rows = repeatedSlots(all, batch, first, count);
        if (columns === 0) return rows;
        const shiftRows = new Float64Array(count * columns);
        for (let at = 0; at < count; at++) {
          const { column, shift, point } = evaluations[Math.floor((first + at) / batch)]!;
          if (column >= 0) shiftRows[at * columns + column] = shift;
          if (point === undefined) continue;
          // Stratified: one point in each of `samples` equal parts of (0, 1).
          const u = pointsOf(point.column)[point.sample * batch + ((first + at) % batch)]!;
          shiftRows[at * columns + point.column] = (point.sample + u) / samples;
        }
        rows[shifts] = shiftRows;
        return rows;
      },
    });
  }

  /** Expectation values of the observables of each variance, `[batch, observables]`, without shifts. */
  function* means(request: Request): Computation<(Float64Array | undefined)[]> {
    const { batch } = request.values;
    const found = measurements.map((m, i) =>
      m.type === 'variance' ? new Float64Array(batch * outputSizes[i]!) : undefined,
    );
    if (found.every((mean) => mean === undefined)) return found;
    const unshifted = [{ parameter: 0, column: -1, shift: 0, coefficient: 1 }];
    yield* run(request, 0, UNSHIFTED, unshifted, (_, example, results, at) => {
      found.forEach((mean, m) => {
        const size = outputSizes[m]!;
        for (let o = 0; mean !== undefined && o < size; o++)
          mean[example * size + o] = read(results, at, m, o);
      });
    });
    return found;
  }

  return {
    variations,
    evaluations: occurrences.reduce(
      (sum, occurrence) => sum + occurrence.rule.length * repeats(occurrence),
      0,
    ),
    limit,
    check(wanted) {
      checkSlots(method, wanted, obstacles, alternatives);
    },
    *derivatives(request) {
      const { values, slots: wanted } = request;
      const active = occurrences.filter((occurrence) =>
        wanted.some((slot) => occurrence.slots.has(slot.name)),
      );
      const evaluations = active.flatMap((occurrence, parameter) =>
        Array.from({ length: repeats(occurrence) }, (_, sample) =>
          occurrence.rule.map(({ column, shift, coefficient }): Evaluation => ({
            parameter,
            column,
            shift,
            coefficient: coefficient / repeats(occurrence),
            ...(occurrence.point === undefined
              ? {}
              : { point: { column: occurrence.point, sample } }),
          })),
        ).flat(),
      );
      const sums = new Accumulator(values.batch, active.length, outputSizes, request.weights);
      const mean = evaluations.length === 0 ? [] : yield* means(request);
      for (const [program, list] of grouped(evaluations, sizes)) {
        yield* run(request, program, SHIFTED, list, (evaluation, example, results, at) => {
          const { parameter, coefficient } = list[evaluation]!;
          sums.add(example, parameter, coefficient, (m, o) => {
            const size = outputSizes[m]!;
            const average = mean[m];
            const value = read(results, at, m, o);
            if (average === undefined) return value;
            // d(⟨O²⟩ − ⟨O⟩²) = d⟨O²⟩ − 2⟨O⟩ d⟨O⟩
            return read(results, at, m, size + o) - 2 * average[example * size + o]! * value;
          });
        });
      }
      return {
        batch: values.batch,
        rows: sums.rows,
        parameters: active.length,
        data: sums.data,
        partials: chainRule(circuit, active, wanted, values),
      };
    },
  };
}

/** A size of coefficients, and the shots for evaluations that have it. */
interface Weight {
  readonly size: number;
  readonly shots: number;
}

/**
 * Shots in proportion to the size of the coefficients, with the same total as `shots` for each run: for results of one
 * variance this makes the variance of a derivative as small as it can be. None where all sizes are the same.
 */
function weightsOf(
  occurrences: readonly Occurrence[],
  repeats: (occurrence: Occurrence) => number,
  shots: number | undefined,
): Weight[] {
  if (shots === undefined) return [];
  const all = occurrences.flatMap((occurrence) => {
    const times = repeats(occurrence);
    const sizes = occurrence.rule.map(({ coefficient }) => Math.abs(coefficient) / times);
    return Array.from({ length: times }, () => sizes).flat();
  });
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  const found: Weight[] = [];
  for (const size of all) {
    if (found.some((weight) => near(weight.size, size))) continue;
    found.push({ size, shots: Math.max(1, Math.round((shots * size) / mean)) });
  }
  return found.length > 1 ? found : [];
}

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(a, b);

/** Evaluations by the program that runs them: program 0 unless shots are weighted. */
function grouped(
  evaluations: readonly Evaluation[],
  weights: readonly Weight[],
): [number, Evaluation[]][] {
  if (weights.length === 0) return [[0, [...evaluations]]];
  return weights.map(({ size }, i): [number, Evaluation[]] => [
    i + 1,
    evaluations.filter(({ coefficient }) => near(Math.abs(coefficient), size)),
  ]);
}

/** Refuses slots that something stands in the way of. @throws UnsupportedError */
export function checkSlots(
  method: string,
  wanted: readonly Slot[],
  obstacles: readonly Obstacle[],
  alternatives: readonly DifferentiationMethod[],
): void {
  for (const { name, kind } of wanted) {
    const obstacle = obstacles.find((o) => o.slot === name);
    const observable = kind === 'hermitian' ? 'is the matrix of an observable' : undefined;
    const why = obstacle?.why ?? observable;
    if (why === undefined) continue;
    const helps = alternatives.filter(
      (other) =>
        other === 'adjoint' ||
        other === 'finite-difference' ||
        (other === 'spsa' && kind === 'scalar') ||
        obstacle?.helps?.includes(other) === true,
    );
    throw new UnsupportedError(`${method} cannot differentiate by slot '${name}': it ${why}`, {
      ...(obstacle?.operation === undefined ? {} : { operation: obstacle.operation }),
      remedy:
        helps.length === 0
          ? `Leave '${name}' out of wrt`
          : `Use ${alternatively(helps)}, or leave '${name}' out of wrt`,
    });
  }
}
