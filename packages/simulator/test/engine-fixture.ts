import { UnsupportedError } from '@ketwork/base';
import { gates } from '@ketwork/circuit';
import type { Measurement } from '@ketwork/circuit';
import { caseOf, expectClose, randomMeasurement } from '@ketwork/testing';
import type { Case, CaseOptions } from '@ketwork/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, Program } from '@ketwork/simulator';
import { reference } from '@ketwork/simulator';

/** One engine against the dense reference, over random circuits from fixed seeds. */
export interface FixtureOptions extends CaseOptions {
  /** Number of circuits. Default 2000. */
  readonly circuits?: number;
  /** First seed, for a long fuzz that goes on elsewhere. Default 0. */
  readonly from?: number;
  /** Whether the engine differentiates circuits with maps that are not unitary; if not, it must refuse. Default true. */
  readonly filterGradients?: boolean;
}

const GROUPS = 20;

/**
 * Tests an engine on 2,000 seeded random circuits of 1 to 10 qubits and 1 to 33 examples: every exact measurement and
 * the gradients the engine offers against {@link reference}, per-example results against a loop of single examples, and
 * samples shot by shot.
 *
 * @param tolerance largest difference, relative to the largest number of an array where that is above 1.
 */
export function engineFixture(
  name: string,
  createEngine: () => Engine | Promise<Engine>,
  tolerance: number,
  options: FixtureOptions = {},
): void {
  const { circuits = 2000, from = 0, filterGradients = true } = options;
  const perGroup = Math.ceil(circuits / GROUPS);
  describe(`${name} against the reference`, () => {
    let engine: Engine;
    const judge = reference();
    beforeAll(async () => {
      engine = await createEngine();
    });
    afterAll(() => engine.dispose());

    for (let group = 0; group < GROUPS; group++) {
      const first = from + group * perGroup;
      const last = Math.min(first + perGroup, from + circuits);
      it(`random circuits ${first} to ${last - 1}`, () => {
        const failures: string[] = [];
        for (let seed = first; seed < last; seed++) {
          const problem = caseOf(seed, engine, options);
          try {
            checkResults(problem, engine, judge, tolerance);
            if (differentiable(problem, filterGradients))
              checkGradients(problem, engine, judge, tolerance, seed);
            else checkRefusal(problem, engine);
            if (seed % 8 === 0) checkLoop(problem, engine, tolerance, filterGradients);
            if (seed % 10 === 0) checkShots(problem, engine, judge);
          } catch (error) {
            failures.push(
              `seed ${seed} (${problem.circuit.qubits} qubits, batch ${problem.batch}): ${String(error)}`,
            );
          }
        }
        if (failures.length > 0)
          throw new Error(`${failures.length} of ${last - first} fail:\n${failures.join('\n')}`);
      });
    }

    it.runIf(circuits >= 1000)(
      'draws every gate, kind of operation and slot, and every size',
      () => {
        const seen = new Set<string | number>();
        const batches = new Set<number>();
        for (let seed = from; seed < from + circuits; seed += 2) {
          const { circuit, batch } = caseOf(seed, engine, options);
          seen.add(circuit.qubits);
          batches.add(batch);
          for (const op of circuit.ops) seen.add(op.type === 'gate' ? op.gate : op.type);
          for (const slot of circuit.slots) seen.add(`${slot.kind} ${slot.axis}`);
        }
        const { gates: known, ops } = engine.capabilities;
        const kinds = ops.includes('statePreparation')
          ? ['scalar', 'hermitian', 'amplitudes']
          : ['scalar', 'hermitian'];
        for (const axis of ['shared', 'batch'])
          for (const kind of kinds) expect(seen).toContain(`${kind} ${axis}`);
        for (const gate of known === 'all' ? gates.map((row) => row.name) : known)
          expect(seen).toContain(gate);
        for (let qubits = 1; qubits <= 10; qubits++) expect(seen).toContain(qubits);
        for (let batch = 1; batch <= 33; batch++) expect(batches).toContain(batch);
      },
    );
  });
}

function checkResults(
  { circuit, values, measurements }: Case,
  engine: Engine,
  judge: Engine,
  tolerance: number,
): void {
  using program = engine.compile(circuit, measurements);
  using expected = judge.compile(circuit, measurements);
  const actual = program.run(values);
  expected.run(values).forEach((want, i) => {
    expectClose(actual[i] as Float64Array, want as Float64Array, tolerance, measurements[i]!.type);
  });
}

function differentiable({ circuit }: Case, filterGradients: boolean): boolean {
  return filterGradients || circuit.ops.every((op) => op.type !== 'matrix' || op.unitary);
}

/** What an engine cannot differentiate it refuses, instead of giving wrong numbers. */
function checkRefusal({ circuit, values, batch }: Case, engine: Engine): void {
  using program = engine.compile(circuit, { type: 'state' });
  const dy = new Float64Array(batch * 2 ** (circuit.qubits + 1));
  expect(() => program.vjp(values, dy)).toThrow(UnsupportedError);
}

function checkGradients(
  problem: Case,
  engine: Engine,
  judge: Engine,
  tolerance: number,
  seed: number,
): void {
  const { circuit, batch, values, random } = problem;
  const measurements = problem.measurements.filter((m) =>
    engine.capabilities.adjoint.includes(m.type),
  );
  if (measurements.length === 0 || circuit.slots.length === 0) return;
  // Derivatives of big circuits take long in the reference: a few are enough.
  if (circuit.qubits > 7 && seed % 4 !== 0) return;
  using program = engine.compile(circuit, measurements);
  using expected = judge.compile(circuit, measurements);
  const dy = program.outputShapes.map((shape) =>
    random.normals(batch * shape.reduce((a, b) => a * b, 1)),
  );
  const options =
    seed % 3 === 0 ? { perExample: true } : seed % 3 === 1 ? {} : { squaredNorms: true };
  const actual = program.vjp(values, dy, options);
  const want = expected.vjp(values, dy, options);
  expect(Object.keys(actual).sort()).toEqual(Object.keys(want).sort());
  for (const slot of Object.keys(want)) {
    expectClose(actual[slot]!, want[slot]!, tolerance, `vjp ${JSON.stringify(options)} by ${slot}`);
  }
  if (seed % 5 !== 0 || circuit.qubits > 4) return;
  const wrt = circuit.slots
    .filter((s) => s.differentiable && random.chance(0.7))
    .map((s) => s.name);
  const jacobians = program.jacobian(values, { wrt });
  const wanted = expected.jacobian(values, { wrt });
  expect(Object.keys(jacobians).sort()).toEqual([...wrt].sort());
  for (const slot of wrt)
    expectClose(jacobians[slot]!, wanted[slot]!, tolerance, `jacobian by ${slot}`);
}

/** A batch gives what its examples give one by one, results and gradients per example alike. */
function checkLoop(
  problem: Case,
  engine: Engine,
  tolerance: number,
  filterGradients: boolean,
): void {
  const { circuit, batch, values, measurements, random } = problem;
  const gradual =
    differentiable(problem, filterGradients) &&
    measurements.every((m) => engine.capabilities.adjoint.includes(m.type));
  using program = engine.compile(circuit, measurements);
  const sizes = program.outputShapes.map((shape) => shape.reduce((a, b) => a * b, 1));
  const dy = sizes.map((size) => random.normals(batch * size));
  const together = program.run(values) as Float64Array[];
  const gradients = gradual ? program.vjp(values, dy, { perExample: true }) : {};
  for (let e = 0; e < batch; e++) {
    const one: Record<string, Float64Array> = {};
    for (const { name, axis } of circuit.slots) {
      const size = values[name]!.length / batch;
      one[name] = axis === 'batch' ? values[name]!.slice(e * size, (e + 1) * size) : values[name]!;
    }
    const rows = (arrays: readonly Float64Array[]): Float64Array[] =>
      arrays.map((a, i) => a.slice(e * sizes[i]!, (e + 1) * sizes[i]!));
    const alone = program.run(one) as Float64Array[];
    rows(together).forEach((row, i) =>
      expectClose(row, alone[i]!, tolerance, `example ${e}, ${measurements[i]!.type}`),
    );
    if (!gradual) continue;
    const single = program.vjp(one, rows(dy), { perExample: true });
    for (const [slot, g] of Object.entries(gradients)) {
      const size = g.length / batch;
      expectClose(
        g.slice(e * size, (e + 1) * size),
        single[slot]!,
        tolerance,
        `example ${e}, gradient by ${slot}`,
      );
    }
  }
}

/** Shots are the reference's, but for those within rounding of the edge between two outcomes. */
function checkShots(problem: Case, engine: Engine, judge: Engine): void {
  const { circuit, values, random } = problem;
  if (circuit.qubits > 6) return;
  for (const type of engine.capabilities.shots) {
    const m = randomMeasurement(random, circuit, type, 50);
    const options = type === 'samples' || type === 'counts' ? {} : { shots: 50 };
    const run = (program: Program<string, Measurement>): number[] => {
      const result = program.run(values, { seed: 11 }) as unknown as
        | ArrayLike<number>
        | Record<string, number>[];
      program.dispose();
      if (type !== 'counts') return Array.from(result as ArrayLike<number>);
      return (result as Record<string, number>[]).flatMap((counts) =>
        Array.from({ length: 2 ** circuit.qubits }, (_, i) => {
          const width = Object.keys(counts)[0]!.length;
          return counts[i.toString(2).padStart(width, '0')] ?? 0;
        }),
      );
    };
    const actual = run(engine.compile(circuit, m, options));
    const expected = run(judge.compile(circuit, m, options));
    expect(actual.length).toBe(expected.length);
    const different = actual.filter((x, i) => Math.abs(x - expected[i]!) > 1e-6).length;
    expect(different, `${type} that differ`).toBeLessThanOrEqual(Math.ceil(actual.length / 100));
  }
}
