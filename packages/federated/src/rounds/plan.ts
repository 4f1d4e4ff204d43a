import { UnsupportedError, ValueError, key } from '@ketwork/base';
import { optimizerFromJSON } from '@ketwork/nn';
import type { Optimizer } from '@ketwork/nn';
import type { FederationOptions, OptimizerJson, Strategy, WeightsLayout } from '../contract.ts';
import { privacyOf } from '../privacy/options.ts';
import { secureOf } from '../secure/options.ts';
import { fedAvg } from '../strategies/averages.ts';
import type { RoundsPlan, RoundsState } from './state.ts';

/** What a federation begins with besides its options. */
export interface FederationStart {
  /** Name of the run. */
  readonly run: string;
  readonly layout: WeightsLayout;
  /** The weights before the first round, `[size]`. */
  readonly weights: Float64Array;
  /** How many participants exist. */
  readonly population: number;
  /** Whether a layer couples examples, as batch normalisation does; its name. */
  readonly coupling?: string | undefined;
}

/**
 * Refuses options without what has no default, which types alone do not keep away.
 * @throws ValueError where `local`, its loss or optimiser, or `seed` is not given.
 */
export function checkGiven(where: string, options: FederationOptions): void {
  const { local, seed } = (options ?? {}) as Partial<FederationOptions>;
  const { loss, optimizer } = (local ?? {}) as Partial<FederationOptions['local']>;
  if (typeof loss?.name !== 'string' || typeof optimizer?.name !== 'string')
    throw new ValueError(`${where}: the options do not say how participants train`, {
      remedy:
        'Give local with a loss and an optimizer, such as { loss: crossEntropy, optimizer: sgd(0.1) }',
    });
  if (typeof seed !== 'number')
    throw new ValueError(`${where}: the options have no seed`, {
      remedy: 'Give an integer from 0 to 2^53 - 1, such as seed: 1',
    });
}

/**
 * Checks the options of a federation and completes them.
 * @param where Who was called, for messages, such as `simulate`.
 * @throws ValueError where an option is out of range; UnsupportedError where options exclude each other.
 */
export function planOf(
  where: string,
  options: FederationOptions,
  { run, layout, weights, population, coupling }: FederationStart,
): RoundsPlan {
  const { rounds, seed, clients, local, maxNorm = Infinity, secureAggregation } = options;
  const { strategy = fedAvg(), attempts = 100 } = options;
  const { maxExamples = secureAggregation === undefined ? 1e9 : 1e6 } = options;
  const { epochs = 1, batchSize = 32 } = local;
  for (const [what, value] of [
    ['number of rounds', rounds],
    ['number of participants per round', clients ?? 1],
    ['number of local epochs', epochs],
    ['local batch size', batchSize],
    ['number of attempts', attempts],
    ['most examples of a participant', maxExamples],
    ['number of participants', population],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`${where}: the ${what} is ${value}, not a positive integer`);
  }
  key(seed);
  if (clients !== undefined && clients > population) {
    throw new ValueError(
      `${where}: ${clients} participants per round are more than the ${population} there are`,
      { remedy: 'Ask for fewer, or leave clients out to ask all' },
    );
  }
  if (!(maxNorm > 0)) throw new ValueError(`${where}: maxNorm is ${maxNorm}, not a number above 0`);
  if (layout.trained === 0) {
    throw new ValueError(`${where}: the model shares no parameters`, {
      remedy: 'Leave at least one parameter out of personal',
    });
  }
  const privacy = privacyOf(where, options.privacy, {
    rounds,
    clients: clients ?? population,
    population,
    coupling,
  });
  checkStrategy(where, strategy, options, privacy.central !== undefined);
  const secure = secureOf(where, options, {
    layout,
    clients: clients ?? population,
    strategy,
    central: privacy.central,
    maxExamples,
  });
  const least = Math.max(options.minimum ?? 1, strategy.minimum ?? 1, secure === undefined ? 1 : 2);
  const minimum = privacy.central === undefined ? least : 0;
  if (!Number.isSafeInteger(least) || least < 1 || least > (clients ?? population)) {
    throw new ValueError(
      `${where}: at least ${least} updates cannot come from ${clients ?? population} participants per round`,
      {
        remedy: `${strategy.name} needs ${strategy.minimum ?? 1}; ask more participants per round`,
      },
    );
  }
  return {
    run,
    layout,
    weights,
    rounds,
    population,
    clients,
    minimum,
    attempts,
    seed,
    strategy,
    local: {
      loss: local.loss.name,
      optimizer: optimizerJson(where, local.optimizer),
      epochs,
      batchSize,
    },
    maxNorm,
    maxExamples,
    ...privacy,
    secure,
  };
}

function checkStrategy(
  where: string,
  strategy: Strategy,
  { minimum, maxNorm }: FederationOptions,
  central: boolean,
): void {
  if (!central) return;
  if (strategy.combine !== undefined) {
    throw new UnsupportedError(
      `${where}: central privacy adds noise to the sum of updates, which ${strategy.name} does not form`,
      { remedy: 'Use fedAvg, fedProx, fedAvgM or fedAdam, or local privacy' },
    );
  }
  if (minimum !== undefined || maxNorm !== undefined) {
    throw new UnsupportedError(
      `${where}: ${minimum === undefined ? 'maxNorm' : 'minimum'} would make a round depend on who takes part in it, which central privacy hides`,
      { remedy: 'Leave it out: updates are clipped, and the noise is for any number of them' },
    );
  }
}

/** An optimiser as the data it is made of again. @throws UnsupportedError where it is not one of Ketwork's. */
function optimizerJson(where: string, { name, settings }: Optimizer): OptimizerJson {
  const json = { name, settings };
  try {
    optimizerFromJSON(json);
  } catch (cause) {
    throw new UnsupportedError(
      `${where}: participants could not make the optimiser again: ${(cause as Error).message}`,
      {
        remedy: 'Use sgd, rmsprop, adam or adamw, with a number or one of schedules as its rate',
        cause,
      },
    );
  }
  return json;
}

/** The state before the first round. */
export function freshState(plan: RoundsPlan): RoundsState {
  return {
    identity: identityOf(plan),
    run: plan.run,
    round: 1,
    attempt: 1,
    weights: plan.weights.slice(),
    strategy: plan.strategy.init?.(plan.layout.trained) ?? {},
    history: [],
    epsilons: {},
  };
}

/** What must be the same when a federation goes on, as text. The number of rounds may grow. */
function identityOf(plan: RoundsPlan): string {
  const { layout, population, clients, minimum, seed, strategy, local, central, privacy, secure } =
    plan;
  const { name, settings } = strategy;
  return JSON.stringify({
    layout: layout.entries.map((entry) => `${entry.name} [${entry.shape.join(', ')}]`),
    population,
    clients,
    minimum,
    seed,
    strategy: { name, settings },
    local,
    central,
    privacy,
    secure,
  });
}

/** @throws ValueError where a state belongs to a federation with other settings, naming those. */
export function checkIdentity(plan: RoundsPlan, state: RoundsState): void {
  const remedy = 'Go on with the settings it had, or start anew';
  if (state.run !== plan.run) {
    throw new ValueError(`the saved state belongs to the run ${state.run}, not ${plan.run}`, {
      remedy,
    });
  }
  if (state.weights.length !== plan.layout.size) {
    throw new ValueError(
      `the saved state has ${state.weights.length} weights, the model shares ${plan.layout.size}`,
      { remedy },
    );
  }
  const here = identityOf(plan);
  if (state.identity === here) return;
  const [saved, mine] = [state.identity, here].map(
    (text) => JSON.parse(text) as Readonly<Record<string, unknown>>,
  );
  const names = [...new Set([...Object.keys(saved!), ...Object.keys(mine!)])];
  const shown = (value: unknown): string => JSON.stringify(value) ?? 'none';
  const other = names
    .filter((name) => shown(saved![name]) !== shown(mine![name]))
    .map((name) => `${name} (${shown(saved![name])} there, ${shown(mine![name])} here)`);
  throw new ValueError(`the saved state belongs to a federation with another ${other.join(', ')}`, {
    remedy,
  });
}
