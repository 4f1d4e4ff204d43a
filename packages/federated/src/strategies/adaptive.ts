import { ValueError } from '@ketwork/base';
import type { Strategy } from '../contract.ts';

/** Options of {@link fedAvgM}. */
export interface FedAvgMOptions {
  /** Share of the last direction that is kept, from 0 to below 1. Default 0.9. */
  readonly momentum?: number;
  /** Factor on the direction. Default 1. */
  readonly learningRate?: number;
}

/** Options of {@link fedAdam}. */
export interface FedAdamOptions {
  /** Step of the coordinator, η. Default 0.03. */
  readonly learningRate?: number;
  /** Decay of the mean of changes, from 0 to below 1. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of their squares, from 0 to below 1. Default 0.99. */
  readonly beta2?: number;
  /** Added to the root of the mean square, τ: how small a change counts as one. Default 1e-3. */
  readonly tau?: number;
}

/**
 * Federated averaging with momentum at the coordinator (Hsu et al. 2019, arXiv:1909.06335): `v = momentum · v + Δ`,
 * `w += learningRate · v`, where Δ is the mean change weighted by examples. State: `momentum`.
 *
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { fedAvgM } from '@ketwork/federated';
 * console.log(fedAvgM({ momentum: 0.5 }).settings); // { momentum: 0.5, learningRate: 1 }
 * ```
 */
export function fedAvgM(options: FedAvgMOptions = {}): Strategy {
  const { momentum = 0.9, learningRate = 1 } = options;
  checkShare('fedAvgM', 'momentum', momentum);
  checkPositive('fedAvgM', 'learningRate', learningRate);
  return Object.freeze<Strategy>({
    name: 'fedAvgM',
    settings: { momentum, learningRate },
    init: (size) => ({ momentum: new Float64Array(size) }),
    step(weights, delta, state) {
      const velocity = state['momentum']!;
      return weights.map((value, i) => {
        velocity[i] = momentum * velocity[i]! + delta[i]!;
        return value + learningRate * velocity[i];
      });
    },
  });
}

/**
 * Adam at the coordinator (Reddi et al. 2021, arXiv:2003.00295, algorithm 2): `m = β₁ m + (1 - β₁) Δ`,
 * `v = β₂ v + (1 - β₂) Δ²`, `w += η m / (√v + τ)`, where Δ is the mean change weighted by examples. There is no correction
 * of bias; v begins as τ², as in the paper. State: `mean`, `square`.
 *
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { fedAdam } from '@ketwork/federated';
 * console.log(fedAdam({ learningRate: 0.1 }).settings['tau']); // 0.001
 * ```
 */
export function fedAdam(options: FedAdamOptions = {}): Strategy {
  const { learningRate = 0.03, beta1 = 0.9, beta2 = 0.99, tau = 1e-3 } = options;
  checkPositive('fedAdam', 'learningRate', learningRate);
  checkShare('fedAdam', 'beta1', beta1);
  checkShare('fedAdam', 'beta2', beta2);
  checkPositive('fedAdam', 'tau', tau);
  return Object.freeze<Strategy>({
    name: 'fedAdam',
    settings: { learningRate, beta1, beta2, tau },
    init: (size) => ({
      mean: new Float64Array(size),
      square: new Float64Array(size).fill(tau * tau),
    }),
    step(weights, delta, state) {
      const [mean, square] = [state['mean']!, state['square']!];
      return weights.map((value, i) => {
        const change = delta[i]!;
        mean[i] = beta1 * mean[i]! + (1 - beta1) * change;
        square[i] = beta2 * square[i]! + (1 - beta2) * change * change;
        return value + (learningRate * mean[i]) / (Math.sqrt(square[i]) + tau);
      });
    },
  });
}

function checkShare(name: string, setting: string, value: number): void {
  if (!(value >= 0 && value < 1))
    throw new ValueError(`${name}: ${setting} is ${value}, not from 0 to below 1`);
}

function checkPositive(name: string, setting: string, value: number): void {
  if (!(value > 0 && value < Infinity))
    throw new ValueError(`${name}: ${setting} is ${value}, not a finite number above 0`);
}
