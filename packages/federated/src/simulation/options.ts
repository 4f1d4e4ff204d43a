import { UnsupportedError, ValueError, sizeOf } from '@ketwork/base';
import type { KetworkError } from '@ketwork/base';
import { lossNamed } from '@ketwork/nn';
import type { Loss, Model, Shape } from '@ketwork/nn';
import { fit, modelFromJSON } from '@ketwork/training';
import type { FitOptions, TrainingData } from '@ketwork/training';
import type { FederationOptions, RoundTask, Update } from '../contract.ts';
import type { UpdateFault } from '../errors.ts';
import { fitOptions } from '../local/round.ts';
import type { LocalModel } from '../local/round.ts';
import type { FederationState } from '../result.ts';
import { inOrder } from '../rounds/keys.ts';
import type { RoundsPlan } from '../rounds/state.ts';
import { taskOf } from '../rounds/task.ts';

/** Worker threads of {@link simulate}. */
export interface SimulationWorkers {
  /** Number of threads; with 1 the work stays in the calling thread. */
  readonly count: number;
  /**
   * A module with what workers need to make model and loss again beyond those of Ketwork: its exports `kinds` (rules of
   * layers by kind, as for `layerFromJSON`) and `losses` (an array). Every worker imports it.
   */
  readonly module?: URL;
}

/** Faults to inject. Both must depend on their arguments only where results shall be repeatable. */
export interface SimulationFaults {
  /** Whether a participant that was selected never answers; it does not train then. */
  readonly drops?: (participant: string, task: RoundTask) => boolean;
  /** What arrives instead of an update; `undefined`: nothing. */
  readonly sends?: (update: Update, participant: string, task: RoundTask) => unknown;
}

/** What happened within a round of a simulation. */
export interface SimulationEvent {
  /** An update counts, was refused, or never came; or its participant could not train. */
  readonly type: 'accepted' | 'refused' | 'dropped' | 'failed';
  /** Number of the round, from 1. */
  readonly round: number;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Whose update it is. */
  readonly participant: string;
  /** Why it was refused. */
  readonly fault?: UpdateFault;
  /** Why its participant could not train. */
  readonly reason?: string;
  /** How many of those selected are done with, this one included. */
  readonly done: number;
  /** How many were selected. */
  readonly selected: number;
  /** Share of all rounds that is done, 0 to 1. */
  readonly progress: number;
}

/** Options of {@link simulate}. */
export interface SimulateOptions extends FederationOptions {
  /** Worker threads that train participants at the same time. The result has the same bits for any number. Default 1: no thread. */
  readonly workers?: number | SimulationWorkers;
  /** Engine for the quantum layers, where there are no workers. Default: the one that is bound, else the CPU in this thread. */
  readonly engine?: FitOptions['engine'];
  /** Faults to inject. Default: none. */
  readonly faults?: SimulationFaults;
  /**
   * What becomes of a participant that cannot train, as where its loss is not finite: `throw`, the default, ends the simulation
   * with its error; `drop` goes on without its answer, as a coordinator over HTTP does.
   */
  readonly failures?: 'throw' | 'drop';
  /** Called when a participant of a round is done with, in the order in which that happens. */
  readonly onEvent?: (event: SimulationEvent) => void;
  /** Where to go on from: the state of a simulation with the same settings, of which only `rounds` may be larger. Default: the start. */
  readonly state?: FederationState;
}

/** Data of participants: a list, whose names are numbers of equal length such as `07`, or by name. */
export type Datasets = readonly TrainingData[] | Readonly<Record<string, TrainingData>>;

/** The data by name, in the order of names. @throws ValueError where there are none. */
export function byName(datasets: Datasets): ReadonlyMap<string, TrainingData> {
  const entries: readonly (readonly [string, TrainingData])[] = Array.isArray(datasets)
    ? (datasets as readonly TrainingData[]).map((data, i) => [
        String(i).padStart(String(datasets.length - 1).length, '0'),
        data,
      ])
    : Object.entries(datasets as Readonly<Record<string, TrainingData>>);
  if (entries.length === 0)
    throw new ValueError('simulate: there are no participants', {
      remedy: 'Give the data of at least one',
    });
  const all = new Map(entries);
  return new Map(inOrder(all.keys()).map((name) => [name, all.get(name)!]));
}

/** Workers as they were checked. */
export interface SimulationTeam {
  readonly count: number;
  readonly module: string | undefined;
}

/** Checks the option `workers`, and that workers can make model and loss again. */
export function simulationTeam(
  model: Model,
  loss: Loss,
  { workers = 1, engine }: SimulateOptions,
): SimulationTeam {
  const { count, module } = typeof workers === 'number' ? { count: workers } : workers;
  if (!Number.isSafeInteger(count) || count < 1)
    throw new ValueError(`simulate: the number of workers is ${count}, not a positive integer`);
  if (module !== undefined && !(module instanceof URL))
    throw new ValueError('simulate: workers.module is not a URL', {
      remedy: "Give new URL('./my-layers.js', import.meta.url)",
    });
  if (count > 1 && engine !== undefined)
    throw new UnsupportedError('simulate: an engine cannot be shared by workers', {
      remedy: 'Leave out engine, each worker has a CPU engine of its own, or leave out workers',
    });
  if (count > 1 && module === undefined) {
    const remedy =
      "Give its rules in a module, workers: { count, module: new URL('./my-layers.js', import.meta.url) }, or use no workers";
    if (lossNamed(loss.name) !== loss)
      throw new UnsupportedError(`simulate: workers do not know the loss '${loss.name}'`, {
        remedy,
      });
    try {
      modelFromJSON(structuredClone(model.toJSON()));
    } catch (cause) {
      const why = (cause as KetworkError).message;
      throw new UnsupportedError(`simulate: workers could not make the model again: ${why}`, {
        remedy,
        cause,
      });
    }
  }
  return { count, module: module?.href };
}

/** The input shape of the model. @throws ValueError where nobody knows it. */
export function inputShapeOf(model: Model, first: TrainingData): Shape {
  const shape = model.network?.inputShape ?? model.inputShape ?? first.inputShape;
  if (shape === undefined)
    throw new ValueError('simulate: the input shape of the model is not known', {
      remedy:
        'Give the data an inputShape, build the model first, or name it in the first layer, such as dense(784, 4)',
    });
  return shape;
}

/** Refuses data and settings with which some participant could not train, before any does. */
export function checkTraining(
  local: LocalModel,
  datasets: ReadonlyMap<string, TrainingData>,
  plan: RoundsPlan,
): void {
  const size = sizeOf(local.network.inputShape);
  for (const [name, data] of datasets) {
    try {
      if (data.inputs.length === 0 || data.inputs.length % size !== 0) {
        throw new ValueError(
          `${data.inputs.length} numbers are not one or more inputs of ${size} numbers each`,
        );
      }
      // What fit checks, it checks when it is called; nothing is trained before it is awaited.
      void fit(local.model, data, fitOptions(local, data, taskOf(plan, name, 1, 1, datasets.size)));
    } catch (error) {
      throw namedError(`simulate: participant ${name}`, error);
    }
  }
}

/** The same error with the place before its message. */
export function namedError(where: string, error: unknown): unknown {
  if (error instanceof UnsupportedError)
    return new UnsupportedError(`${where}: ${error.message}`, { cause: error });
  if (error instanceof ValueError)
    return new ValueError(`${where}: ${error.message}`, { cause: error });
  return error;
}
