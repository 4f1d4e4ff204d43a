import {
  besselJ2,
  dampedOscillator,
  delayedQuantumControl,
  linspace,
  minMax,
  narma,
  populationInversion,
  splitInTime,
  wave,
  windows,
} from '@ketwork/datasets';
import { describe, expect, test } from 'vitest';
import reference from './data/series.json' with { type: 'json' };

/** Every number within `tolerance` of the expected one. */
function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  expect(actual.length).toBe(expected.length);
  const off = Array.from(expected, (value, i) => Math.abs(value - actual[i]!));
  expect(Math.max(...off)).toBeLessThanOrEqual(tolerance);
}

const every = (values: ArrayLike<number>, step: number): number[] =>
  Array.from(values).filter((_, i) => i % step === 0);

describe('series', () => {
  test.each([5, 10] as const)('NARMA of order %i is that of an independent program', (order) => {
    const { input, output } = narma(order, 20);
    expectClose(input, reference[`narma${order}`].input, 1e-14);
    expectClose(output, reference[`narma${order}`].output, 1e-14);
    expect(output[order]).toBeGreaterThan(0.1);
  });

  test('NARMA takes an input of its own', () => {
    const { output } = narma(2, 4, { input: [0.5, 0.2, 0.1, 0.9] });
    expectClose(
      output,
      [0, 0, 0.25, 0.3 * 0.25 + 0.05 * 0.25 * 0.25 + 1.5 * 0.2 * 0.1 + 0.1],
      1e-15,
    );
  });

  test('the pendulum agrees with an adaptive integrator', () => {
    const { time, angle, velocity } = dampedOscillator();
    expect([time.length, time[239], velocity[0]]).toEqual([240, 20, 3]);
    expectClose(every(angle, 10), reference.oscillator.angle, 1e-8);
    expectClose(every(velocity, 10), reference.oscillator.velocity, 1e-8);
  });

  test('J2 agrees with SciPy, and with its series near 0', () => {
    expectClose(every(besselJ2(linspace(2, 100, 256)), 5), reference.bessel, 1e-14);
    const series = (x: number): number => x ** 2 / 8 - x ** 4 / 96 + x ** 6 / 3072;
    expectClose(besselJ2([0, 0.1, -0.1]), [0, series(0.1), series(0.1)], 1e-12);
  });

  test('the inversion of the atom is that of the diagonalised Hamiltonian', () => {
    expectClose(every(populationInversion(), 10), reference.inversion, 1e-10);
    const rabi = populationInversion({
      meanPhotons: 0,
      coupling: 0.5,
      points: 3,
      duration: Math.PI,
    });
    expectClose(rabi, [1, 0, -1], 1e-12);
  });

  test('pulses of the delayed control come every 2, weaker by e^(-1/8)', () => {
    const pulses = delayedQuantumControl();
    expect(pulses.length).toBe(2200);
    const peaks = Array.from({ length: 10 }, (_, n) => pulses[200 + 200 * n]!);
    expectClose(
      peaks,
      peaks.map((_, n) => Math.exp(-n / 8)),
      1e-12,
    );
    expect(Math.max(...pulses.subarray(280, 320))).toBeLessThan(1e-2);
  });

  test('waves', () => {
    expect([...wave('square', { points: 5, period: 4 })]).toEqual([1, 1, -1, -1, 1]);
    expect([...wave('triangle', { points: 6, period: 4 })]).toEqual([0, 1, 0, -1, 0, 1]);
    expectClose(wave('sine', { points: 3, period: 8 }), [0, Math.SQRT1_2, 1], 1e-15);
  });
});

describe('windows', () => {
  test('hold consecutive points and the value after them', () => {
    const all = windows([1, 2, 3, 4, 5, 6], 3);
    expect([...all.inputs]).toEqual([1, 2, 3, 2, 3, 4, 3, 4, 5]);
    expect([...all.labels]).toEqual([4, 5, 6]);
    expect(all).toMatchObject({ size: 3, inputShape: [3, 1] });
  });

  test('of several features, with targets, horizon and stride', () => {
    const series = [1, -1, 2, -2, 3, -3, 4, -4, 5, -5];
    const targets = [10, 20, 30, 40, 50];
    const all = windows(series, 2, { features: 2, targets, horizon: 0, stride: 2 });
    expect([...all.inputs]).toEqual([1, -1, 2, -2, 3, -3, 4, -4]);
    expect([...all.labels]).toEqual([20, 40]);
  });

  test('are cut in order of time', () => {
    const all = windows(dampedOscillator().velocity, 4);
    const [train, validation, test_] = splitInTime(all, [0.6, 0.1, 0.3]);
    expect([train!.size, validation!.size, test_!.size]).toEqual([142, 23, 71]);
    expect([...train!.labels, ...validation!.labels, ...test_!.labels]).toEqual([...all.labels]);
    expect([...test_!.inputs]).toEqual([...all.inputs.subarray(165 * 4)]);
  });

  test('minMax scales by all values or by the first', () => {
    expect([...minMax([5, 1, 3], { range: [0, 1] })]).toEqual([1, 0, 0.5]);
    expect([...minMax([0, 2, 5], { first: 2 })]).toEqual([-1, 1, 4]);
    expect([...minMax([7, 7])]).toEqual([0, 0]);
    // -2 + (0.1 + 2) is rounded up.
    expect(minMax([0, 1], { range: [-2, 0.1] })[1]).toBe(0.1);
  });
});

test('what does not fit is refused', () => {
  const refused = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
    return 'nothing was thrown';
  };
  const all = windows([1, 2, 3, 4], 2);
  expect([
    refused(() => narma(0, 10)),
    refused(() => narma(2, 3, { input: [1] })),
    refused(() => narma(2, 3, { input: [1, NaN, 1] })),
    refused(() => narma(10, 2000, { input: new Float64Array(2000).fill(3) })),
    refused(() => dampedOscillator({ points: 1 })),
    refused(() => dampedOscillator({ damping: NaN })),
    refused(() => besselJ2([Infinity])),
    refused(() => linspace(0, Infinity, 3)),
    refused(() => delayedQuantumControl({ from: 3, to: 2 })),
    refused(() => populationInversion({ meanPhotons: -1 })),
    refused(() => wave('saw' as never)),
    refused(() => wave('sine', { period: 0 })),
    refused(() => windows([], 2)),
    refused(() => windows([1, NaN, 2], 1)),
    refused(() => windows([1, 2, 3], 2, { features: 2 })),
    refused(() => windows([1, 2, 3, 4], 1, { features: 2 })),
    refused(() => windows([1, 2, 3], 1, { targets: [1] })),
    refused(() => windows([1, 2, 3], 0)),
    refused(() => splitInTime(all, [0.5, 0.6])),
    refused(() => splitInTime(all, [3])),
    refused(() => splitInTime(all, [-1])),
    refused(() => minMax([])),
    refused(() => minMax([1], { range: [1, 1] })),
    refused(() => minMax([1], { first: 2 })),
  ]).toMatchInlineSnapshot(`
    [
      "ValueError: narma: order 0 is not an integer of at least 1",
      "ValueError: narma: the input has 1 values where the length is 3",
      "ValueError: narma: value 1 of the input is NaN",
      "ValueError: narma: the output of order 10 grows beyond all bounds at 21. Take inputs from 0 to 0.5; orders above 10 need smaller ones",
      "ValueError: dampedOscillator: points 1 is not an integer of at least 2",
      "ValueError: dampedOscillator: damping NaN is not a finite number",
      "ValueError: besselJ2: Infinity is not a number from -1e6 to 1e6",
      "ValueError: linspace: to Infinity is not a finite number",
      "ValueError: delayedQuantumControl: points -100 is not an integer of at least 1",
      "ValueError: populationInversion: the mean number of photons -1 is not from 0 to 500",
      "ValueError: wave: there is no shape "saw". Shapes are sine, square, triangle",
      "ValueError: wave: the period 0 is not a positive number of points",
      "ValueError: windows: 0 points are too few for one window of 2 and a target 1 later. Give at least 3 points",
      "ValueError: windows: value 1 of the series is NaN. Replace it or cut the series there",
      "ValueError: windows: 3 values are not a series of points with 2 features each",
      "ValueError: windows: a series of 2 features needs targets. Give the option targets, one value per point",
      "ValueError: windows: 1 targets do not fit 3 points. Give one target per point of time",
      "ValueError: windows: the length 0 is not an integer of at least 1",
      "ValueError: splitInTime: the parts add up to 1.1. Fractions may add up to 1",
      "ValueError: splitInTime: the parts add up to 3. Ask for at most 2 windows in all",
      "ValueError: splitInTime: [-1] are neither counts nor fractions. Give integers of at least 0, or fractions strictly between 0 and 1",
      "ValueError: minMax: there are no values",
      "ValueError: minMax: [1, 1] is not a range from low to high",
      "ValueError: minMax: first 2 is not an integer from 1 to 1",
    ]
  `);
});
