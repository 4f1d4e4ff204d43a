import {
  X,
  Y,
  Z,
  angle,
  circuit,
  expval,
  input,
  probabilities,
  projector,
  variance,
  weight,
} from '@ketwork/circuit';
import type { Builder, Circuit, Measurement } from '@ketwork/circuit';
import { cpu, outputShapes } from '@ketwork/simulator';
import { quantumFilter, quanvolutionCircuit } from '@ketwork/layers';
import { Random } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { fitCoefficients, gridOf, pullCoefficients } from '../../src/trigonometric/coefficients.ts';
import { trigonometricForm } from '../../src/trigonometric/form.ts';
import type { TrigonometricForm } from '../../src/trigonometric/form.ts';

const engine = await cpu();

function formOf(made: Circuit, ...measurements: Measurement[]): TrigonometricForm | undefined {
  const list = measurements.length === 0 ? [expval(Z(0))] : measurements;
  const outputs = outputShapes(made, list).reduce((sum, [size = 1]) => sum + size, 0);
  const slot = made.slots.find(({ axis }) => axis === 'batch')!;
  return trigonometricForm(made, slot, list, outputs);
}

/** Coefficients of all monomials, `[3^n, outputs]`, for random weights. */
function coefficientsOf(
  made: Circuit,
  form: TrigonometricForm,
  measurement: Measurement,
  random: Random,
): Float64Array {
  const values: Record<string, Float64Array> = {};
  for (const { name, axis, shape } of made.slots)
    values[name] =
      axis === 'batch'
        ? gridOf(form.factors)
        : Float64Array.from(
            { length: shape.reduce((a, b) => a * b, 1) },
            () => 6 * random.uniform(),
          );
  const result = engine.compile(made, [measurement]).run(values)[0] as Float64Array;
  fitCoefficients(result, form.factors.length);
  return result;
}

describe('trigonometricForm', () => {
  test('finds factors, and the few products of a quanvolution', () => {
    const form = formOf(quanvolutionCircuit(4), expval(Z(0), Z(1), Z(2), Z(3)))!;
    expect(form.factors).toEqual(Array.from({ length: 4 }, () => Math.PI));
    expect(form.terms.length).toBe(10);
    expect(form.terms.reduce((sum, { outputs }) => sum + outputs.length, 0)).toBe(10);
  });

  test('leaves out no product that a random circuit has', () => {
    let [used, all] = [0, 0];
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed);
      const made = randomCircuit(random);
      const measurement = [
        expval(Z(0), X(1), Y(2), projector([0, 1], [1, 2])),
        probabilities([2, 0]),
        expval(X(0).mul(Y(2)).add(Z(1).scale(0.5))),
      ][seed % 3]!;
      const form = formOf(made, measurement)!;
      expect(form, `seed ${seed}`).toBeDefined();
      const coefficients = coefficientsOf(made, form, measurement, random);
      const named = new Set(
        form.terms.flatMap(({ monomial, outputs }) =>
          outputs.map((output) => monomial * form.outputs + output),
        ),
      );
      coefficients.forEach((value, place) => {
        if (!named.has(place)) expect(Math.abs(value), `seed ${seed}`).toBeLessThan(1e-13);
      });
      used += named.size;
      all += coefficients.length;
    }
    // Otherwise nothing was tested.
    expect(used).toBeLessThan(0.8 * all);
  });

  const x = input('x', [2]);
  const w = weight('w', [2]);
  const refused: readonly (readonly [string, (q: Builder) => unknown])[] = [
    ['data that enter twice', (q) => q.rx(x.at(0), 0).ry(x.at(1), 1).rz(x.at(0), 0)],
    ['data that do not enter', (q) => q.rx(x.at(0), 0)],
    ['a function of data', (q) => q.rx(angle.atan(x.at(0)), 0).ry(x.at(1), 1)],
    ['a product of data', (q) => q.rx(x.at(0).times(x.at(1)), 0)],
    ['a sum of data', (q) => q.rx(x.at(0).plus(x.at(1)), 0)],
    ['data times weights', (q) => q.rx(x.at(0).times(w.at(0)), 0).ry(x.at(1), 1)],
    ['data under controls', (q) => q.crx(x.at(0), 0, 1).ry(x.at(1), 1)],
    ['measurements on the way', (q) => q.rx(x.at(0), 0).ry(x.at(1), 1).measure(0, 0)],
  ];
  test.each(refused)('refuses %s', (_, build) => {
    expect(
      formOf(
        circuit(2, (q) => {
          build(q);
        }),
      ),
    ).toBeUndefined();
  });

  test('refuses re-uploaded data, many elements and results that are not linear', () => {
    expect(formOf(quantumFilter(4))).toBeUndefined();
    expect(formOf(quanvolutionCircuit(5))).toBeUndefined();
    expect(formOf(quanvolutionCircuit(2), variance(Z(0)))).toBeUndefined();
    expect(formOf(quanvolutionCircuit(2), expval(Z(0)), probabilities())).toBeDefined();
  });
});

test('pullCoefficients is the adjoint of fitCoefficients', () => {
  const random = new Random(3);
  const draw = (): Float64Array => Float64Array.from({ length: 27 * 2 }, () => random.uniform());
  const dot = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const [values, cotangents] = [draw(), draw()];
  const [fitted, pulled] = [values.slice(), cotangents.slice()];
  fitCoefficients(fitted, 3);
  pullCoefficients(pulled, 3);
  expect(dot(fitted, cotangents)).toBeCloseTo(dot(values, pulled), 13);
});

/** Three qubits, two data elements that enter once each, and gates of many kinds in between. */
function randomCircuit(random: Random): Circuit {
  const slots = { x: input([2]), w: weight([6]) };
  return circuit(3, slots, (q, { x, w }) => {
    let next = 0;
    const some = (): void => {
      for (let i = 0; i < 4; i++) {
        const [a, b, c] = random.sample([0, 1, 2], 3) as [number, number, number];
        const value = w.at(next++ % 6);
        const kinds: readonly (() => unknown)[] = [
          () => q.h(a),
          () => q.cnot(a, b),
          () => q.swap(a, b),
          () => q.t(a).s(b),
          () => q.toffoli(a, b, c),
          () => q.cz(a, b),
          () => q.rx(value, a),
          () => q.rz(value, a),
          () => q.crz(value, a, b),
          () => q.pauliRot(value, 'XZ', [a, b]),
          () => q.unitary(permutation, [a, b]),
          () =>
            q.linear(
              [
                [1, 0],
                [0.2, 0.5],
              ],
              [c],
            ),
          () => q.control([{ qubit: b, value: 0 }], (inner) => inner.y(a)),
        ];
        random.pick(kinds)();
      }
    };
    if (random.uniform() < 0.3) q.prepare([0.6, 0.8], [0]);
    some();
    if (random.uniform() < 0.5) q.rx(x.at(0).times(0.7), 1);
    else q.pauliRot(x.at(0).plus(w.at(1)).times(1.2), 'ZY', [2, 0]);
    some();
    if (random.uniform() < 0.5) q.p(x.at(1).times(-2), 0);
    else q.ry(x.at(1), 2);
    some();
  });
}

/** |00⟩ to |01⟩, |01⟩ to |10⟩, |10⟩ to |00⟩. */
const permutation = [
  [0, 0, 1, 0],
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 0, 1],
];
