import { UnsupportedError, ValueError, sizeOf } from '@ketwork/base';
import { lossNamed, optimizerFromJSON } from '@ketwork/nn';
import type { BuiltLayer, Loss, Model } from '@ketwork/nn';
import { fit } from '@ketwork/training';
import type { FitOptions, SampledGaussian, TrainingData } from '@ketwork/training';
import type { RoundTask, Update } from '../contract.ts';
import { gather, scatter } from './layout.ts';
import type { ModelWeights } from './layout.ts';
import type { PrivacyLedger } from './ledger.ts';
import { addNoise, clip, privateTraining, spentByAnswers, spentByTraining } from './privacy.ts';
import { anchorsOf, withProximalTerm } from './proximal.ts';

/** A built model in which rounds are trained, one after the other. */
export interface LocalModel {
  readonly model: Model;
  readonly network: BuiltLayer;
  readonly weights: ModelWeights;
  /** Losses beyond those of Ketwork. */
  readonly losses: readonly Loss[];
  /** Engine for quantum layers. Undefined: the one that is bound, else the CPU. */
  readonly engine: FitOptions['engine'] | undefined;
  /** Keeps account of what is told, and refuses rounds that would tell too much. Absent: the coordinator decides. */
  readonly ledger?: PrivacyLedger;
  /** Most epochs of a round. Absent: any number. */
  readonly maxEpochs?: number;
}

/** What a participant keeps between rounds. */
export interface ParticipantState {
  /** Values of its personal parameters and buffers. */
  readonly personal: Float64Array;
  /** Rounds it has trained, which is what privacy was spent on. */
  readonly rounds: number;
  /** What those have spent by the participant's own account, which it keeps over HTTP. */
  readonly spent?: readonly SampledGaussian[];
}

/** What came of a participant's round. */
export interface TrainedRound {
  readonly update: Update;
  readonly state: ParticipantState;
}

/** The state of a participant before its first round. */
export function newParticipant({ weights }: LocalModel): ParticipantState {
  return { personal: gather(weights.personal), rounds: 0 };
}

/**
 * A participant's round: from the coordinator's weights to an update. Everything that a participant does, simulated or
 * over HTTP, is done here; the result depends on the arguments only (but for cryptographic noise).
 *
 * @param weights Those of the coordinator, `[size]`; left as they are.
 * @throws ValueError where the task has more epochs than the participant trains; what `fit` throws; the signal's reason where it is aborted.
 */
export async function trainRound(
  local: LocalModel,
  data: TrainingData,
  task: RoundTask,
  weights: Float64Array,
  state: ParticipantState,
  signal?: AbortSignal,
): Promise<TrainedRound> {
  const { model, network, maxEpochs = Infinity } = local;
  if (task.epochs > maxEpochs)
    throw new ValueError(
      `round ${task.round} shall have ${task.epochs} epochs, more than the ${maxEpochs} that this participant trains`,
      { remedy: 'Raise maxEpochs where the coordinator means it' },
    );
  const { layout, shared, personal } = local.weights;
  scatter(shared, weights);
  scatter(personal, state.personal);
  const options = fitOptions(local, data, task);
  const examples = data.inputs.length / sizeOf(network.inputShape);
  local.ledger?.admit(task, options, examples);
  const result = await fit(model, data, signal === undefined ? options : { ...options, signal });
  if (result.reason !== 'completed') throw signal?.reason ?? new Error(result.reason);
  const after = gather(shared);
  const rounds = state.rounds + 1;
  const { clippingNorm, privacy } = task;
  if (clippingNorm !== undefined) clip(after, weights, layout.trained, clippingNorm);
  if (privacy?.kind === 'local') addNoise(after, weights, layout.trained, privacy, task);
  const { run, round } = task;
  const spent =
    privacy === undefined
      ? { loss: result.history.at(-1)!.loss }
      : {
          epsilon:
            privacy.kind === 'local'
              ? spentByAnswers(privacy, rounds)
              : spentByTraining(
                  options.privacy!,
                  { epochs: task.epochs, batchSize: options.batchSize! },
                  examples,
                  rounds,
                ),
        };
  return {
    update: { run, round, examples, weights: after, ...spent },
    state: {
      personal: gather(personal),
      rounds,
      ...(local.ledger === undefined ? {} : { spent: local.ledger.spent }),
    },
  };
}

/** How `fit` trains a round. @throws UnsupportedError where the task names an unknown loss or optimiser. */
export function fitOptions(
  { network, weights, losses, engine }: LocalModel,
  data: TrainingData,
  task: RoundTask,
): FitOptions {
  const { epochs, firstEpoch, seed, proximal, privacy } = task;
  const loss = losses.find(({ name }) => name === task.loss) ?? lossNamed(task.loss);
  if (loss === undefined) {
    throw new UnsupportedError(`the participant does not know the loss '${task.loss}'`, {
      remedy: 'Use one of Ketwork, such as crossEntropy',
    });
  }
  const optimizer = optimizerFromJSON(task.optimizer);
  const examples = data.inputs.length / sizeOf(network.inputShape);
  // Private steps cannot expect more examples than there are.
  const batchSize =
    privacy?.kind === 'examples' ? Math.min(task.batchSize, examples) : task.batchSize;
  return {
    loss,
    optimizer:
      proximal === 0
        ? optimizer
        : withProximalTerm(
            optimizer,
            proximal,
            anchorsOf(network, new Set(weights.shared.map((one) => one.data))),
          ),
    epochs,
    firstEpoch,
    batchSize,
    seed,
    metrics: [],
    ...(engine === undefined ? {} : { engine }),
    ...(privacy?.kind === 'examples'
      ? { privacy: privateTraining(privacy, { epochs, batchSize }, examples) }
      : {}),
  };
}
