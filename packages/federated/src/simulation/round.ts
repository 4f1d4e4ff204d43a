import { KetworkError } from '@ketwork/base';
import type { TrainingData } from '@ketwork/training';
import { UpdateError } from '../errors.ts';
import type { ParticipantState, TrainedRound } from '../local/round.ts';
import type { Rounds } from '../rounds/rounds.ts';
import { namedError } from './options.ts';
import type { SimulateOptions, SimulationEvent } from './options.ts';
import type { Trainers } from './workers/open.ts';

/** Participants of a simulation. */
export interface Participants {
  readonly data: ReadonlyMap<string, TrainingData>;
  /** What those keep that have trained. */
  readonly states: Record<string, ParticipantState>;
  /** What the others begin with. */
  readonly fresh: ParticipantState;
  /** What was trained in this round, by name: who is asked again sends the same answer, so that nothing is spent twice. */
  readonly trained: Map<string, TrainedRound>;
}

/** Opens a round and lets everybody selected answer; `take` gets what arrives. False where it was aborted. */
export async function gatherUpdates(
  rounds: Rounds,
  participants: Participants,
  trainers: Trainers,
  take: (update: unknown, from: string) => unknown,
  { faults, failures, onEvent, signal }: SimulateOptions,
): Promise<boolean> {
  const { data, states, fresh, trained } = participants;
  const open = rounds.open(data.keys());
  const { round, attempt, selected, weights } = open;
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  let done = 0;
  const report = (
    event: Pick<SimulationEvent, 'type' | 'participant'> & Partial<SimulationEvent>,
  ): void => {
    done++;
    const progress = (round - 1 + done / selected.length) / rounds.plan.rounds;
    onEvent?.({ round, attempt, done, selected: selected.length, progress, ...event });
  };

  const one = async (participant: string): Promise<void> => {
    const task = open.task(participant);
    if (faults?.drops?.(participant, task) === true) {
      report({ type: 'dropped', participant });
      return;
    }
    let own = trained.get(participant);
    if (own === undefined) {
      const state = Object.hasOwn(states, participant) ? states[participant]! : fresh;
      try {
        own = await trainers.train(data.get(participant)!, task, weights, state, stop.signal);
      } catch (error) {
        if (stop.signal.aborted) throw error;
        if (failures !== 'drop' || !(error instanceof KetworkError))
          throw namedError(`participant ${participant}, round ${round}`, error);
        report({ type: 'failed', participant, reason: error.message });
        return;
      }
      trained.set(participant, own);
    }
    const { update } = own;
    const sent = faults?.sends === undefined ? update : faults.sends(update, participant, task);
    if (sent === undefined) {
      report({ type: 'dropped', participant });
      return;
    }
    try {
      take(sent, participant);
    } catch (error) {
      if (!(error instanceof UpdateError)) throw error;
      report({ type: 'refused', participant, fault: error.fault });
      return;
    }
    report({ type: 'accepted', participant });
  };

  const waiting = [...selected];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (stop.signal.aborted) return;
      await one(next);
    }
  };
  try {
    await Promise.all(Array.from({ length: trainers.atOnce }, lane));
  } catch (error) {
    if (!stop.signal.aborted) {
      stop.abort();
      throw error;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  return !stop.signal.aborted;
}

/** Lets participants keep what they trained in the round that is done. */
export function keepTrained({ states, trained }: Participants): void {
  for (const [name, { state }] of trained) states[name] = state;
  trained.clear();
}
