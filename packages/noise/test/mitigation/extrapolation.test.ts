import { key, normal } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import {
  exponentialExtrapolation,
  learnedExtrapolation,
  learnedMitigation,
  linearExtrapolation,
  polynomialExtrapolation,
  richardsonExtrapolation,
} from '../../src/index.ts';
import type { Extrapolator } from '../../src/index.ts';

const scales = [1, 1.5, 2, 3, 5];

describe('extrapolators', () => {
  it('are exact on data of their own form', () => {
    const cases: readonly (readonly [Extrapolator, (x: number) => number, number])[] = [
      [linearExtrapolation(), (x) => 0.8 - 0.13 * x, 1e-14],
      [polynomialExtrapolation(0), () => -0.4, 1e-15],
      [polynomialExtrapolation(3), (x) => 0.9 - 0.3 * x + 0.05 * x * x - 0.002 * x ** 3, 1e-12],
      [richardsonExtrapolation(), (x) => 0.9 - 0.3 * x + 0.05 * x ** 4, 1e-12],
      [exponentialExtrapolation({ asymptote: 0 }), (x) => 0.9 * Math.exp(-0.3 * x), 1e-10],
      [
        exponentialExtrapolation({ asymptote: 0.25 }),
        (x) => 0.25 - 0.9 * Math.exp(-1.7 * x),
        1e-10,
      ],
      [exponentialExtrapolation(), (x) => 0.1 + 0.7 * Math.exp(-0.4 * x), 1e-10],
      [exponentialExtrapolation(), (x) => -0.3 - 0.2 * Math.exp(-2 * x), 1e-9],
    ];
    for (const [extrapolator, f, limit] of cases) {
      for (const unit of [1, 0.01]) {
        const found = extrapolator.fit(
          scales.map((x) => unit * x),
          scales.map(f),
        );
        expect(Math.abs(found.value - f(0)), extrapolator.name).toBeLessThan(limit);
        if (!Number.isNaN(found.error)) expect(found.error).toBeLessThan(1e-7);
      }
    }
    const { parameters } = exponentialExtrapolation().fit(
      scales,
      scales.map((x) => 0.1 + 0.7 * Math.exp(-0.4 * x)),
    );
    [0.1, 0.7, 0.4].forEach((value, i) => expect(parameters[i]).toBeCloseTo(value, 8));
    const { parameters: line } = linearExtrapolation().fit([2, 4], [5, 9]);
    [1, 2].forEach((value, i) => expect(line[i]).toBeCloseTo(value, 13));
  });

  it('have standard errors that fit the spread of their values', () => {
    const errors = [0.01, 0.02, 0.01, 0.03, 0.02];
    const rounds = 2000;
    for (const [extrapolator, f] of [
      [linearExtrapolation(), (x: number) => 0.8 - 0.1 * x],
      [polynomialExtrapolation(2), (x: number) => 0.8 - 0.1 * x],
      [richardsonExtrapolation(), (x: number) => 0.8 - 0.1 * x],
      [exponentialExtrapolation({ asymptote: 0 }), (x: number) => 0.8 * Math.exp(-0.3 * x)],
    ] as const) {
      const drawn = normal(key(5), rounds * 5);
      const found = Array.from({ length: rounds }, (_, r) =>
        extrapolator.fit(
          scales,
          scales.map((x, i) => f(x) + errors[i]! * drawn[5 * r + i]!),
          errors,
        ),
      );
      const mean = found.reduce((sum, { value }) => sum + value, 0) / rounds;
      const deviation = Math.sqrt(
        found.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / rounds,
      );
      const said = found.reduce((sum, { error }) => sum + error, 0) / rounds;
      expect(Math.abs(mean - f(0)) / deviation, extrapolator.name).toBeLessThan(0.15);
      expect(said / deviation, extrapolator.name).toBeGreaterThan(0.93);
      expect(said / deviation, extrapolator.name).toBeLessThan(1.07);
    }
    // Without known errors they come from the residuals, where there are any.
    const free = linearExtrapolation().fit([1, 2, 3, 4], [0.9, 0.81, 0.69, 0.6]);
    expect(free.error).toBeGreaterThan(0.005);
    expect(free.error).toBeLessThan(0.03);
    expect(linearExtrapolation().fit([1, 2], [0.9, 0.8]).error).toBeNaN();
    expect(richardsonExtrapolation().fit([1, 2], [0.9, 0.8]).error).toBeNaN();
    // One error of 0 does not outweigh the rest beyond measure, and none at all is as if unknown.
    expect(linearExtrapolation().fit([1, 2, 3], [1, 0.9, 0.8], [0, 0.1, 0.1]).value).toBeCloseTo(
      1.1,
      12,
    );
    expect(linearExtrapolation().fit([1, 2, 3], [1, 0.9, 0.8], [0, 0, 0]).value).toBeCloseTo(
      1.1,
      12,
    );
  });

  it('learn from values, the same for the same seed', () => {
    const noise = Array.from({ length: 12 }, (_, i) => 0.01 * (i + 1));
    const values = noise.map((p) => -Math.exp(-25 * p));
    const net = learnedExtrapolation({ steps: 800, networks: 3, seed: 4 });
    const found = net.fit(noise, values);
    expect(Math.abs(found.value + 1)).toBeLessThan(0.5 * Math.abs(values[0]! + 1));
    expect(found.parameters.length).toBe(3);
    const mean = found.parameters.reduce((a, b) => a + b) / 3;
    const squares = found.parameters.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    expect(found.value).toBeCloseTo(mean, 12);
    expect(found.error).toBeCloseTo(Math.sqrt(squares / 2), 12);
    expect(net.fit(noise, values)).toEqual(found);
    expect(
      learnedExtrapolation({ steps: 800, networks: 3, seed: 5 }).fit(noise, values).value,
    ).not.toBe(found.value);
    const exact = Array.from({ length: 24 }, (_, i) => Math.sin(i));
    const rows = exact.flatMap((value, i) => [
      0.02 * (1 + (i % 4)),
      value * Math.exp(-0.4 * (1 + (i % 4))),
    ]);
    const learned = learnedMitigation(rows, exact, { steps: 1500, networks: 2, seed: 1 });
    const asked = [0.04, 0.5 * Math.exp(-0.8), 0.06, -0.3 * Math.exp(-1.2)];
    const { values: said, members, errors } = learned.predict(asked);
    expect(Math.abs(said[0]! - 0.5)).toBeLessThan(0.1);
    expect(Math.abs(said[1]! + 0.3)).toBeLessThan(0.1);
    expect([said.length, errors.length, members.length]).toEqual([2, 2, 4]);
  });

  it('name what does not fit', () => {
    const fault = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return String(error);
      }
      return 'no error';
    };
    expect([
      fault(() => polynomialExtrapolation(1.5)),
      fault(() => exponentialExtrapolation({ asymptote: Number.NaN })),
      fault(() => linearExtrapolation().fit([1, 2], [1])),
      fault(() => linearExtrapolation().fit([1, 2], [1, 2], [0.1])),
      fault(() => linearExtrapolation().fit([1, 1], [1, 2])),
      fault(() => richardsonExtrapolation().fit([1, 1, 2], [1, 2, 3])),
      fault(() => richardsonExtrapolation().fit([], [])),
      fault(() => exponentialExtrapolation().fit([1, 2], [1, 2])),
      fault(() => linearExtrapolation().fit([1, -2], [1, 2])),
      fault(() => linearExtrapolation().fit([1, 2], [1, Number.NaN])),
      fault(() => linearExtrapolation().fit([1, 2], [1, 2], [1, -1])),
      fault(() => linearExtrapolation().fit([1, 1 + 1e-15], [1, 2])),
      fault(() => learnedExtrapolation({ steps: 0 })),
      fault(() => learnedExtrapolation({ hidden: [4, 0] })),
      fault(() => learnedExtrapolation({ learningRate: -1 })),
      fault(() => learnedExtrapolation({ seed: -1 })),
      fault(() => learnedMitigation([1, 2, 3], [1, 2])),
      fault(() => learnedMitigation([1, Number.NaN], [1])),
      fault(() => learnedMitigation([1, 2], [1], { steps: 1 }).predict([1])),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError: 1.5 is not the order of a polynomial. Use an integer from 0",
        "ValueError: the asymptote is NaN. Give a finite number",
        "ValueError: there are 2 strengths of noise for 1 values. Give one for each",
        "ValueError: there are 2 strengths of noise for 2 values and 1 errors. Give one for each",
        "ValueError: there are 1 different strengths of noise. This extrapolation needs 2",
        "ValueError: there are 2 different strengths of noise. This extrapolation needs 3",
        "ValueError: there are 0 different strengths of noise. This extrapolation needs 1",
        "ValueError: there are 2 different strengths of noise. This extrapolation needs 3",
        "ValueError: a strength of noise or a value is not finite, or a strength below 0. Use finite numbers, and strengths from 0",
        "ValueError: a strength of noise or a value is not finite, or a strength below 0. Use finite numbers, and strengths from 0",
        "ValueError: a standard error is not a finite number of at least 0. Leave errors out where they are not known",
        "ValueError: the strengths of noise are too close to each other. Spread them, or extrapolate with fewer parameters",
        "ValueError: steps is 0. Use a positive integer",
        "ValueError: hidden is 0. Use a positive integer",
        "ValueError: learningRate is -1. Use a positive number",
        "ValueError: seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
        "ValueError: 3 features do not fit 2 targets. Give [rows, features] and [rows]",
        "ValueError: a feature or target is not finite. Use finite numbers",
        "ValueError: 1 numbers are not rows of 2 features. Give [rows, features] as in training",
      ]
    `);
  });
});
