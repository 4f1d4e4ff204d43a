import {
  circuit,
  densityOperator,
  expval,
  probabilities,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Builder, Circuit, Measurement } from '@ketwork/circuit';
import { differentiate, hessian } from '@ketwork/gradients';
import { cpu, densityMatrix, reference, trajectories } from '@ketwork/simulator';
import { centralDifferences, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';

const w = weight('w', [4]);

/** Channels, a measurement and a reset between rotations. */
function noisy(after: (q: Builder) => void = () => {}): Circuit<'w'> {
  return circuit(2, { w }, (q) => {
    q.ry(w.at(0), 0)
      .amplitudeDamping(0.2, 0)
      .crx(w.at(1), 0, 1)
      .depolarizing(0.1, 1)
      .measure(0, 0)
      .rx(w.at(2), 0)
      .reset(1)
      .rot(w.at(3), w.at(0), 0.4, 1)
      .phaseDamping(0.3, 1)
      .cnot(0, 1)
      .ry(w.at(1), 1);
    after(q);
  });
}

const plain = noisy();
/** With feedback: one gate for each outcome, both trained. */
const feedback = noisy((q) =>
  q.if(
    0,
    (then) => then.ry(w.at(2), 1),
    (otherwise) => otherwise.rx(w.at(3), 1),
  ),
);
const values = { w: [0.7, -1.1, 0.5, 0.9] };

const measurements: Measurement[] = [
  expval(Z(0), X(1), Y(0).mul(X(1)).add(Z(1))),
  variance(Z(0).add(X(1))),
  probabilities(),
];

/** `[outputs, 4]` from the reference, which does every operation by its definition. */
function slopes(c: Circuit<'w'>, m: Measurement): Float64Array {
  const program = reference().compile(c, m);
  return centralDifferences((v) => program.run({ w: v }) as Float64Array, values.w);
}

describe('exact gradients through channels, measurements and resets', () => {
  const cases = [
    ['reference', reference(), plain],
    ['density-matrix', densityMatrix(), plain],
    ['reference, with feedback', reference(), feedback],
  ] as const;
  test.each(cases)('%s', (_, engine, c) => {
    for (const m of measurements) {
      const expected = slopes(c, m);
      for (const method of ['adjoint', 'parameter-shift', 'hadamard-test'] as const) {
        const program = differentiate(engine, c, m, { method });
        expectClose(program.jacobian(values).w, expected, 1e-7, `${m.type} by ${method}`);
      }
      const stepped = differentiate(engine, c, m, { method: 'finite-difference' });
      expectClose(stepped.jacobian(values).w, expected, 1e-7, m.type);
    }
    const back = () =>
      differentiate(engine, c, measurements[0]!, { method: 'reversed-hadamard-test' });
    expect(back).toThrow(
      /operation 1: reversed-hadamard-test cannot run operations of type 'channel' backwards. Use adjoint, parameter-shift, hadamard-test, finite-difference or spsa/,
    );
  });

  test('on the CPU engine, which defers measurements', async () => {
    const dynamic = circuit(2, { w }, (q) =>
      q
        .ry(w.at(0), 0)
        .crx(w.at(1), 0, 1)
        .measure(0, 0)
        .if(0, () => q.ry(w.at(2), 1))
        .reset(0)
        .rx(w.at(3), 0)
        .cnot(1, 0),
    );
    const engine = await cpu();
    for (const m of measurements) {
      const expected = slopes(dynamic, m);
      for (const method of ['adjoint', 'parameter-shift', 'hadamard-test'] as const) {
        const program = differentiate(engine, dynamic, m, { method });
        expectClose(program.jacobian(values).w, expected, 1e-7, `${m.type} by ${method}`);
      }
    }
  });

  test('of classical bits', () => {
    const m = probabilities({ qubits: [1], bits: [0] });
    const expected = slopes(feedback, m);
    for (const method of ['parameter-shift', 'hadamard-test'] as const) {
      const program = differentiate(reference(), feedback, m, { method });
      expectClose(program.jacobian(values).w, expected, 1e-7, method);
    }
  });

  test('of density matrices', () => {
    const m = densityOperator([1]);
    const engine = densityMatrix();
    const exact = differentiate(engine, plain, m, { method: 'adjoint' }).jacobian(values).w;
    for (const method of ['parameter-shift', 'finite-difference'] as const) {
      const found = differentiate(engine, plain, m, { method }).jacobian(values).w;
      expectClose(found, exact, 1e-8, method);
    }
    expect(() => differentiate(engine, plain, m, { method: 'hadamard-test' })).toThrow(
      'an ancilla is read in expectation values and probabilities only',
    );
  });

  test('second derivatives', () => {
    const m = measurements[0]!;
    const program = differentiate(reference(), plain, m, { method: 'parameter-shift' });
    const expected = centralDifferences((v) => program.jacobian({ w: v }).w, values.w);
    for (const engine of [reference(), densityMatrix()])
      for (const method of ['adjoint', 'parameter-shift'] as const)
        expectClose(hessian(engine, plain, m, { method }).run(values), expected, 1e-7);
  });
});

test('gradients from trajectories and from shots agree within their errors', async () => {
  const m = measurements[0]!;
  const dy = [1, -0.5, 0.7];
  const exact = differentiate(densityMatrix(), plain, m).vjp(values, dy).w;
  const engines = [await trajectories({ trajectories: 200 }), densityMatrix()];
  for (const engine of engines) {
    const program = differentiate(engine, plain, m, { shots: 200 });
    expect(program.method).toBe('parameter-shift');
    const found = program.estimate(values, dy, { repeats: 30, seed: 6 });
    found.gradients.w.forEach((value, i) => {
      const error = found.standardErrors.w[i]!;
      expect(error).toBeGreaterThan(0.001);
      expect(error).toBeLessThan(0.1);
      expect(Math.abs(value - exact[i]!), engine.name).toBeLessThan(4.5 * error);
    });
  }
});

test('parameters of channels are for adjoint and for differences, and shifts say so', () => {
  const lossy = circuit(1, { w: weight([2]) }, (q, { w: v }) =>
    q.ry(v.at(0), 0).amplitudeDamping(v.at(1), 0).rx(0.4, 0),
  );
  const at = { w: [0.8, 0.3] };
  const engine = densityMatrix();
  const m = expval(Z(0), Y(0));
  const exact = differentiate(engine, lossy, m).jacobian(at).w;
  const stepped = differentiate(engine, lossy, m, { method: 'finite-difference' }).jacobian(at).w;
  expectClose(stepped, exact, 1e-8);
  for (const method of ['parameter-shift', 'hadamard-test'] as const)
    expect(() => differentiate(engine, lossy, m, { method }).jacobian(at)).toThrow(
      `operation 1: ${method} cannot differentiate by slot 'w': it is a parameter of a channel, not of a rotation. Use adjoint, finite-difference or spsa`,
    );
});

test('an engine without channels says so', async () => {
  const engine = await cpu();
  const lossy = circuit(1, { w: weight([1]) }, (q, { w: v }) => q.ry(v.at(0), 0).bitFlip(0.1, 0));
  expect(() => differentiate(engine, lossy, expval(Z(0)))).toThrow(
    "operation 1: engine 'cpu' cannot run operations of type 'channel'",
  );
});
