import { ValueError, awaitableSteps } from '@ketwork/base';
import type { AwaitableSteps } from '@ketwork/base';
import { couplingLayer } from '@ketwork/nn';
import type { Model, ShapedArray } from '@ketwork/nn';
import { evaluate } from '@ketwork/training';
import type { TrainingData } from '@ketwork/training';
import type { RoundRecord } from './contract.ts';
import { gather, modelWeights, scatter } from './local/layout.ts';
import { newParticipant } from './local/round.ts';
import type { LocalModel, ParticipantState } from './local/round.ts';
import { privacyReport } from './privacy/report.ts';
import type { FederationResult, FederationState } from './result.ts';
import { checkGiven, planOf } from './rounds/plan.ts';
import { Rounds } from './rounds/rounds.ts';
import { byName, checkTraining, inputShapeOf, simulationTeam } from './simulation/options.ts';
import type { Datasets, SimulateOptions, SimulationTeam } from './simulation/options.ts';
import { gatherUpdates, keepTrained } from './simulation/round.ts';
import type { Participants } from './simulation/round.ts';
import { SecretUpdates } from './simulation/secret.ts';
import { openTrainers } from './simulation/workers/open.ts';

/** A simulated federation: loop over its rounds, or await its result, or both one after the other. It starts with either. */
export interface Simulation extends AwaitableSteps<RoundRecord, FederationResult> {
  /** Where it stands between rounds, to be written down with `stateToBytes`. */
  readonly state: FederationState;
}

/**
 * A federation in one process: the same rounds as over HTTP, bit for bit, with participants that train one after the other
 * or in worker threads. A model that is not built yet is built from the seed. While it runs, the model has the shared weights
 * of the last finished round whenever a round is yielded; at the end those of the last one. Its personal parameters stay
 * as they are; those of the participants are in the result.
 *
 * The same seed, data and options give the same bits, for any number of workers and also where the run was interrupted and
 * goes on from its state, except with cryptographic noise.
 *
 * @param datasets Data of every participant.
 * @returns The simulation, see {@link Simulation}. It rejects with ValueError where training diverges, naming participant and
 * round; with EnvironmentError where a round gets too few updates again and again; with what layers, loss and engine throw.
 * @throws ValueError where options or data do not fit; UnsupportedError where options exclude each other, such as central
 * privacy and a strategy that needs single updates, or workers could not make the model again.
 * @example
 * ```ts
 * import { fedAvg, partitionIid, simulate } from '@ketwork/federated';
 * import { binaryCrossEntropy, dense, sequential, sgd, tanh } from '@ketwork/nn';
 * const inputs = Array.from({ length: 400 }, (_, i) => Math.sin(i * i));
 * const labels = Array.from({ length: 200 }, (_, e) => (inputs[2 * e]! > inputs[2 * e + 1]! ? 1 : 0));
 * const data = { inputs, labels, inputShape: [2] };
 * const model = sequential(dense(2, 8), tanh(), dense(8, 1));
 * const { history } = await simulate(model, partitionIid(data, 10, { seed: 1 }), {
 *   rounds: 20,
 *   clients: 5,
 *   strategy: fedAvg(),
 *   local: { loss: binaryCrossEntropy, optimizer: sgd(0.5), epochs: 2, batchSize: 10 },
 *   seed: 1,
 *   evaluation: data,
 * });
 * console.log(history.at(-1)!.evaluation!.metrics['accuracy']! > 0.9); // true
 * ```
 */
export function simulate(model: Model, datasets: Datasets, options: SimulateOptions): Simulation {
  checkGiven('simulate', options);
  const all = byName(datasets);
  const { local: training, seed, personal = [], engine } = options;
  const team = simulationTeam(model, training.loss, options);
  const inputShape = inputShapeOf(model, all.values().next().value!);
  const network = model.network ?? model.build(inputShape, seed);
  const weights = modelWeights('simulate', network, personal);
  const plan = planOf('simulate', options, {
    run: options.state?.rounds.run ?? 'simulation',
    layout: weights.layout,
    weights: gather(weights.shared),
    population: all.size,
    coupling: network.couplesExamples ? couplingLayer(network) : undefined,
  });
  const rounds = new Rounds(plan, options.state && structuredClone(options.state.rounds));
  const local: LocalModel = { model, network, weights, losses: [training.loss], engine };
  checkTraining(local, all, plan);
  const participants = participantsOf(local, all, options.state);
  const state: FederationState = { rounds: rounds.state, participants: participants.states };
  const left = { value: false };
  const steps = simulated(local, rounds, participants, team, state, options, left);
  const run = awaitableSteps('simulate', steps, () => (left.value = true));
  return Object.assign(run, { state });
}

function participantsOf(
  local: LocalModel,
  data: ReadonlyMap<string, TrainingData>,
  saved: FederationState | undefined,
): Participants {
  const states: Record<string, ParticipantState> = structuredClone(saved?.participants ?? {});
  const fresh = newParticipant(local);
  for (const [name, { personal }] of Object.entries(states)) {
    if (data.has(name) && personal.length === fresh.personal.length) continue;
    throw new ValueError(`simulate: the saved state has a participant ${name} that does not fit`, {
      remedy: 'Go on with the same data and the same personal layers',
    });
  }
  return { data, states, fresh, trained: new Map() };
}

async function* simulated(
  local: LocalModel,
  rounds: Rounds,
  participants: Participants,
  team: SimulationTeam,
  state: FederationState,
  options: SimulateOptions,
  left: { readonly value: boolean },
): AsyncGenerator<RoundRecord, FederationResult> {
  const { signal, evaluation, onRound, local: training, metrics, engine } = options;
  const { shared, personal } = local.weights;
  const trainers = openTrainers(local, options.personal ?? [], team);
  const start = performance.now();
  const before = rounds.state.history.at(-1)?.seconds ?? 0;
  const seconds = (): number => (performance.now() - start) / 1000;
  const showWeights = (): void => {
    scatter(shared, rounds.state.weights);
    scatter(personal, participants.fresh.personal);
  };
  const secret = rounds.plan.secure === undefined ? undefined : new SecretUpdates(rounds);
  const take = (update: unknown, from: string): unknown =>
    secret === undefined ? rounds.accept(update, from) : secret.take(update, from);
  const close = (now: () => number): RoundRecord | 'repeat' | Promise<RoundRecord | 'repeat'> =>
    secret === undefined ? rounds.close(now()) : secret.close(now);
  const finish = (reason: FederationResult['reason']): FederationResult => {
    const privacy = privacyReport(rounds.plan, rounds.state);
    return {
      reason,
      history: rounds.state.history,
      state,
      personal: personalArrays(local, participants.states),
      ...(privacy === undefined ? {} : { privacy }),
      seconds: seconds(),
    };
  };
  try {
    while (!rounds.finished) {
      if (left.value || signal?.aborted === true) return finish('aborted');
      const whole = await gatherUpdates(rounds, participants, trainers, take, options);
      if (!whole) {
        rounds.abandon();
        return finish('aborted');
      }
      let record = await close(() => before + seconds());
      showWeights();
      if (record === 'repeat') continue;
      keepTrained(participants);
      if (evaluation !== undefined) {
        record = rounds.evaluated(
          await evaluate(local.model, evaluation, {
            loss: training.loss,
            ...(metrics === undefined ? {} : { metrics }),
            ...(engine === undefined ? {} : { engine }),
          }),
        );
      }
      const stop = (await onRound?.(record)) === 'stop';
      yield record;
      if (stop) return finish('stopped');
    }
    return finish('completed');
  } finally {
    showWeights();
    trainers.close();
  }
}

/** Personal arrays of participants by name, copied. */
function personalArrays(
  { weights: { personal } }: LocalModel,
  states: Readonly<Record<string, ParticipantState>>,
): FederationResult['personal'] {
  if (personal.length === 0) return {};
  return Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      let at = 0;
      const arrays = personal.map(({ name: array, shape, data }): [string, ShapedArray] => [
        array,
        { shape, data: state.personal.slice(at, (at += data.length)) },
      ]);
      return [name, Object.fromEntries(arrays)];
    }),
  );
}
