import {
  circuit,
  densityOperator,
  expval,
  input,
  probabilities,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import { densityMatrix } from '@ketwork/simulator';
import { Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { differentiate } from '../src/index.ts';

const noisy = circuit(
  2,
  { x: input([2], { differentiable: true }), w: weight([3]) },
  (q, { x, w }) => {
    for (const i of [0, 1]) q.rx(x.at(i), i).amplitudeDamping(0.1, i).ry(w.at(i), i);
    q.cnot(0, 1).depolarizing(0.1, [0, 1]).crz(w.at(0), 0, 1).thermalRelaxation(5, 7, 1, 1);
    q.measure(0, 0)
      .reset(0)
      .rot(w.at(1), x.at(0), w.at(2).times(2), 0)
      .cp(w.at(2), 0, 1)
      .phaseDamping(0.2, 0);
  },
);
const measurements = [
  expval(Z(0), X(1).mul(Y(0))),
  variance(X(0).add(Z(1))),
  probabilities(),
  densityOperator([1]),
] as const;
const random = new Random(5);
const values = { x: random.normals(6), w: random.normals(3) };

describe('through channels, measurements and resets', () => {
  const engine = densityMatrix();
  const exact = engine.compile(noisy, measurements);
  const dy = exact.run(values).map((y) => random.normals(y.length)) as never;
  const expected = exact.vjp(values, dy);

  it('parameter-shift gives what the engine gives', () => {
    const shifted = differentiate(engine, noisy, measurements, { method: 'parameter-shift' });
    const found = shifted.vjp(values, dy);
    for (const name of ['x', 'w'] as const)
      found[name].forEach((g, i) => expect(g, `${name}[${i}]`).toBeCloseTo(expected[name][i]!, 11));
  });

  it('differences come close', () => {
    const differences = differentiate(engine, noisy, measurements, { method: 'finite-difference' });
    const found = differences.vjp(values, dy);
    for (const name of ['x', 'w'] as const)
      found[name].forEach((g, i) => expect(g, `${name}[${i}]`).toBeCloseTo(expected[name][i]!, 5));
  });

  it("the engine's own way is chosen by default", () => {
    const chosen = differentiate(engine, noisy, measurements).vjp(values, dy);
    expect(chosen).toEqual(expected);
  });
});
