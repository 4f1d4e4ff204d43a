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

/** A round as a point of the curves over rounds. */
export interface RoundPoint {
  /** Number of the round, from 1. */
  readonly round: number;
  /** Mean local loss, see {@link RoundRecord}. */
  readonly loss: number;
  /** Loss on the coordinator's own test data, where it has some. */
  readonly tested?: number;
  /** ε spent up to here, where the federation is private. */
  readonly epsilon?: number;
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
  /**
   * The last finished rounds, in order: losses, evaluation, ε, who took part. At most 200, and fewer where they name more than
   * 20,000 participants together, but always the last one. `/status?since=7` has rounds after round 7 only.
   */
  readonly history: readonly RoundRecord[];
  /**
   * The finished rounds as a curve of at most 514 points: the first, the last, and those whose number is divisible by the least
   * power of two that makes them few enough. `/status?since=7` has rounds after round 7 only.
   */
  readonly curve: readonly RoundPoint[];
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

/** Most records that one status has. */
const RECORDS = 200;
/** Most names of participants in them. */
const NAMES = 20_000;
/** Most points of a curve, the first and the last one left out. */
const POINTS = 512;

/** The last of the first `done` records, but those up to `since`. */
function lastRecords(
  history: readonly RoundRecord[],
  since: number,
  done: number,
): readonly RoundRecord[] {
  let first = done;
  let names = 0;
  for (; first > since && done - first < RECORDS; first--) {
    const { selected, participants } = history[first - 1]!;
    names += selected.length + participants.length;
    if (names > NAMES && first < done) break;
  }
  return history.slice(first, done);
}

/** Points of the same rounds. Which ones depends on their number only, so that a curve keeps its points as it grows. */
function curveOf(history: readonly RoundRecord[], since: number, done: number): RoundPoint[] {
  const points: RoundPoint[] = [];
  const add = (round: number): void => {
    const { loss, evaluation, epsilon } = history[round - 1]!;
    points.push({
      round,
      loss,
      ...(evaluation === undefined ? {} : { tested: evaluation.loss }),
      ...(epsilon === undefined ? {} : { epsilon }),
    });
  };
  let stride = 1;
  while ((done - since) / stride > POINTS) stride *= 2;
  if (since < done) add(since + 1);
  const next = Math.floor((since + 1) / stride) * stride + stride;
  for (let round = next; round < done; round += stride) add(round);
  if (since + 1 < done) add(done);
  return points;
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
    history: lastRecords(state.history, since, done),
    curve: curveOf(state.history, since, done),
    ...(epsilon === undefined ? {} : { epsilon }),
    ...(delta === undefined ? {} : { delta }),
    bytes: { received: traffic.received, sent: traffic.sent },
    refused: { ...traffic.refused },
    seconds,
  };
}
