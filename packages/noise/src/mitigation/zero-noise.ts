import { CircuitError, UnsupportedError, ValueError } from '@ketwork/base';
import type { Circuit, Observable } from '@ketwork/circuit';
import type { Values } from '@ketwork/simulator';
import { applyNoise } from '../apply.ts';
import type { NoiseModel } from '../model.ts';
import { readoutObservable } from '../readout.ts';
import { richardsonExtrapolation } from './extrapolation.ts';
import type { Extrapolator } from './extrapolation.ts';
import { foldCircuit, foldedScale, foldGates } from './folding.ts';
import { all, estimate, listed, seedOf, after } from './runner.ts';
import type { Mitigated, CircuitRunner } from './runner.ts';

/** Options of {@link zeroNoiseExtrapolation}. */
export interface ZeroNoiseOptions {
  /** Factors by which the number of gates grows, at least 1 and all different once folded. Default `[1, 2, 3]`. */
  readonly scales?: readonly number[];
  /** {@link foldCircuit}, or {@link foldGates} with the first gates or random ones. Default `circuit`. */
  readonly folding?: 'circuit' | 'gates-left' | 'gates-random';
  /** Default {@link richardsonExtrapolation}. */
  readonly extrapolate?: Extrapolator;
  /**
   * Noise to attach to the folded circuits, that in front of measurements on all qubits; none where the engine, run function
   * or circuit has noise of its own.
   */
  readonly noise?: NoiseModel;
  /** Values of the slots. */
  readonly values?: Values;
  /** Shots per circuit and setting; exact when absent. */
  readonly shots?: number;
  /** Seed of shots, trajectories and random folding. Default 0. */
  readonly seed?: number;
}

/** What {@link zeroNoiseExtrapolation} found. */
export interface ZeroNoiseResult {
  /** Values at noise 0, `[batch, observables]`. */
  readonly values: Float64Array;
  /** Their errors as the extrapolator documents, `[batch, observables]`; NaN where it has none. */
  readonly errors: Float64Array;
  /** The scales that folding reached, `[scales]`. */
  readonly scales: Float64Array;
  /** The noisy values, `[scales, batch, observables]`. */
  readonly measured: Float64Array;
  /** Their standard errors, `[scales, batch, observables]`, where shots or trajectories were drawn by an engine. */
  readonly measuredErrors?: Float64Array;
}

/**
 * Zero-noise extrapolation (Temme, Bravyi and Gambetta, arXiv:1612.02058; Li and Benjamin, arXiv:1611.09301): expectation
 * values of folded circuits, which do the same with more noise, continued to no noise. There is one program per scale,
 * which runs the whole batch; asynchronous engines get all of them at once. Standard errors of shots and of trajectories
 * go into the fit.
 *
 * @param runner An engine for the noisy circuits, or a function that runs one.
 * @param observables One or a list.
 * @returns the result at once, or a promise where the engine or function works with promises.
 * @throws ValueError for scales below 1, equal or too few; CircuitError where the circuit cannot be folded;
 * UnsupportedError for readout errors in the model together with shots, or with observables that are no Pauli sums.
 * @example
 * ```ts
 * import { circuit, Z } from '@ketwork/circuit';
 * import { exponentialExtrapolation, noiseModel, zeroNoiseExtrapolation } from '@ketwork/noise';
 * import { densityMatrix } from '@ketwork/simulator';
 * const made = circuit(2, (q) => q.ry(0.4, 0).cnot(0, 1).ry(0.3, 1));
 * const noise = noiseModel({ gates: [{ after: 'all', noise: circuit(1, (q) => q.depolarizing(0.01, 0)) }] });
 * const { values, measured } = zeroNoiseExtrapolation(densityMatrix(), made, Z(0), {
 *   noise,
 *   scales: [1, 3, 5],
 *   extrapolate: exponentialExtrapolation({ asymptote: 0 }),
 * });
 * console.log(measured[0]!.toFixed(5), values[0]!.toFixed(5), Math.cos(0.4).toFixed(5)); // 0.89666 0.92106 0.92106
 * ```
 */
export function zeroNoiseExtrapolation<R extends CircuitRunner>(
  runner: R,
  circuit: Circuit,
  observables: Observable | readonly Observable[],
  options: ZeroNoiseOptions = {},
): Mitigated<R, ZeroNoiseResult> {
  const { scales = [1, 2, 3], folding = 'circuit', noise, values = {}, shots, seed = 0 } = options;
  const extrapolate = options.extrapolate ?? richardsonExtrapolation();
  const reached = scales.map((scale) => foldedScale(circuit, scale));
  const twice = reached.findIndex((scale, i) => reached.indexOf(scale) !== i);
  if (twice >= 0) {
    throw new ValueError(`two of the scales [${scales.join(', ')}] fold to ${reached[twice]}`, {
      remedy: 'Spread them: few gates can only be folded to few scales',
    });
  }
  if (reached.length < Math.max(1, extrapolate.points)) {
    throw new ValueError(`there are ${reached.length} scales`, {
      remedy: `The ${extrapolate.name} extrapolation needs ${Math.max(1, extrapolate.points)}`,
    });
  }
  const asked = listed(observables);
  const list = noise === undefined ? asked : misread(asked, noise, shots);
  const circuits = scales.map((scale) => {
    const folded = foldedBy(folding, circuit, scale, seed);
    return noise === undefined ? folded : applyNoise(folded, noise, { measured: 'all' });
  });
  const found = all(
    circuits.map((folded, i) =>
      estimate(runner, folded, list, { values, seed: seedOf(seed, i), scale: reached[i]! }, shots),
    ),
  );
  return after(found, (runs) => {
    const size = runs[0]!.values.length;
    const measured = new Float64Array(runs.length * size);
    const known = runs.every(({ errors }) => errors?.every(Number.isFinite) === true);
    const measuredErrors = new Float64Array(known ? measured.length : 0);
    runs.forEach((run, i) => {
      if (run.values.length !== size) {
        throw new ValueError('the run function returned different numbers of values', {
          remedy: 'Return [batch, observables] for every circuit',
        });
      }
      measured.set(Array.from(run.values), i * size);
      if (known) measuredErrors.set(run.errors!, i * size);
    });
    const out = { values: new Float64Array(size), errors: new Float64Array(size) };
    for (let j = 0; j < size; j++) {
      const series = (from: Float64Array): number[] => runs.map((_, i) => from[i * size + j]!);
      const fitted = extrapolate.fit(
        reached,
        series(measured),
        known ? series(measuredErrors) : undefined,
      );
      out.values[j] = fitted.value;
      out.errors[j] = fitted.error;
    }
    const result = { ...out, scales: Float64Array.from(reached), measured };
    return known ? { ...result, measuredErrors } : result;
  }) as Mitigated<R, ZeroNoiseResult>;
}

function foldedBy(
  folding: NonNullable<ZeroNoiseOptions['folding']>,
  circuit: Circuit,
  scale: number,
  seed: number,
): Circuit {
  switch (folding) {
    case 'circuit':
      return foldCircuit(circuit, scale);
    case 'gates-left':
      return foldGates(circuit, scale);
    case 'gates-random':
      return foldGates(circuit, scale, { pick: 'random', seed });
  }
  throw new CircuitError(`there is no folding '${String(folding)}'`, {
    remedy: "Use 'circuit', 'gates-left' or 'gates-random'",
  });
}

/** Observables as they are read with the readout errors of a model. */
function misread(
  observables: readonly Observable[],
  noise: NoiseModel,
  shots: number | undefined,
): readonly Observable[] {
  if (noise.readout.every(({ p10, p01 }) => p10 === 0 && p01 === 0)) return observables;
  return observables.map((observable) => {
    if (shots === undefined && observable.type === 'pauli')
      return readoutObservable(observable, noise);
    throw new UnsupportedError(
      shots === undefined
        ? `readout errors are not applied to a ${observable.type} observable`
        : 'readout errors of the model are not drawn along with shots of expectation values',
      { remedy: 'Leave them out of the model, or give a run function that applies them' },
    );
  });
}
