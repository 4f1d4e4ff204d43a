import {
  amplitudes,
  angle,
  circuit,
  hermitianSlot,
  input,
  state,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { metricTensor } from '@ketwork/gradients';
import type { MetricTensorOptions } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import type { Values } from '@ketwork/simulator';
import { expectClose, Random, randomHermitian } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { mixed, pennylane, rotations } from '../reference-values.ts';

const engines = [reference(), await cpu()];

const model = circuit(3, { x: input([2]), w: weight([3]) }, (q, { x, w }) =>
  q
    .rx(x.at(0).times(w.at(0)), 0)
    .ry(angle.sin(x.at(1)), 1)
    .crx(w.at(1), 0, 1)
    .rot(w.at(0), w.at(1), 0.3, 2)
    .evolution(X(0).mul(X(1)).add(Z(0).scale(0.5)), w.at(2).plus(0.2), [0, 1])
    .evolution([...randomHermitian(new Random(4), 2)], x.at(0), [2])
    .gphase(w.at(2))
    .cp(w.at(2), 1, 2)
    .ry(0.4, 1),
);
const values = { x: [0.4, 1.1, -0.7, 0.2], w: [0.9, -0.6, 0.35] };

/** The definition, from the reference's exact derivatives of the state by every slot. */
function definition(c: Circuit, at: Values, wrt: readonly string[], batch: number): Float64Array {
  const program = reference().compile(c, state());
  const psi = program.run(at);
  const jacobian = program.jacobian(at, { wrt });
  const n = 2 ** c.qubits;
  const columns = wrt.flatMap((name) => {
    const count = jacobian[name]!.length / (batch * 2 * n);
    return Array.from({ length: count }, (_, p) => ({ name, p, count }));
  });
  const size = columns.length;
  const out = new Float64Array(batch * size * size);
  for (let b = 0; b < batch; b++) {
    const d = columns.map(({ name, p, count }) =>
      Array.from({ length: 2 * n }, (_, k) => jacobian[name]![(b * 2 * n + k) * count + p]!),
    );
    const own = Array.from(psi.subarray(b * 2 * n, (b + 1) * 2 * n));
    const braket = (u: number[], v: number[]): [number, number] => {
      let [re, im] = [0, 0];
      for (let k = 0; k < n; k++) {
        re += u[2 * k]! * v[2 * k]! + u[2 * k + 1]! * v[2 * k + 1]!;
        im += u[2 * k]! * v[2 * k + 1]! - u[2 * k + 1]! * v[2 * k]!;
      }
      return [re, im];
    };
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const [a, c2] = [braket(d[i]!, own), braket(own, d[j]!)];
        out[(b * size + i) * size + j] = braket(d[i]!, d[j]!)[0] - (a[0] * c2[0] - a[1] * c2[1]);
      }
    }
  }
  return out;
}

describe.each(engines)('on $name', (engine) => {
  test.each(['state', 'adjoint', 'hadamard-test'] as const)('full tensor by %s', (method) => {
    const metric = metricTensor(engine, model, { method });
    expect(metric.method).toBe(method);
    expectClose(metric.run(values), definition(model, values, ['x', 'w'], 2), 1e-11);
    const part = metricTensor(engine, model, { method, wrt: ['w'] });
    expectClose(part.run(values), definition(model, values, ['w'], 2), 1e-11);
  });

  test.each(['state', 'hadamard-test'] as const)("%s agrees with PennyLane's", (method) => {
    const at = { w: pennylane.weights };
    for (const [c, expected] of [
      [rotations, pennylane.rotations],
      [mixed, pennylane.mixed],
    ] as const)
      expectClose(metricTensor(engine, c, { method }).run(at), expected.metric, 1e-11);
  });

  test('blocks agree with those of PennyLane, and with the full tensor', () => {
    const at = { w: pennylane.weights };
    const blocks = metricTensor(engine, rotations, { approximation: 'block-diagonal' });
    expect(blocks.method).toBe('covariance');
    expectClose(blocks.run(at), pennylane.rotations['block-diag'], 1e-12);
    const diagonal = metricTensor(engine, rotations, { approximation: 'diagonal' });
    expectClose(diagonal.run(at), pennylane.rotations.diag, 1e-12);
    const full = metricTensor(engine, rotations).run(at);
    for (let i = 0; i < 7; i++) expect(diagonal.run(at)[8 * i]).toBeCloseTo(full[8 * i]!, 12);
  });

  test('blocks of generators with several strings, and of angles that share a slot', () => {
    // Every angle is in a layer of its own or acts on its own qubits, so that blocks are all there is.
    const once = circuit(4, { x: input([1]), w: weight([2]) }, (q, { x, w }) =>
      q
        .h(0)
        .h(2)
        .crx(w.at(0), 0, 1)
        .evolution(X(2).mul(X(3)).add(Y(2).scale(0.3)), w.at(1).times(x.at(0)), [2, 3]),
    );
    const at = { x: [0.7, -0.2], w: [0.5, 1.2] };
    const blocks = metricTensor(engine, once, { approximation: 'block-diagonal' });
    expect(blocks.evaluations).toBe(1);
    expectClose(blocks.run(at), definition(once, at, ['x', 'w'], 2), 1e-12);
  });

  test('does not depend on how the batch is cut', () => {
    for (const method of ['state', 'hadamard-test'] as const) {
      const whole = metricTensor(engine, model, { method }).run(values);
      const cut = metricTensor(engine, model, { method, memory: 4000 }).run(values);
      expectClose(cut, whole, 1e-13);
    }
  });
});

test('from shots, within their noise', async () => {
  const engine = await cpu();
  const exact = metricTensor(engine, model).run(values);
  const drawn = metricTensor(engine, model, { shots: 20_000 });
  expect(drawn.method).toBe('hadamard-test');
  const found = drawn.run(values, { seed: 1 });
  expectClose(found, exact, 0.06);
  expect(drawn.run(values, { seed: 1 })).toEqual(found);
  expect(drawn.run(values, { seed: 2 })).not.toEqual(found);
  const at = { w: pennylane.weights };
  const blocks = metricTensor(engine, rotations, {
    approximation: 'block-diagonal',
    shots: 20_000,
  });
  expectClose(blocks.run(at, { seed: 4 }), pennylane.rotations['block-diag'], 0.01);
});

test('slots of every kind by the adjoint method', () => {
  const loaded = circuit(
    2,
    { a: amplitudes([4]), h: hermitianSlot(2, { differentiable: true }), t: input([1]) },
    (q, { a, h, t }) => q.prepare(a, [0, 1], { normalize: true }).evolution(h, t.at(0), [0]),
  );
  const at = { a: [1, 0.5, 0.2, 0.1], h: [1, 0, 0.2, 0.1, 0.2, -0.1, -1, 0], t: [0.4] };
  const metric = metricTensor(reference(), loaded, { wrt: ['a', 't'] });
  expect(metric.method).toBe('adjoint');
  expectClose(metric.run(at), definition(loaded, at, ['a', 't'], 1), 1e-12);
  expect(() => metricTensor(reference(), loaded, { wrt: ['t'], method: 'state' })).toThrow(
    /by slot 't': it enters the time of an evolution whose generator is given at run time. Use adjoint/,
  );
});

test('a worker computes the same', async () => {
  const remote = await cpu({ threads: 1 });
  const local = await cpu();
  const options: MetricTensorOptions = { approximation: 'block-diagonal' };
  const at = { w: pennylane.weights };
  expect(await metricTensor(remote, rotations, options).run(at)).toEqual(
    metricTensor(local, rotations, options).run(at),
  );
  expect(await metricTensor(remote, rotations).run(at)).toEqual(
    metricTensor(local, rotations).run(at),
  );
  remote.dispose();
});

test('what cannot be is refused when compiling', () => {
  const made =
    (options: MetricTensorOptions, c: Circuit = rotations) =>
    () =>
      metricTensor(reference(), c, options as never);
  expect(made({ method: 'state', shots: 10 })).toThrow(
    'state cannot compute this metric tensor: amplitudes are not estimated from shots. Use hadamard-test',
  );
  expect(made({ method: 'covariance' })).toThrow('covariances of generators give the blocks');
  expect(made({ method: 'state', approximation: 'diagonal' })).toThrow('Use covariance');
  expect(made({ method: 'exact' as 'state' })).toThrow("there is no method 'exact'");
  expect(made({ approximation: 'blocks' as 'full' })).toThrow(
    'Use full, block-diagonal or diagonal',
  );
  const filtered = circuit(1, { w: weight([1]) }, (q, { w }) =>
    q.rx(w.at(0), 0).linear([1, 0, 0, 0, 0, 0, 0.5, 0], [0]),
  );
  expect(made({}, filtered)).toThrow(
    'operation 1: the metric tensor of pure states does not go through a map that is not unitary',
  );
});
