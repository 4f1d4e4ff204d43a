import {
  amplitudes,
  circuit,
  counts,
  expval,
  hermitianSlot,
  input,
  probabilities,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Measurement } from '@ketwork/circuit';
import { checkGradients, differentiate } from '@ketwork/gradients';
import { cpu, hosted, reference } from '@ketwork/simulator';
import type { Program } from '@ketwork/simulator';
import { expect, test } from 'vitest';

const ansatz = circuit(2, { x: input([2]), w: weight([2, 2]) }, (q, { x, w }) =>
  q
    .rx(x.at(0).times(w.at(0, 0)), 0)
    .ry(x.at(1), 1)
    .crx(w.at(0, 1), 0, 1)
    .rz(w.at(1, 0), 1)
    .rxx(w.at(1, 1), 0, 1),
);
const values = { x: [0.4, 1.1, -0.7, 0.2, 2.2, -1], w: [0.9, -1.3, 0.5, 0.1] };
const measurements = [expval(Z(0), X(1)), probabilities(), variance(Y(0))] as const;

test('right gradients pass, on every engine and method', async () => {
  for (const engine of [reference(), await cpu()]) {
    const checks = checkGradients(engine.compile(ansatz, measurements), values);
    expect(Object.keys(checks)).toEqual(['x', 'w']);
    expect(checks.x.error).toBeLessThan(1e-8);
    expect(checks.w.error).toBeLessThan(1e-8);
    const shifted = differentiate(engine, ansatz, measurements, { method: 'parameter-shift' });
    expect(checkGradients(shifted, values, { wrt: ['w'], seed: 3 }).w.error).toBeLessThan(1e-8);
  }
});

test('a wrong gradient is found, with its place', () => {
  const program = reference().compile(ansatz, expval(Z(0)));
  const right = program.vjp.bind(program);
  const wrong: Program<'x' | 'w', typeof program.measurements> = Object.create(program);
  wrong.run = program.run.bind(program);
  wrong.vjp = (v, dy, options) => {
    const gradients = right(v, dy, options);
    gradients.x[3]! += 0.01;
    return gradients;
  };
  const { x, w } = checkGradients(wrong, values);
  expect(x.index).toBe(3);
  expect(x.error).toBeCloseTo(0.01, 7);
  expect(x.gradient - x.difference).toBeCloseTo(0.01, 7);
  expect(w.error).toBeLessThan(1e-8);
});

test('NaN counts as an infinite error', () => {
  const program = reference().compile(ansatz, expval(Z(0)));
  const wrong = Object.create(program) as typeof program;
  wrong.run = program.run.bind(program);
  wrong.vjp = (v, dy, options) => ({
    ...program.vjp(v, dy, options),
    w: new Float64Array(4).fill(NaN),
  });
  expect(checkGradients(wrong, values).w.error).toBe(Infinity);
});

test('amplitudes, normalised or not, and Hermitian matrices', () => {
  const loaded = circuit(
    2,
    {
      a: amplitudes([4, 2]),
      b: amplitudes([2]),
      h: hermitianSlot(2, { differentiable: true }),
      w: weight([1]),
    },
    (q, { w }) => q.ry(w.at(0), 0).cnot(0, 1),
  );
  const full = {
    ...loaded,
    ops: [
      {
        type: 'statePreparation',
        qubits: [1],
        amplitudes: { slot: 'b' },
        normalize: false,
      } as const,
      ...loaded.ops,
      {
        type: 'evolution',
        qubits: [0],
        generator: { slot: 'h' },
        time: 0.7,
        controls: [],
      } as const,
    ],
    slots: loaded.slots.filter(({ name }) => name !== 'a') as never,
  };
  const m: Measurement[] = [
    { type: 'expval', observables: [{ type: 'hermitian', qubits: [1], matrix: { slot: 'h' } }] },
    probabilities(),
  ];
  const data = {
    b: [0.6, 0.8, -0.28, 0.96],
    h: [0.3, 0, 1, -0.4, 1, 0.4, -0.5, 0, 1, 0, 0, 0.2, 0, -0.2, 0.7, 0],
    w: [0.4],
  };
  const checks = checkGradients(reference().compile(full, m), data as never) as Record<
    string,
    { error: number }
  >;
  expect(Object.keys(checks)).toEqual(['b', 'h', 'w']);
  for (const { error } of Object.values(checks)) expect(error).toBeLessThan(1e-8);

  const embedded = circuit(2, { a: amplitudes([4, 2]) }, (q, { a }) =>
    q.prepare(a, [1, 0], { normalize: true }).ch(0, 1),
  );
  const program = reference().compile(embedded, [expval(X(0)), variance(Z(1))]);
  expect(checkGradients(program, { a: [1, 2, -0.5, 0, 0.3, 1, 0.7, -1] }).a.error).toBeLessThan(
    1e-8,
  );

  const raw = reference().compile(full, [
    { type: 'variance', observables: [{ type: 'projector', qubits: [0], bits: [1] }] },
  ]);
  expect(() => checkGradients(raw, data as never)).toThrow(
    'Prepare the state with normalize: true',
  );
});

test('refuses shots and bad steps', () => {
  const engine = reference();
  expect(() => checkGradients(engine.compile(ansatz, expval(Z(0)), { shots: 10 }), values)).toThrow(
    'central differences cannot check a program that draws shots. Compile it without shots and without samples and counts',
  );
  expect(() => checkGradients(engine.compile(ansatz, counts(10)), values)).toThrow(
    'cannot check a program that draws shots',
  );
  expect(() => checkGradients(engine.compile(ansatz, expval(Z(0))), values, { step: -1 })).toThrow(
    'step is -1',
  );
});

test('programs in a worker: the same numbers, as promises', async () => {
  using engine = await hosted({ engine: 'reference' });
  const local = reference();
  const dy = [new Float64Array(6).fill(0.5), undefined, new Float64Array(3).fill(1)] as const;
  for (const method of ['best', 'parameter-shift', 'finite-difference'] as const) {
    const remote = differentiate(engine, ansatz, measurements, { method });
    const here = differentiate(local, ansatz, measurements, { method });
    expect(remote.method).toBe(here.method);
    expect(await remote.run(values)).toEqual(here.run(values));
    expect(await remote.jacobian(values)).toEqual(here.jacobian(values));
    expect(await remote.vjp(values, dy, { wrt: ['w'] })).toEqual(
      here.vjp(values, dy, { wrt: ['w'] }),
    );
  }
  const shots = differentiate(engine, ansatz, expval(Z(0)), { shots: 20 });
  expect(await shots.jacobian(values, { seed: 9 })).toEqual(
    differentiate(local, ansatz, expval(Z(0)), { shots: 20 }).jacobian(values, { seed: 9 }),
  );
  const checks = await checkGradients(engine.compile(ansatz, measurements), values);
  expect(checks.x.error).toBeLessThan(1e-8);
  expect(checks.w.error).toBeLessThan(1e-8);
  // A call is given up between its runs and in them.
  const reason = new Error('enough');
  for (const method of ['best', 'parameter-shift'] as const) {
    const remote = differentiate(engine, ansatz, measurements, { method });
    const given = new AbortController();
    const pending = [
      remote.run(values, { signal: given.signal }),
      remote.vjp(values, dy, { signal: given.signal }),
      remote.jacobian(values, { signal: given.signal }),
    ].map((promise) => expect(promise).rejects.toBe(reason));
    given.abort(reason);
    await Promise.all(pending);
  }
  // What cannot be done is refused before anything runs, as a rejected promise or at compile.
  expect(() => differentiate(engine, ansatz, counts(3))).toThrow(
    'random outcomes have no derivative',
  );
  await expect(
    differentiate(engine, ansatz, expval(Z(0)), { method: 'parameter-shift' }).jacobian({
      x: [1],
      w: [1],
    }),
  ).rejects.toThrow("slot 'x'");
});
