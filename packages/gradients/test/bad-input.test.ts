import { KetworkError } from '@ketwork/base';
import {
  amplitudes,
  circuit,
  counts,
  expval,
  input,
  probabilities,
  state,
  weight,
  Z,
} from '@ketwork/circuit';
import { checkGradients, differentiate, shiftRule } from '@ketwork/gradients';
import type { DifferentiateOptions } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { afterAll, expect, test } from 'vitest';

const engines: (Engine | AsyncEngine)[] = [await cpu(), reference(), await cpu({ threads: 1 })];
afterAll(() => engines.forEach((engine) => engine.dispose()));

/** The error all engines agree on. */
async function refused(work: (engine: Engine) => unknown): Promise<string> {
  const found: string[] = [];
  for (const engine of engines) {
    let text = 'nothing was thrown';
    try {
      await work(engine as Engine);
    } catch (error) {
      expect(error).toBeInstanceOf(KetworkError);
      text = `${(error as Error).name}: ${(error as Error).message.replaceAll(`'${engine.name}'`, "'this'")}`;
    }
    found.push(text);
  }
  expect(found).toEqual(found.map(() => found[0]));
  return found[0]!;
}

const model = circuit(2, { x: input([2]), w: weight([2]) }, (q, { x, w }) =>
  q.rx(x.at(0), 0).ry(w.at(0), 1).cnot(0, 1).rz(x.at(1), 1).rx(w.at(1), 0),
);
const good = { x: [0.1, 0.2, 0.3, 0.4], w: [0.5, 0.6] };
const made = (options?: DifferentiateOptions) => (engine: Engine) =>
  differentiate(engine, model, expval(Z(0), Z(1)), options);

test('methods, steps and shots that cannot be are refused when compiling', async () => {
  expect([
    await refused(made({ method: 'backprop' as 'adjoint' })),
    await refused(made({ method: 'adjoint', shots: 100 })),
    await refused(made({ shots: -1 })),
    await refused(made({ step: 0 })),
    await refused(made({ memory: Number.NaN })),
    await refused((engine) => differentiate(engine, model, counts(10))),
    await refused((engine) => differentiate(engine, model, state(), { method: 'parameter-shift' })),
    await refused((engine) => differentiate(engine, model, expval(Z(2)))),
    await refused((engine) => differentiate(engine, model, [])),
  ]).toMatchInlineSnapshot(`
    [
      "UnsupportedError: there is no differentiation method 'backprop'. Use best, adjoint, parameter-shift, stochastic-shift, hadamard-test, reversed-hadamard-test, finite-difference, spsa",
      "UnsupportedError: measurement: adjoint cannot differentiate expval: adjoint differentiation needs the exact state, not shots. Use parameter-shift, hadamard-test, reversed-hadamard-test, finite-difference or spsa",
      "ValueError: shots is -1. Give a whole number of shots from 1 to 4294967295",
      "ValueError: step is 0. Give a positive finite number",
      "ValueError: memory is NaN. Give a positive finite number",
      "UnsupportedError: measurement: no method can differentiate counts: random outcomes have no derivative. Ask for expval, variance or probabilities with { shots } instead",
      "UnsupportedError: measurement: parameter-shift cannot differentiate state: amplitudes obey no parameter-shift rule: they are not linear in the density matrix. Use adjoint, finite-difference or spsa",
      "CircuitError: observable 0 uses qubit 2, which the circuit does not have. Use qubits 0 to 1",
      "CircuitError: the list of measurements is empty. Name at least one measurement",
    ]
  `);
});

test.each(['adjoint', 'parameter-shift', 'finite-difference'] as const)(
  'values that do not fit are refused by %s before anything runs',
  async (method) => {
    const vjp =
      (values: object, dy: unknown, options: object = {}) =>
      (engine: Engine): unknown =>
        made({ method })(engine).vjp(values as never, dy as never, options);
    const dy = [1, 1, 1, 1];
    expect([
      await refused(vjp({ ...good, x: [1] }, dy)),
      await refused(vjp({ ...good, w: [1, Number.NaN] }, dy)),
      await refused(vjp({ w: [1, 2] }, dy)),
      await refused(vjp(good, [1, 1])),
      await refused(vjp(good, [1, 1, 1, Infinity])),
      await refused(vjp(good, dy, { wrt: ['v'] })),
      await refused(vjp(good, dy, { perExample: true, squaredNorms: true })),
      await refused((engine) => made({ method })(engine).jacobian(good, { wrt: ['y' as 'x'] })),
      await refused((engine) => {
        const program = made({ method })(engine);
        program.dispose();
        return program.vjp(good, dy);
      }),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError: slot 'x' got 1 numbers, which is not a whole number of examples. Give [batch, ...shape] = [batch, 2], a multiple of 2 numbers",
        "ValueError: slot 'w' holds NaN at index 1. Give finite numbers",
        "ValueError: slot 'x' has no value. Give x: numbers of shape [batch, 2]",
        "ValueError: dy has 2 numbers. The result has 2 examples of 2 numbers: give 4",
        "ValueError: dy holds Infinity at index 3. Give finite numbers",
        "ValueError: wrt names 'v', which is no slot of the circuit. Its slots are x, w",
        "ValueError: vjp was asked for both perExample and squaredNorms. Ask for one: the norms follow from the gradients of each example",
        "ValueError: wrt names 'y', which is no slot of the circuit. Its slots are x, w",
        "KetworkError: this program was disposed. Compile the circuit again",
      ]
    `);
  },
);

test('slots a method cannot shift, frequencies and seeds are refused', async () => {
  const embedded = circuit(1, { a: amplitudes([2]) }, (q, { a }) =>
    q.amplitudeEmbedding(a, { normalize: true }),
  );
  expect([
    await refused((engine) =>
      differentiate(engine, embedded, expval(Z(0)), { method: 'parameter-shift' }).vjp(
        { a: [1, 2] },
        [1],
      ),
    ),
    await refused((engine) =>
      made({ method: 'parameter-shift', shots: 10 })(engine).vjp(good, [1, 1, 1, 1], { seed: -1 }),
    ),
    await refused((engine) =>
      checkGradients(engine.compile(model, probabilities()), { x: [1] } as never),
    ),
    await refused(() => shiftRule([-1])),
    await refused(() => shiftRule([Number.NaN])),
  ]).toMatchInlineSnapshot(`
    [
      "UnsupportedError: operation 0: parameter-shift cannot differentiate by slot 'a': it holds amplitudes, not angles. Use adjoint or finite-difference, or leave 'a' out of wrt",
      "ValueError: seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      "ValueError: slot 'x' got 1 numbers, which is not a whole number of examples. Give [batch, ...shape] = [batch, 2], a multiple of 2 numbers",
      "ValueError: -1 is no frequency of a shift rule. Give the positive differences of the eigenvalues of the generator",
      "ValueError: NaN is no frequency of a shift rule. Give the positive differences of the eigenvalues of the generator",
    ]
  `);
});
