import type { RoundRecord } from '../contract.ts';
import type { Rounds } from '../rounds/rounds.ts';
import type { SavedRounds } from './driver.ts';
import type { Exchange } from './exchange.ts';
import type { Traffic } from './traffic.ts';

/** A participant as the coordinator sees it. */
export interface ParticipantStatus {
  /** Its name. */
  readonly name: string;
  /** Whether it was heard of lately. */
  readonly present: boolean;
  /** Whether it takes part in the open round. */
  readonly selected: boolean;
  /** Whether its update for the open round has come. */
  readonly answered: boolean;
  /** In how many finished rounds its update counts. */
  readonly rounds: number;
}

/** Where a federation stands: what `/status` answers, as JSON. Numbers that are not finite are `null` there. */
export interface FederationStatus {
  /** Name of the run. */
  readonly run: string;
  /** `waiting` for participants, `training` in a round, or `finished`. */
  readonly phase: 'waiting' | 'training' | 'finished';
  /** How it ended, where it did: `completed`, `stopped`, `aborted` or `failed`. */
  readonly reason?: string;
  /** Rounds that are done. */
  readonly done: number;
  /** Rounds that there will be. */
  readonly rounds: number;
  /** Attempt at the open or next round, from 1. */
  readonly attempt: number;
  /** Name and settings of the strategy. */
  readonly strategy: { readonly name: string; readonly settings: Readonly<Record<string, number>> };
  /** Numbers in the shared weights. */
  readonly size: number;
  /** All participants that exist, in the order of names. */
  readonly participants: readonly ParticipantStatus[];
  /** Finished rounds: losses, evaluation, ε, who took part. `/status?since=7` has those after round 7 only. */
  readonly history: readonly RoundRecord[];
  /** ε spent so far, where the federation is private. */
  readonly epsilon?: number;
  /** δ that belongs to it. */
  readonly delta?: number;
  /** Bytes of bodies received and sent by this process. */
  readonly bytes: { readonly received: number; readonly sent: number };
  /** Requests refused by this process, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Seconds since the federation began, those between processes left out. */
  readonly seconds: number;
}

/** Counts in how many rounds participants took part: a round that is saved does not change, and is counted once. */
export class Tally {
  readonly #counts: Map<string, number> = new Map();
  #rounds = 0;

  /** The counts after so many rounds, not fewer than last time. */
  after(done: number, history: readonly RoundRecord[]): ReadonlyMap<string, number> {
    for (; this.#rounds < done; this.#rounds++) {
      for (const name of history[this.#rounds]!.participants)
        this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
    return this.#counts;
  }
}

/** Makes the status; of rounds it tells those that are saved, with records of those after `since`. */
export function statusOf(
  rounds: Rounds,
  { done, attempt }: SavedRounds,
  exchange: Exchange,
  traffic: Traffic,
  names: readonly string[],
  ended: string | undefined,
  seconds: number,
  tally: Tally,
  since: number,
): FederationStatus {
  const { plan, state, current } = rounds;
  const present = new Set(exchange.present());
  const selected = new Set(current?.selected);
  // In a secure sum nobody's update is known to the rounds: there it is the answers to the open question.
  const answered = new Set(plan.secure === undefined ? rounds.answered : exchange.answered);
  const counts = tally.after(done, state.history);
  const { name, settings } = plan.strategy;
  const epsilon = state.history[done - 1]?.epsilon;
  const delta = plan.central?.delta ?? plan.privacy?.delta;
  return {
    run: plan.run,
    phase: ended !== undefined ? 'finished' : current === undefined ? 'waiting' : 'training',
    ...(ended === undefined ? {} : { reason: ended }),
    done,
    rounds: plan.rounds,
    attempt,
    strategy: { name, settings },
    size: plan.layout.size,
    participants: names.map((participant) => ({
      name: participant,
      present: present.has(participant),
      selected: selected.has(participant),
      answered: answered.has(participant),
      rounds: counts.get(participant) ?? 0,
    })),
    history: state.history.slice(since, Math.max(since, done)),
    ...(epsilon === undefined ? {} : { epsilon }),
    ...(delta === undefined ? {} : { delta }),
    bytes: { received: traffic.received, sent: traffic.sent },
    refused: { ...traffic.refused },
    seconds,
  };
}
