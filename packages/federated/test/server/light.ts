// Participants and models without layers, so that tests of the protocol are about nothing else.
import { crossEntropy, sgd } from '@ketwork/nn';
import { Caller } from '../../src/client/caller.ts';
import type { SecurePolicy } from '../../src/client/follower.ts';
import { participation } from '../../src/client/participant.ts';
import type { Farewell, ParticipantRound } from '../../src/client/participant.ts';
import { fetchTransport } from '../../src/client/transport.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { FederationStart } from '../../src/rounds/plan.ts';
import type {
  FederationOptions,
  RoundRecord,
  SecureAggregationOptions,
  WeightsLayout,
} from '../../src/contract.ts';
import { planOf } from '../../src/rounds/plan.ts';
import { Rounds } from '../../src/rounds/rounds.ts';
import { sumSecurely } from '../../src/secure/round.ts';
import { openCoordinator } from '../../src/server/coordinator.ts';
import type { CoordinatorModel } from '../../src/server/coordinator.ts';
import type { FederateOptions, Federation } from '../../src/server/options.ts';
import type { TrainAnswer, TrainBody } from '../../src/wire/protocol.ts';

export const layout: WeightsLayout = {
  entries: [
    { name: '0.weight', shape: [2, 3] },
    { name: '0.bias', shape: [2] },
  ],
  size: 8,
  trained: 8,
};

export const tokenOf = (name: string): string => `token-of-${name}-0123456789`;

function tokensOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, tokenOf(name)]));
}

/** A model that is only its weights. */
export function lightModel(
  size: number = layout.size,
): CoordinatorModel & { weights: Float64Array } {
  const entries = size === layout.size ? layout.entries : [{ name: 'w', shape: [size] }];
  const start: Omit<FederationStart, 'run' | 'population'> = {
    layout: { entries, size, trained: size },
    weights: Float64Array.from({ length: size }, (_, i) => i / 10),
  };
  return {
    start,
    weights: start.weights,
    adopt(weights) {
      this.weights = weights;
    },
    evaluate: async () => undefined,
    keep: async () => {},
  };
}

const usual: FederationOptions = {
  rounds: 3,
  seed: 5,
  local: { loss: crossEntropy, optimizer: sgd(0.1) },
};

/** A coordinator for these participants. */
export async function coordinate(
  names: readonly string[],
  options: Partial<FederateOptions> = {},
  model: CoordinatorModel = lightModel(),
): Promise<Federation> {
  return openCoordinator(model, { ...usual, tokens: tokensOf(names), ...options });
}

/** What a light participant answers: something that depends on all it was told, its name and nothing else. */
export function trainLight(name: string, { task, weights }: TrainBody): TrainAnswer {
  const pull = ((task.seed % 97) + name.length + task.round) / 100;
  return {
    examples: 10 + name.length,
    weights: weights.map((value, i) => value * 0.9 + Math.sin(i + pull)),
    loss: 1 / task.round,
  };
}

export interface LightOptions {
  readonly train?: (body: TrainBody) => TrainAnswer | Promise<TrainAnswer>;
  readonly transport?: (usual: Transport) => Transport;
  readonly token?: string;
  readonly layoutText?: string;
  readonly giveUpAfter?: number;
  readonly size?: number;
  readonly signal?: AbortSignal;
  readonly secure?: SecurePolicy;
}

/** Takes part to the end; what happened in its rounds, and the end. */
export async function takePart(
  url: string,
  name: string,
  options: LightOptions = {},
): Promise<{ rounds: ParticipantRound[]; end: Farewell }> {
  const { signal = new AbortController().signal, size = layout.size } = options;
  const plain = fetchTransport(new URL(url), options.token ?? tokenOf(name), fetch);
  const transport = options.transport?.(plain) ?? plain;
  const text = size === layout.size ? layout.entries : [{ name: 'w', shape: [size] }];
  const steps = participation({
    caller: new Caller(transport, options.giveUpAfter ?? 20, 65_536 + 8 * size, signal, 0.1),
    hello: { layout: options.layoutText ?? JSON.stringify(text) },
    size,
    train: async (body) => options.train?.(body) ?? trainLight(name, body),
    signal,
    secure: options.secure,
  });
  const rounds: ParticipantRound[] = [];
  for (;;) {
    const step = await steps.next();
    if (step.done === true) return { rounds, end: step.value };
    rounds.push(step.value);
  }
}

/** The weights after rounds in which the same participants were asked and answered, nothing having gone wrong. */
export function undisturbed(
  history: readonly RoundRecord[],
  population: number,
  options: Partial<FederationOptions> = {},
  size: number = layout.size,
): Float64Array {
  const { start } = lightModel(size);
  const all = { ...usual, rounds: history.length, ...options };
  const rounds = new Rounds(planOf('test', all, { ...start, run: 'other', population }));
  for (const { selected, participants } of history) {
    const { weights, round, task } = rounds.open(selected);
    for (const name of participants) {
      const answer = trainLight(name, { task: task(name), weights });
      rounds.accept({ ...answer, run: 'other', round }, name);
    }
    if (rounds.close(0) === 'repeat') throw new Error('the round has too few updates');
  }
  return rounds.state.weights;
}

/** Secure aggregation for light participants. */
export const secureAggregation: SecureAggregationOptions = { clippingNorm: 10 };

/** The weights after rounds in which the updates of the same participants were added without masks. */
export async function addedOpenly(
  history: readonly RoundRecord[],
  population: number,
): Promise<Float64Array> {
  const { start } = lightModel();
  const options: FederationOptions = {
    ...usual,
    rounds: history.length,
    secureAggregation: { ...secureAggregation, protocol: 'sum-only' },
  };
  const rounds = new Rounds(planOf('test', options, { ...start, run: 'other', population }));
  for (const { selected, participants } of history) {
    const open = rounds.open(selected);
    const { round, weights } = open;
    const updates = participants.map((name) => {
      const answer = trainLight(name, { task: open.task(name), weights });
      return [name, { ...answer, run: 'other', round }] as const;
    });
    rounds.closeSummed((await sumSecurely(rounds.plan, open, new Map(updates)))!, 0);
  }
  return rounds.state.weights;
}
