/**
 * The cases that every engine is tested with, for engines whose programs return promises. It runs in browsers as well, of
 * which not all have `Symbol.dispose`.
 */
import { UnsupportedError } from '@ketwork/base';
import type { Measurement } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import type { AsyncEngine, AsyncProgram, Engine, Program } from '@ketwork/simulator';
import { caseOf, expectClose, randomMeasurement } from '@ketwork/testing';
import type { Case, CaseOptions } from '@ketwork/testing';

/** What is left out of the cases. */
const GPU_CASES: CaseOptions = { slotGenerators: false };

/** Largest differences, relative to the largest number of an array where that is above 1. */
export interface DeviceTolerances {
  readonly results: number;
  readonly gradients: number;
}

const judge = reference();

/**
 * Checks an engine on random circuits: exact measurements, gradients in one of their forms, single examples against the
 * batch, shots. Returns what fails, in words.
 */
export async function deviceFailures(
  engine: AsyncEngine,
  seeds: Iterable<number>,
  tolerances: DeviceTolerances,
  mostQubits = 10,
): Promise<string[]> {
  const failures: string[] = [];
  for (const seed of seeds) {
    const problem = caseOf(seed, engine, GPU_CASES);
    if (problem.circuit.qubits > mostQubits) continue;
    try {
      await checkCase(problem, engine, judge, tolerances, seed);
    } catch (error) {
      const { circuit, batch } = problem;
      failures.push(`seed ${seed} (${circuit.qubits} qubits, batch ${batch}): ${String(error)}`);
    }
  }
  return failures;
}

async function checkCase(
  problem: Case,
  engine: AsyncEngine,
  exact: Engine,
  tolerances: DeviceTolerances,
  seed: number,
): Promise<void> {
  const { circuit, measurements } = problem;
  const program = engine.compile(circuit, measurements);
  const expected = exact.compile(circuit, measurements);
  try {
    await compare(problem, program, expected, tolerances, seed);
  } finally {
    program.dispose();
    expected.dispose();
  }
  if (seed % 10 === 0) await checkShots(problem, engine, exact);
}

async function compare(
  problem: Case,
  program: AsyncProgram<string, readonly Measurement[]>,
  expected: Program<string, readonly Measurement[]>,
  tolerances: DeviceTolerances,
  seed: number,
): Promise<void> {
  const { circuit, values, measurements, batch, random } = problem;
  const want = expected.run(values) as Float64Array[];
  const actual = (await program.run(values)) as Float64Array[];
  want.forEach((array, i) =>
    expectClose(actual[i]!, array, tolerances.results, measurements[i]!.type),
  );
  const unitary = circuit.ops.every((op) => op.type !== 'matrix' || op.unitary);
  const sizes = program.outputShapes.map((shape) => shape.reduce((a, b) => a * b, 1));
  const dy = sizes.map((size) => random.normals(batch * size));
  if (!unitary) {
    const refused = await program.vjp(values, dy).then(
      () => 'nothing',
      (error: unknown) => error,
    );
    if (!(refused instanceof UnsupportedError)) throw new Error(`no refusal: ${String(refused)}`);
  } else if (circuit.slots.length > 0 && (circuit.qubits <= 6 || seed % 4 === 0)) {
    const how =
      seed % 3 === 0 ? { perExample: true } : seed % 3 === 1 ? {} : { squaredNorms: true };
    const gradients = await program.vjp(values, dy, how);
    const right = expected.vjp(values, dy, how);
    const names = Object.keys(right);
    if (Object.keys(gradients).sort().join() !== names.toSorted().join())
      throw new Error(`gradients by ${Object.keys(gradients).join()} instead of ${names.join()}`);
    for (const name of names) {
      const what = `vjp ${JSON.stringify(how)} by ${name}`;
      expectClose(gradients[name]!, right[name]!, tolerances.gradients, what);
    }
    // Plans may depend on what gradients are taken by.
    const alone = { wrt: [names[seed % names.length]!] };
    const some = await program.vjp(values, dy, alone);
    for (const [name, column] of Object.entries(expected.vjp(values, dy, alone)))
      expectClose(some[name]!, column, tolerances.gradients, `vjp by ${name} alone`);
    if (seed % 5 === 0 && circuit.qubits <= 3) {
      const rows = await program.jacobian(values);
      for (const [name, row] of Object.entries(expected.jacobian(values)))
        expectClose(rows[name]!, row, tolerances.gradients, `jacobian by ${name}`);
    }
  }
  if (seed % 8 === 0) await checkLoop(problem, program, actual, sizes);
}

/** Examples alone have the very bits that they have in the batch. */
async function checkLoop(
  { circuit, values, batch }: Case,
  program: AsyncProgram<string, readonly Measurement[]>,
  together: readonly Float64Array[],
  sizes: readonly number[],
): Promise<void> {
  for (const e of new Set([0, batch >> 1, batch - 1])) {
    const one = Object.fromEntries(
      circuit.slots.map(({ name, axis }) => {
        const all = values[name]!;
        const size = all.length / batch;
        return [name, axis === 'batch' ? all.slice(e * size, (e + 1) * size) : all];
      }),
    );
    const alone = (await program.run(one)) as Float64Array[];
    alone.forEach((array, m) => {
      const row = together[m]!.subarray(e * sizes[m]!, (e + 1) * sizes[m]!);
      if (array.some((x, i) => !Object.is(x, row[i])))
        throw new Error(`example ${e} alone has other bits than in the batch, measurement ${m}`);
    });
  }
}

/** Shots are the reference's, but for those within rounding of the edge between two outcomes. */
async function checkShots(problem: Case, engine: AsyncEngine, exact: Engine): Promise<void> {
  const { circuit, values, random } = problem;
  if (circuit.qubits > 6) return;
  for (const type of engine.capabilities.shots) {
    const m = randomMeasurement(random, circuit, type, 50);
    const options = type === 'samples' || type === 'counts' ? {} : { shots: 50 };
    const program = engine.compile(circuit, m, options);
    const expected: Program<string, Measurement> = exact.compile(circuit, m, options);
    const flat = (result: unknown): number[] =>
      type === 'counts'
        ? (result as Record<string, number>[]).flatMap((counts) =>
            Array.from({ length: 2 ** circuit.qubits }, (_, i) => {
              const width = Object.keys(counts)[0]!.length;
              return counts[i.toString(2).padStart(width, '0')] ?? 0;
            }),
          )
        : Array.from(result as ArrayLike<number>);
    const actual = flat(await program.run(values, { seed: 11 }));
    const want = flat(expected.run(values, { seed: 11 }));
    program.dispose();
    expected.dispose();
    const different = actual.filter((x, i) => Math.abs(x - want[i]!) > 1e-5).length;
    if (actual.length !== want.length || different > Math.ceil(actual.length / 100))
      throw new Error(`${different} of ${want.length} ${type} differ`);
  }
}
