import { ValueError } from '@ketwork/base';
import type { Strategy } from '../contract.ts';

/**
 * Federated averaging (McMahan et al. 2017, arXiv:1602.05629): the mean of the participants' weights, each counting as many
 * times as it has examples.
 *
 * @example
 * ```ts
 * import { fedAvg } from '@ketwork/federated';
 * console.log(fedAvg().name); // fedAvg
 * ```
 */
export function fedAvg(): Strategy {
  return Object.freeze({ name: 'fedAvg', settings: {} });
}

/**
 * Federated averaging of participants that are held near the coordinator's weights (Li et al. 2020, arXiv:1812.06127):
 * their loss has a term `mu / 2 · ‖w - w₀‖²`, which keeps updates together where data differ.
 *
 * @param options `mu`, above 0; 0.01 to 1 is usual.
 * @throws ValueError where μ is out of range.
 * @example
 * ```ts
 * import { fedProx } from '@ketwork/federated';
 * console.log(fedProx({ mu: 0.1 }).proximal); // 0.1
 * ```
 */
export function fedProx(options: { readonly mu: number }): Strategy {
  const { mu } = options;
  if (!(mu > 0 && mu < Infinity))
    throw new ValueError(`fedProx: mu is ${mu}, not a finite number above 0`, {
      remedy: 'Use fedAvg for no proximal term',
    });
  return Object.freeze({ name: 'fedProx', settings: { mu }, proximal: mu });
}
