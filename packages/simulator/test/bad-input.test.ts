import { KetworkError } from '@ketwork/base';
import {
  amplitudes,
  angle,
  circuit,
  counts,
  expval,
  hermitian,
  hermitianSlot,
  input,
  probabilities,
  projector,
  state,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import type { AsyncEngine, CompileOptions, Engine } from '@ketwork/simulator';
import { afterAll, describe, expect, it } from 'vitest';

// Every engine refuses the same things with the same words, so that programs and people may change engines.
const engines: (Engine | AsyncEngine)[] = [
  await cpu(),
  reference(),
  await cpu({ threads: 1 }),
  await cpu({ threads: 2 }),
];
afterAll(() => engines.forEach((engine) => engine.dispose()));

/** The error all engines agree on, as `Class CODE: message`. */
async function refused(
  work: (engine: Engine | AsyncEngine) => unknown,
  by: readonly (Engine | AsyncEngine)[] = engines,
): Promise<string> {
  const found: string[] = [];
  for (const engine of by) {
    let text = 'nothing was thrown';
    try {
      await work(engine);
    } catch (error) {
      expect(error).toBeInstanceOf(KetworkError);
      const { name, code, message } = error as KetworkError;
      text = `${name} ${code}: ${message.replaceAll(`'${engine.name}'`, "'this'")}`;
    }
    found.push(text);
  }
  expect(found).toEqual(found.map(() => found[0]));
  return found[0]!;
}

const compiled =
  (c: Circuit, m: Measurement | readonly Measurement[], options?: CompileOptions) =>
  (engine: Engine | AsyncEngine): unknown =>
    engine.compile(c, m, options);

const two = circuit(2, (q) => q.h(0).cnot(0, 1));
const model = circuit(2, { x: input([2]), w: weight([2]) }, (q, { x, w }) =>
  q.rx(x.at(0), 0).rx(x.at(1), 1).cnot(0, 1).ry(w.at(0), 0).rz(w.at(1), 1),
);
const good = { x: [0.1, 0.2, 0.3, 0.4], w: [0.5, 0.6] };

describe('what compile refuses', () => {
  it('observables and measurements that do not fit the circuit', async () => {
    expect([
      await refused(compiled(two, expval(Z(2)))),
      await refused(compiled(two, expval(Z(0), X(0).mul(Z(5))))),
      await refused(compiled(two, [probabilities(), variance(projector([0, 1], [0, 2]))])),
      await refused(
        compiled(
          two,
          expval(
            hermitian(
              [
                [1, 0],
                [0, 1],
              ],
              [3],
            ),
          ),
        ),
      ),
      await refused(
        compiled(two, expval({ type: 'hermitian', qubits: [0], matrix: [1, 0, 2, 0, 3, 0, 1, 0] })),
      ),
      await refused(
        compiled(two, expval({ type: 'hermitian', qubits: [0], matrix: { slot: 'h' } })),
      ),
      await refused(compiled(two, probabilities([0, 2]))),
      await refused(compiled(two, { type: 'probabilities', qubits: [1, 1] })),
      await refused(compiled(two, { type: 'counts', shots: 10, qubits: [-1] })),
      await refused(compiled(two, [])),
      await refused(compiled(two, { type: 'expval', observables: [] })),
      await refused(compiled(two, undefined as never)),
      await refused(compiled(two, Z(0) as never)),
      await refused(compiled(two, expval as never)),
      await refused(compiled(undefined as never, expval(Z(0)))),
      await refused(compiled({ ...JSON.parse(JSON.stringify(two)), qubits: 1 }, expval(Z(0)))),
      await refused(compiled({ ...two, schema: 'ketwork.circuit/9' } as never, expval(Z(0)))),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError CIRCUIT: observable 0 uses qubit 2, which the circuit does not have. Use qubits 0 to 1",
        "CircuitError CIRCUIT: observable 1 uses qubit 5, which the circuit does not have. Use qubits 0 to 1",
        "CircuitError CIRCUIT: measurement 1: observable 0 uses qubit 2, which the circuit does not have. Use qubits 0 to 1",
        "CircuitError CIRCUIT: observable 0 uses qubit 3, which the circuit does not have. Use qubits 0 to 1",
        "CircuitError CIRCUIT: observable 0: the matrix is not Hermitian at row 1, column 0 (off by 1.0e+0). An observable is a Hermitian matrix with finite entries",
        "CircuitError CIRCUIT: observable 0: the circuit has no slot 'h'. Declare it in the circuit as a slot of kind hermitian",
        "CircuitError CIRCUIT: probabilities uses qubit 2, which the circuit does not have. Use qubits 0 to 1",
        "CircuitError CIRCUIT: probabilities names qubit 1 twice. Name each qubit once",
        "CircuitError CIRCUIT: counts uses qubit -1, which the circuit does not have. Use qubits 0 to 1",
        "CircuitError CIRCUIT: the list of measurements is empty. Name at least one measurement",
        "CircuitError CIRCUIT: expval has no observables. Name at least one, such as Z(0)",
        "CircuitError CIRCUIT: a value of type undefined is not a measurement. Give expval(Z(0)), probabilities(), state(), counts(1000) or the like",
        "CircuitError CIRCUIT: the measurement has the unknown type 'pauli'. An observable is measured by expval(…) or variance(…)",
        "CircuitError CIRCUIT: a value of type function is not a measurement. Give expval(Z(0)), probabilities(), state(), counts(1000) or the like",
        "CircuitError CIRCUIT: a value of type undefined is not a circuit. Make one with circuit(), or read one with parseCircuit()",
        "CircuitError CIRCUIT: operation 1: CNOT acts on qubit 1, but the circuit has 1 qubit. Use qubit 0",
        "FormatError FORMAT: unknown circuit version "ketwork.circuit/9". This version of Ketwork reads 'ketwork.circuit/1'",
      ]
    `);
  });

  it('numbers of shots', async () => {
    expect([
      await refused(compiled(two, expval(Z(0)), { shots: -1 })),
      await refused(compiled(two, expval(Z(0)), { shots: 0 })),
      await refused(compiled(two, expval(Z(0)), { shots: 1.5 })),
      await refused(compiled(two, expval(Z(0)), { shots: Number.NaN })),
      await refused(compiled(two, expval(Z(0)), { shots: 2 ** 40 })),
      await refused(compiled(two, { type: 'samples', shots: -3 })),
      await refused(compiled(two, { type: 'counts', shots: 0 })),
      await refused(compiled(two, state(), { shots: 10 })),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError VALUE: shots is -1. Give a whole number of shots from 1 to 4294967295",
        "ValueError VALUE: shots is 0. Give a whole number of shots from 1 to 4294967295",
        "ValueError VALUE: shots is 1.5. Give a whole number of shots from 1 to 4294967295",
        "ValueError VALUE: shots is NaN. Give a whole number of shots from 1 to 4294967295",
        "ValueError VALUE: shots is 1099511627776. Give a whole number of shots from 1 to 4294967295",
        "ValueError VALUE: the number of shots of samples is -3. Give a whole number of shots from 1 to 4294967295",
        "ValueError VALUE: the number of shots of counts is 0. Give a whole number of shots from 1 to 4294967295",
        "UnsupportedError UNSUPPORTED: a state cannot be estimated from shots. Compile it without shots, or ask for samples, counts or probabilities",
      ]
    `);
  });
});

describe('what run refuses', () => {
  const run =
    (
      values: object | undefined,
      options?: object,
      m: Measurement | readonly Measurement[] = expval(Z(0), Z(1)),
    ) =>
    (engine: Engine | AsyncEngine): unknown =>
      engine.compile(model, m).run(values as never, options);

  it('values of wrong names, shapes and batch sizes', async () => {
    expect([
      await refused(run(undefined)),
      await refused(run({ x: [1, 2] })),
      await refused(run({ ...good, v: [1] })),
      await refused(run({ ...good, w: [1, 2, 3] })),
      await refused(run({ ...good, x: [1, 2, 3] })),
      await refused(run({ ...good, x: [] })),
      await refused(run({ ...good, x: 0.5 })),
      await refused(run({ ...good, x: 'abc' })),
      await refused(run({ ...good, w: [[0.5], [0.6, 0.7]] })),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError VALUE: slot 'x' has no value. Give x: numbers of shape [batch, 2]",
        "ValueError VALUE: slot 'w' has no value. Give w: numbers of shape [2]",
        "ValueError VALUE: the circuit has no slot 'v'. Its slots are x, w",
        "ValueError VALUE: slot 'w' got 3 numbers. It is shared by the batch: give shape [2], 2 numbers",
        "ValueError VALUE: slot 'x' got 3 numbers, which is not a whole number of examples. Give [batch, ...shape] = [batch, 2], a multiple of 2 numbers",
        "ValueError VALUE: slot 'x' got 0 numbers, which is not a whole number of examples. Give [batch, ...shape] = [batch, 2], a multiple of 2 numbers",
        "ValueError VALUE: slot 'x' got the bare number 0.5. Give an array, such as [0.5]",
        "ValueError VALUE: slot 'x' got string instead of an array. Give a Float64Array or an array of numbers",
        "ValueError VALUE: slot 'w' got nested arrays of unequal lengths. Give rows of one length, or one flat array",
      ]
    `);
  });

  it('numbers that are not finite, in values and in what expressions make of them', async () => {
    const expression = circuit(1, { x: input([1]), w: weight([1]) }, (q, { x, w }) =>
      q
        .h(0)
        .rx(angle.sqrt(x.at(0)), 0)
        .ry(angle.log(w.at(0)), 0),
    );
    const overflow = circuit(1, { x: input([1]) }, (q, { x }) =>
      q.rx(angle.mul(x.at(0), x.at(0)), 0),
    );
    const evaluate =
      (c: Circuit, values: object) =>
      (engine: Engine | AsyncEngine): unknown =>
        engine.compile(c, expval(Z(0))).run(values as never);
    expect([
      await refused(run({ ...good, x: [0, Number.NaN] })),
      await refused(run({ ...good, w: Float64Array.of(Infinity, 0) })),
      await refused(evaluate(expression, { x: [1, 4, -1, 9], w: [1] })),
      await refused(evaluate(expression, { x: [1], w: [0] })),
      await refused(evaluate(overflow, { x: [1e200] })),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError VALUE: slot 'x' holds NaN at index 1. Give finite numbers",
        "ValueError VALUE: slot 'w' holds Infinity at index 0. Give finite numbers",
        "ValueError VALUE: operation 1: the angle of example 2 is NaN. Give values within the domain of sqrt",
        "ValueError VALUE: operation 2: the angle is -Infinity. Give values within the domain of log",
        "ValueError VALUE: operation 0: the angle of example 0 is Infinity. Give values within the domain of the expression",
      ]
    `);
  });

  it('amplitudes and matrices that are no states and observables', async () => {
    const embedded = circuit(1, { a: amplitudes([2]), h: hermitianSlot(2) }, (q, { a }) =>
      q.prepare(a, [0]),
    );
    const observable = { type: 'hermitian', qubits: [0], matrix: { slot: 'h' } } as const;
    const h = [1, 0, 0, 0, 0, 0, -1, 0];
    const evaluate =
      (values: object) =>
      (engine: Engine | AsyncEngine): unknown =>
        engine.compile(embedded, expval(observable)).run(values as never);
    expect([
      await refused(evaluate({ a: [3, 4], h })),
      await refused(evaluate({ a: [0, 0], h })),
      await refused(evaluate({ a: [1, 0], h: [1, 0, 1, 0, 0, 0, 1, 0] })),
      await refused(evaluate({ a: [1, 0], h: [1, 1, 0, 0, 0, 0, 1, 0] })),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError VALUE: slot 'a': the amplitudes of example 0 have norm 5. Divide them by their norm, or prepare the state with normalize: true",
        "ValueError VALUE: slot 'a': the amplitudes of example 0 are all zero. Give at least one amplitude that is not zero",
        "ValueError VALUE: slot 'h': example 0: the matrix is not Hermitian at row 1, column 0 (off by 1.0e+0). Give Hermitian matrices",
        "ValueError VALUE: slot 'h': example 0: the matrix is not Hermitian at row 0, column 0 (off by 2.0e+0). Give Hermitian matrices",
      ]
    `);
  });

  it('seeds and arrays for the result', async () => {
    const drawn = (seed: number) => run(good, { seed }, counts(3));
    const all = await Promise.all(
      [-1, 0.5, Number.NaN, 2 ** 60].map((seed) => refused(drawn(seed))),
    );
    expect([
      ...all,
      await refused(run(good, { out: new Float64Array(3) })),
      await refused(run(good, { out: new Float64Array(5) })),
      await refused(run(good, { out: new Float64Array(4) }, [expval(Z(0)), expval(Z(1))])),
      await refused(run(good, { out: new Float64Array(4) }, counts(3))),
      await refused(run(good, { out: new Float32Array(4) })),
      await refused(run(good, { out: [0, 0, 0, 0] })),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError VALUE: seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
        "ValueError VALUE: seed 0.5 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
        "ValueError VALUE: seed NaN is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
        "ValueError VALUE: seed 1152921504606847000 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
        "ValueError VALUE: 'out' has 3 numbers and the result has 4. Give a Float64Array of length 4: the result has shape [2, 2]",
        "ValueError VALUE: 'out' has 5 numbers and the result has 4. Give a Float64Array of length 4: the result has shape [2, 2]",
        "ValueError VALUE: 'out' cannot hold the results of 2 measurements. Leave it out, or compile one measurement",
        "ValueError VALUE: 'out' cannot be used by a program that draws shots. Leave it out",
        "ValueError VALUE: 'out' is not a Float64Array. Give a Float64Array of length 4: the result has shape [2, 2]",
        "ValueError VALUE: 'out' is not a Float64Array. Give a Float64Array of length 4: the result has shape [2, 2]",
      ]
    `);
  });

  it('writes nothing where it refuses', async () => {
    const roots = circuit(1, { x: input([1]) }, (q, { x }) => q.rx(angle.sqrt(x.at(0)), 0));
    const x = new Float64Array(600).fill(1);
    x[450] = -1;
    for (const engine of engines) {
      const out = new Float64Array(600);
      await expect(async () =>
        engine.compile(roots, expval(Z(0))).run({ x }, { out }),
      ).rejects.toThrow(/sqrt/);
      expect(
        out.every((y) => y === 0),
        engine.name,
      ).toBe(true);
    }
  });
});

describe('what vjp and jacobian refuse', () => {
  const vjp =
    (dy: unknown, options?: object, m: Measurement | readonly Measurement[] = expval(Z(0), Z(1))) =>
    (engine: Engine | AsyncEngine): unknown =>
      engine.compile(model, m).vjp(good, dy as never, options);
  const both = [expval(Z(0)), probabilities()];

  it('cotangents that do not fit', async () => {
    expect([
      await refused(vjp([1, 2, 3])),
      await refused(vjp(undefined)),
      await refused(vjp([1, 2, 3, Number.NaN])),
      await refused(vjp(1)),
      await refused(vjp([[1, 1]], {}, both)),
      await refused(vjp([[1, 1], [1]], {}, both)),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError VALUE: dy has 3 numbers. The result has 2 examples of 2 numbers: give 4",
        "ValueError VALUE: dy is missing. Give an array",
        "ValueError VALUE: dy holds NaN at index 3. Give finite numbers",
        "ValueError VALUE: dy got the bare number 1. Give an array, such as [0.5]",
        "ValueError VALUE: dy is not a list with one entry per measurement. Give 2 arrays (or undefined for zero)",
        "ValueError VALUE: dy[1] has 1 numbers. The result has 2 examples of 4 numbers: give 8",
      ]
    `);
  });

  it('slots that are not there or not differentiable, and options that contradict', async () => {
    const fixed = circuit(1, { w: weight([1], { differentiable: false }) }, (q, { w }) =>
      q.rx(w.at(0), 0),
    );
    const dy = [1, 1, 1, 1];
    expect([
      await refused(vjp(dy, { wrt: ['v'] })),
      await refused(vjp(dy, { wrt: ['w', 'w'] })),
      await refused(vjp(dy, { wrt: 'w' })),
      await refused(vjp(dy, { perExample: true, squaredNorms: true })),
      await refused((engine) =>
        engine.compile(model, expval(Z(0))).jacobian(good, { wrt: ['y' as 'x'] }),
      ),
      await refused((engine) =>
        engine.compile(fixed, expval(Z(0))).vjp({ w: [1] }, [1], { wrt: ['w'] }),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError VALUE: wrt names 'v', which is no slot of the circuit. Its slots are x, w",
        "ValueError VALUE: wrt names 'w' twice. Name each slot once",
        "ValueError VALUE: wrt is not a list. Give slot names in a list, such as ['x']",
        "ValueError VALUE: vjp was asked for both perExample and squaredNorms. Ask for one: the norms follow from the gradients of each example",
        "ValueError VALUE: wrt names 'y', which is no slot of the circuit. Its slots are x, w",
        "ValueError VALUE: wrt names 'w', which is declared as not differentiable. Leave it out of wrt or declare the slot with differentiable: true",
      ]
    `);
  });

  it('shots', async () => {
    for (const engine of engines) {
      await expect(async () =>
        engine.compile(model, expval(Z(0)), { shots: 10 }).jacobian(good),
      ).rejects.toThrow(/parameter-shift/);
    }
  });
});

describe('programs that were disposed', () => {
  it('refuse everything', async () => {
    const gone = (engine: Engine | AsyncEngine) => {
      const program = engine.compile(model, expval(Z(0)));
      program.dispose();
      program.dispose();
      return program;
    };
    expect([
      await refused((engine) => gone(engine).run(good)),
      await refused((engine) => gone(engine).vjp(good, [1, 1])),
      await refused((engine) => gone(engine).jacobian(good)),
    ]).toMatchInlineSnapshot(`
      [
        "KetworkError DISPOSED: this program was disposed. Compile the circuit again",
        "KetworkError DISPOSED: this program was disposed. Compile the circuit again",
        "KetworkError DISPOSED: this program was disposed. Compile the circuit again",
      ]
    `);
  });
});
