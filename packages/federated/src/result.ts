import type { ShapedArray } from '@ketwork/nn';
import type { RoundRecord } from './contract.ts';
import type { ParticipantState } from './local/round.ts';
import type { FederationPrivacyReport } from './privacy/report.ts';
import type { RoundsState } from './rounds/state.ts';

/** Where a federation stands: plain data and arrays, which `stateToBytes` writes down. */
export interface FederationState {
  /** The rounds: weights, history, what the strategy keeps. */
  readonly rounds: RoundsState;
  /** What participants keep, by name; of those that have trained. In a real federation it stays with them. */
  readonly participants: Readonly<Record<string, ParticipantState>>;
}

/** How a federation ended. */
export interface FederationResult {
  /** `completed` all rounds, `stopped` by a callback, or `aborted` by the signal or by leaving the loop. */
  readonly reason: 'completed' | 'stopped' | 'aborted';
  /** One entry per finished round, those before a resume included. */
  readonly history: readonly RoundRecord[];
  /** Where it stands; what `state` takes to go on. */
  readonly state: FederationState;
  /** Personal parameters and buffers of every participant that has trained, by its name, ready for `loadState`. */
  readonly personal: Readonly<Record<string, Readonly<Record<string, ShapedArray>>>>;
  /** What is guaranteed, where the federation is private. */
  readonly privacy?: FederationPrivacyReport;
  /** Seconds of this run. */
  readonly seconds: number;
}
