import { circuit, expval, input, projector, weight, X, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu, densityMatrix, hosted, reference, trajectories } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';
import {
  applyNoise,
  exponentialExtrapolation,
  foldCircuit,
  foldedScale,
  foldGates,
  learnedExtrapolation,
  linearExtrapolation,
  noiseModel,
  polynomialExtrapolation,
  readoutProbabilities,
  richardsonExtrapolation,
  zeroNoiseExtrapolation,
} from '../../src/index.ts';

const model = noiseModel({
  gates: [
    { after: 'all', noise: circuit(1, (q) => q.depolarizing(0.004, 0)) },
    { after: 'CNOT', noise: circuit(2, (q) => q.depolarizing(0.01, [0, 1])) },
  ],
});
const ansatz = circuit(3, { x: input([3]), w: weight([3]) }, (q, { x, w }) => {
  for (const i of [0, 1, 2]) q.ry(x.at(i), i);
  q.cnot(0, 1).cnot(1, 2);
  for (const i of [0, 1, 2]) q.rx(w.at(i), i);
  q.cnot(0, 1).cnot(1, 2);
});
const values = { x: [0.3, -0.5, 0.9, 1.1, 0.2, -0.7], w: [0.4, -0.6, 0.2] };
const observables = [Z(0), Z(0).mul(Z(1)).scale(0.5).add(X(2)), Z(2).add(Z(1))];
const engine = densityMatrix();
const ideal = reference()
  .compile(ansatz, expval(...observables))
  .run(values);

const worst = (found: ArrayLike<number>, offset = 0): number =>
  ideal.reduce((most, x, i) => Math.max(most, Math.abs(found[offset + i]! - x)), 0);

describe('zero-noise extrapolation', () => {
  it('measures folded circuits and extrapolates every example and observable', () => {
    const found = zeroNoiseExtrapolation(engine, ansatz, observables, {
      noise: model,
      values,
      scales: [1, 2, 3],
      folding: 'gates-left',
      extrapolate: polynomialExtrapolation(1),
    });
    expect([...found.scales]).toEqual([1, 2, 3]);
    expect([found.values.length, found.errors.length, found.measured.length]).toEqual([6, 6, 18]);
    expect(found.measuredErrors).toBeUndefined();
    const scaled = [1, 2, 3].map((scale) =>
      engine
        .compile(applyNoise(foldGates(ansatz, scale), model), expval(...observables))
        .run(values),
    );
    for (let j = 0; j < 6; j++) {
      const series = scaled.map((run) => run[j]!);
      series.forEach((y, i) => expect(found.measured[6 * i + j]).toBeCloseTo(y, 14));
      const fitted = linearExtrapolation().fit([1, 2, 3], series);
      expect(found.values[j]).toBeCloseTo(fitted.value, 13);
      expect(found.errors[j]).toBeCloseTo(fitted.error, 13);
    }
  });

  it('brings values closer to those without noise, for all foldings and extrapolators', () => {
    for (const folding of ['circuit', 'gates-left', 'gates-random'] as const) {
      for (const [extrapolate, gain] of [
        [linearExtrapolation(), 4],
        [polynomialExtrapolation(2), 4],
        [richardsonExtrapolation(), 4],
        [exponentialExtrapolation(), 3],
        [exponentialExtrapolation({ asymptote: 0 }), 20],
        // Folding some gates more than others makes curves that are not smooth, which networks follow too closely.
        [learnedExtrapolation({ steps: 1000, networks: 2 }), 1.5],
      ] as const) {
        const learned = extrapolate.name === 'learned';
        if (learned && folding !== 'circuit') continue;
        const scales = learned ? [1, 1.5, 2, 2.5, 3] : [1, 2, 3];
        const { values: found, measured } = zeroNoiseExtrapolation(engine, ansatz, observables, {
          noise: model,
          values,
          scales,
          folding,
          extrapolate,
          seed: 3,
        });
        const what = `${folding}, ${extrapolate.name}`;
        expect(worst(measured), what).toBeGreaterThan(0.05);
        expect(worst(found) * gain, what).toBeLessThan(worst(measured));
      }
    }
  });

  it('does the same on engines that work with promises, with run functions and on circuits with channels', async () => {
    const options = { values, scales: [1, 3] };
    const noisy = applyNoise(ansatz, model);
    const direct = zeroNoiseExtrapolation(engine, ansatz, observables, {
      ...options,
      noise: model,
    });
    expect(zeroNoiseExtrapolation(engine, noisy, observables, options)).toEqual(direct);
    const seeds: number[] = [];
    const scales: number[] = [];
    const run = (made: Circuit, call: { seed: number; scale: number; values: object }) => {
      seeds.push(call.seed);
      scales.push(call.scale);
      expect(call.values).toBe(values);
      return engine.compile(applyNoise(made, model), expval(...observables)).run(values);
    };
    expect(zeroNoiseExtrapolation(run, ansatz, observables, options)).toEqual(direct);
    expect(scales).toEqual([1, 3]);
    expect(new Set(seeds).size).toBe(2);
    const later = zeroNoiseExtrapolation(
      (made: Circuit, call) => Promise.resolve(run(made, call)),
      ansatz,
      observables,
      options,
    );
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toEqual(direct);
    // Without noise nothing changes, wherever it runs.
    using remote = await hosted({ engine: 'cpu' });
    const clean = zeroNoiseExtrapolation(remote, ansatz, observables, options);
    expect(clean).toBeInstanceOf(Promise);
    expect(worst((await clean).values)).toBeLessThan(1e-12);
  });

  it('passes standard errors of shots on, which fit the spread', () => {
    const analytic = { noise: model, values, scales: [1, 2, 3] };
    const exact = zeroNoiseExtrapolation(engine, ansatz, observables, analytic);
    const settings = { ...analytic, shots: 400 };
    const rounds = 100;
    const runs = Array.from({ length: rounds }, (_, seed) =>
      zeroNoiseExtrapolation(engine, ansatz, observables, { ...settings, seed }),
    );
    expect(zeroNoiseExtrapolation(engine, ansatz, observables, { ...settings, seed: 0 })).toEqual(
      runs[0],
    );
    for (let j = 0; j < 6; j++) {
      const mean = runs.reduce((sum, run) => sum + run.values[j]!, 0) / rounds;
      const deviation = Math.sqrt(
        runs.reduce((sum, run) => sum + (run.values[j]! - mean) ** 2, 0) / rounds,
      );
      const said = runs.reduce((sum, run) => sum + run.errors[j]!, 0) / rounds;
      expect(Math.abs(mean - exact.values[j]!)).toBeLessThan((4 * deviation) / Math.sqrt(rounds));
      expect(said / deviation).toBeGreaterThan(0.8);
      expect(said / deviation).toBeLessThan(1.25);
    }
  });

  it('takes standard errors from trajectories', async () => {
    using sampled = await trajectories({ trajectories: 4000, seed: 5 });
    const settings = { noise: model, values, scales: [1, 3] };
    const exact = zeroNoiseExtrapolation(engine, ansatz, observables, settings);
    const found = zeroNoiseExtrapolation(sampled, ansatz, observables, settings);
    expect(found.measuredErrors?.length).toBe(12);
    found.values.forEach((value, j) => {
      expect(found.errors[j]).toBeGreaterThan(0);
      expect(Math.abs(value - exact.values[j]!)).toBeLessThan(4 * found.errors[j]!);
    });
  });

  it('applies readout errors of the model where it can', () => {
    const noise = noiseModel({ gates: model.gates, readout: [{ p10: 0.02, p01: 0.05 }] });
    const { measured } = zeroNoiseExtrapolation(engine, ansatz, Z(1), {
      noise,
      values,
      scales: [1, 3],
    });
    const p = engine.compile(applyNoise(foldCircuit(ansatz, 3), model), {
      type: 'probabilities',
      qubits: [1],
    });
    const read = readoutProbabilities(p.run(values), [1], noise);
    expect(measured[2]).toBeCloseTo(read[0]! - read[1]!, 12);
    expect(measured[3]).toBeCloseTo(read[2]! - read[3]!, 12);
  });

  it('reaches the scales that folding can', () => {
    const short = circuit(1, (q) => q.h(0).s(0).h(0));
    const { scales } = zeroNoiseExtrapolation(engine, short, Z(0), { scales: [1, 1.5, 2.5] });
    expect([...scales]).toEqual([1, 1.5, 2.5].map((scale) => foldedScale(short, scale)));
    expect([...scales]).not.toEqual([1, 1.5, 2.5]);
  });

  it('names what does not fit, before any work', async () => {
    const short = circuit(1, (q) => q.h(0));
    const fault = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return String(error);
      }
      return 'no error';
    };
    const noise = noiseModel({ readout: [{ p10: 0.1, p01: 0.1 }] });
    const exact = await cpu();
    expect([
      fault(() => zeroNoiseExtrapolation(engine, short, Z(0), { scales: [1, 1.2] })),
      fault(() => zeroNoiseExtrapolation(engine, short, Z(0), { scales: [0.5, 1] })),
      fault(() => zeroNoiseExtrapolation(engine, short, Z(0), { scales: [] })),
      fault(() =>
        zeroNoiseExtrapolation(engine, short, Z(0), {
          scales: [1, 3],
          extrapolate: exponentialExtrapolation(),
        }),
      ),
      fault(() => zeroNoiseExtrapolation(engine, short, [], { scales: [1, 3] })),
      fault(() =>
        zeroNoiseExtrapolation(engine, short, Z(0), {
          scales: [1, 3],
          folding: 'gates' as 'circuit',
        }),
      ),
      fault(() =>
        zeroNoiseExtrapolation(engine, short, Z(0), { scales: [1, 3], noise, shots: 10 }),
      ),
      fault(() =>
        zeroNoiseExtrapolation(engine, short, projector([0], [1]), { scales: [1, 3], noise }),
      ),
      fault(() =>
        zeroNoiseExtrapolation(exact, short, Z(0), { scales: [1, 3], noise: model }),
      ).slice(0, 60),
      fault(() => zeroNoiseExtrapolation(() => [1, 2, 3], short, [Z(0), Z(0)], { scales: [1, 3] })),
      fault(() =>
        zeroNoiseExtrapolation((_, { scale }) => (scale > 1 ? [1, 2] : [1]), short, Z(0), {
          scales: [1, 3],
        }),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError: two of the scales [1, 1.2] fold to 1. Spread them: few gates can only be folded to few scales",
        "ValueError: 0.5 is not a scale of noise. Use numbers from 1, such as 1, 2, 3",
        "ValueError: there are 0 scales. The Richardson extrapolation needs 1",
        "ValueError: there are 2 scales. The exponential extrapolation needs 3",
        "ValueError: there are no observables. Give at least one",
        "CircuitError: there is no folding 'gates'. Use 'circuit', 'gates-left' or 'gates-random'",
        "UnsupportedError: readout errors of the model are not drawn along with shots of expectation values. Leave them out of the model, or give a run function that applies them",
        "UnsupportedError: readout errors are not applied to a projector observable. Leave them out of the model, or give a run function that applies them",
        "UnsupportedError: operation 1: engine 'cpu' cannot run opera",
        "ValueError: the run function returned 3 values for 2 observables. Return [batch, observables]",
        "ValueError: the run function returned different numbers of values. Return [batch, observables] for every circuit",
      ]
    `);
  });
});
