import { bind, compose, expval, inverse, probabilities, state, variance } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import {
  Random,
  randomCircuit,
  randomMeasurement,
  randomObservable,
  randomValues,
} from '@ketwork/testing';
import { placed, product, scattered } from './parts.ts';
import type { Part, Whole } from './parts.ts';
import { Judge } from './tally.ts';
import type { Tally } from './tally.ts';

const judge = reference();

/** How a large circuit is judged. */
const checks = [scatteredParts, scatteredParts, thereAndBack, byReference] as const;

/**
 * A circuit of 14 to 18 qubits. The reference ends at 14, so the larger ones are either made of small parts that it can
 * judge, or undone by their inverse.
 */
export function fuzzLarge(engine: Engine, seed: number, tally: Tally, tolerance: number): void {
  const random = new Random(seed).child(77);
  const judged = new Judge(tally, seed, tolerance);
  let label = '';
  try {
    label = checks[seed % checks.length]!(engine, random, judged);
  } catch (error) {
    judged.thrown(error);
  }
  judged.close(label);
}

/** Parts: values, variances, probabilities of each, of products over all, the state, and gradients. */
function scatteredParts(engine: Engine, random: Random, judged: Judge): string {
  const qubits = random.integer(14, 18);
  const whole = scattered(random, qubits, random.integer(1, 3));
  const { circuit, values, batch, parts } = whole;
  const own = parts.flatMap((part) => part.observables.map((o) => placed(o, part.place)));
  const first = parts[0]!;
  const measurements = [
    expval(...own, product(parts)),
    variance(placed(first.observables[0]!, first.place)),
    probabilities(first.place),
  ] as const;
  const alone = parts.map((part) => resultsOf(part, batch));
  using program = engine.compile(circuit, measurements);
  const [values0, variances, likelihoods] = program.run(values);
  const rows = Array.from({ length: batch }, (_, example) => [
    ...alone.flatMap(({ expvals }) => expvals[example]!),
    alone.reduce((all, { strings }) => all * strings[example]!, 1),
  ]);
  judged.compare('expval, parts', values0, rows.flat());
  judged.compare('variance, parts', variances, alone[0]!.variances);
  judged.compare('probabilities, parts', likelihoods, alone[0]!.probabilities);
  compareGradients(engine, random, judged, whole);
  if (qubits <= 16) compareStates(engine, judged, whole);
  return `${parts.length} parts on ${qubits} qubits, batch ${batch}, ${circuit.ops.length} operations`;
}

interface Alone {
  /** By example, the part's own observables. */
  readonly expvals: readonly (readonly number[])[];
  /** By example, the first string of the first observable. */
  readonly strings: readonly number[];
  readonly variances: Float64Array;
  readonly probabilities: Float64Array;
}

/** Repeats the one row of a part without batch slots. */
function tiled(row: Float64Array, length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => row[i % row.length]!);
}

function resultsOf({ circuit, values, observables }: Part, batch: number): Alone {
  const string = { type: 'pauli' as const, terms: [observables[0]!.terms[0]!] };
  const measurements = [
    expval(...observables, string),
    variance(observables[0]!),
    probabilities(),
  ] as const;
  using program = judge.compile(circuit, measurements);
  const [expvals, variances, likelihoods] = program.run(values);
  const columns = observables.length + 1;
  const all = tiled(expvals, batch * columns);
  const rows = Array.from({ length: batch }, (_, e) => [
    ...all.subarray(e * columns, (e + 1) * columns),
  ]);
  return {
    expvals: rows.map((row) => row.slice(0, -1)),
    strings: rows.map((row) => row.at(-1)!),
    variances: tiled(variances, batch),
    probabilities: tiled(likelihoods, batch * 2 ** circuit.qubits),
  };
}

/** Slots of states that are not divided by their norm, whose gradients hold the other parts' values too. */
const unnormalised = ({ ops }: Circuit): Set<string> =>
  new Set(
    ops.flatMap((op) =>
      op.type === 'statePreparation' && !op.normalize && 'slot' in op.amplitudes
        ? [op.amplitudes.slot]
        : [],
    ),
  );

/** A part's gradient does not depend on the other parts. */
function compareGradients(engine: Engine, random: Random, judged: Judge, whole: Whole): void {
  const { circuit, values, batch, parts } = whole;
  const own = parts.flatMap((part) => part.observables.map((o) => placed(o, part.place)));
  const cotangents = Array.from({ length: batch }, () => random.normals(own.length));
  using program = engine.compile(circuit, expval(...own));
  const found = program.vjp(values, Float64Array.from(cotangents.flatMap((row) => [...row])));
  let column = 0;
  for (const part of parts) {
    const count = part.observables.length;
    const mine = cotangents.map((row) => row.slice(column, column + count));
    column += count;
    if (part.circuit.slots.length === 0) continue;
    using small = judge.compile(part.circuit, expval(...part.observables));
    const alone = !part.circuit.slots.some(({ axis }) => axis === 'batch');
    // Without values per example a part has one row, which all examples of the whole share.
    const rows = alone ? [mine.reduce((sum, row) => sum.map((v, i) => v + row[i]!))] : mine;
    const want = small.vjp(part.values, Float64Array.from(rows.flatMap((row) => [...row])));
    const left = unnormalised(part.circuit);
    for (const [slot, gradient] of Object.entries(want)) {
      if (!left.has(slot)) judged.compare('gradient, parts', found[slot]!, gradient);
    }
  }
}

/** The amplitudes of the whole are products of those of its parts. */
function compareStates(engine: Engine, judged: Judge, { circuit, values, parts }: Whole): void {
  using program = engine.compile(circuit, state());
  const found = program.run(values).subarray(0, 2 ** (circuit.qubits + 1));
  const expected = new Float64Array(found.length);
  const alone = parts.map((part) => {
    using small = judge.compile(part.circuit, state());
    return small.run(part.values);
  });
  for (let index = 0; index < 2 ** circuit.qubits; index++) {
    let re = 1;
    let im = 0;
    parts.forEach(({ place }, p) => {
      let own = 0;
      for (const qubit of place) own = 2 * own + ((index >> (circuit.qubits - 1 - qubit)) & 1);
      const [a, b] = [alone[p]![2 * own]!, alone[p]![2 * own + 1]!];
      [re, im] = [re * a - im * b, re * b + im * a];
    });
    expected[2 * index] = re;
    expected[2 * index + 1] = im;
  }
  judged.compare('state, parts', found, expected);
}

/** A circuit with slots and then its inverse with the values written in, which no compiler can cancel: |0…0⟩ again. */
function thereAndBack(engine: Engine, random: Random, judged: Judge): string {
  const qubits = random.integer(14, 18);
  const drawn = randomCircuit(random.child(1), {
    qubits,
    ops: random.integer(20, 60),
    kinds: ['gate', 'matrix'],
    filters: false,
  });
  const slots = drawn.slots.map((slot) => ({ ...slot, axis: 'shared' as const }));
  const there: Circuit = { ...drawn, slots };
  const values = randomValues(random.child(2), there, 1);
  using forward = engine.compile(there, state());
  const amplitudes = forward.run(values);
  judged.note('norm of the state', Math.abs(amplitudes.reduce((sum, a) => sum + a * a, 0) - 1));
  const scalars = slots.filter(({ kind }) => kind === 'scalar').map(({ name }) => name);
  const bound = Object.fromEntries(scalars.map((name) => [name, values[name]!]));
  using round = engine.compile(compose(there, bind(inverse(there), bound)), state());
  const back = round.run(values);
  const start = new Float64Array(back.length);
  start[0] = 1;
  judged.compare('state, there and back', back, start);
  slopes(engine, random, judged, there, values);
  return `there and back on ${qubits} qubits, ${drawn.ops.length} operations`;
}

/** Central differences of order 8: their weights at 1 to 4 steps, and the step. */
const DIFFERENCES = [4 / 5, -1 / 5, 4 / 105, -1 / 280] as const;
const STEP = 0.01;

/** The gradient along a random direction of all scalars is the slope of the value itself. */
function slopes(
  engine: Engine,
  random: Random,
  judged: Judge,
  circuit: Circuit,
  values: Readonly<Record<string, Float64Array>>,
): void {
  const names = circuit.slots.filter(({ kind }) => kind === 'scalar').map(({ name }) => name);
  const observables = [0, 1].map(() => randomObservable(random, { ...circuit, slots: [] }));
  using program = engine.compile(circuit, expval(...observables));
  const directions = names.map((name) => random.normals(values[name]!.length));
  const length = directions.flatMap((d) => [...d]).reduce((sum, v) => sum + Math.abs(v), 0);
  const dy = random.normals(2);
  const at = (t: number): number => {
    const moved: Record<string, Float64Array> = { ...values };
    names.forEach((name, i) => {
      moved[name] = values[name]!.map((v, k) => v + (t / length) * directions[i]![k]!);
    });
    const y = program.run(moved);
    return dy[0]! * y[0]! + dy[1]! * y[1]!;
  };
  const slope = DIFFERENCES.reduce(
    (sum, weight, i) => sum + (weight * (at((i + 1) * STEP) - at(-(i + 1) * STEP))) / STEP,
    0,
  );
  const gradients = program.vjp(values, dy, { wrt: names });
  const along = names.reduce(
    (sum, name, i) =>
      gradients[name]!.reduce((part, g, k) => part + (g * directions[i]![k]!) / length, sum),
    0,
  );
  // Differences round at about 1e-13 of the observables, whose sizes are of the order of 1.
  judged.note('gradient by differences', Math.abs(slope - along), 100);
}

/** All exact results on 14 qubits, and gradients for small numbers of slot elements, against the reference. */
function byReference(engine: Engine, random: Random, judged: Judge): string {
  const qubits = 14;
  const circuit = randomCircuit(random.child(1), {
    qubits,
    ops: random.integer(10, 25),
    slotGenerators: false,
    filters: false,
  });
  const values = randomValues(random.child(2), circuit, 1);
  const measurements = (['expval', 'variance', 'probabilities', 'state'] as const).map(
    (type): Measurement => randomMeasurement(random, circuit, type),
  );
  using program = engine.compile(circuit, measurements);
  using expected = judge.compile(circuit, measurements);
  const results = program.run(values) as Float64Array[];
  (expected.run(values) as Float64Array[]).forEach((want, i) =>
    judged.compare(`${measurements[i]!.type}, 14 qubits`, results[i]!, want),
  );
  const scalars = circuit.slots.filter(({ kind }) => kind === 'scalar');
  if (scalars.length > 0) {
    const wrt = [random.pick(scalars).name];
    const dy = program.outputShapes.map((shape) =>
      random.normals(shape.reduce((a, b) => a * b, 1)),
    );
    const found = program.vjp(values, dy, { wrt });
    const want = expected.vjp(values, dy, { wrt });
    for (const slot of wrt) judged.compare('gradient, 14 qubits', found[slot]!, want[slot]!);
  }
  return `${qubits} qubits, ${circuit.ops.length} operations`;
}
