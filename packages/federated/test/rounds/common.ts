import { crossEntropy, sgd } from '@ketwork/nn';
import type { FederationOptions, Update } from '../../src/contract.ts';
import { planOf } from '../../src/rounds/plan.ts';
import type { FederationStart } from '../../src/rounds/plan.ts';
import type { RoundsPlan } from '../../src/rounds/state.ts';

/** Two parameters and a buffer. */
export const start: FederationStart = {
  run: 'test',
  layout: {
    entries: [
      { name: '0.weight', shape: [2] },
      { name: '1.mean', shape: [] },
    ],
    size: 3,
    trained: 2,
  },
  weights: Float64Array.of(1, -2, 0.5),
  population: 5,
};

export const options: FederationOptions = {
  rounds: 3,
  seed: 7,
  local: { loss: crossEntropy, optimizer: sgd(0.1), epochs: 2, batchSize: 4 },
};

export const names: readonly string[] = ['a', 'b', 'c', 'd', 'e'];

export function plan(
  change: Partial<FederationOptions> = {},
  other: Partial<FederationStart> = {},
): RoundsPlan {
  return planOf('test', { ...options, ...change }, { ...start, ...other });
}

/** An update of the first round. */
export function update(weights: readonly number[], change: Partial<Update> = {}): Update {
  return {
    run: 'test',
    round: 1,
    examples: 10,
    weights: Float64Array.from(weights),
    loss: 0.5,
    ...change,
  };
}
