import type { NativePeers } from '../peers/native.ts';
import type { Prototypes } from '../peers/prototypes.ts';
import type { QuantumCircuitPeer } from '../peers/quantum-circuit.ts';
import type { TensorFlowPeer } from '../peers/tensorflow.ts';
import { interleave } from './measure.ts';
import type { Settings, Timer } from './measure.ts';
import { makeRow } from './row.ts';
import type { Row } from './row.ts';

/** Peers that may be absent. */
export interface Peers {
  /** Native simulators in a Python process that is held to this number of threads. */
  readonly native?: (threads: number) => Promise<NativePeers>;
  readonly prototypes?: Prototypes;
  readonly quantumCircuit?: QuantumCircuitPeer;
  readonly tensorflow?: TensorFlowPeer;
}

/** What a question is run with. */
export interface Context {
  readonly settings: Settings;
  /** Makes everything small: to see that the question works, not for figures. */
  readonly tiny?: boolean;
  readonly peers: Peers;
  /** Notes a case that is left out, and why. */
  readonly skip: (reason: string) => void;
}

/** A question: a name and a way to answer it. */
export interface Question {
  readonly name: string;
  /** Name of the file of its results, where it is not the question's. */
  readonly results?: string;
  /** The question in words. */
  readonly asks: string;
  answer(context: Context): Promise<Row[]>;
}

/** One side of a comparison. */
export interface Side {
  readonly timer: Timer;
  /** Turns seconds per call into the unit of the row. */
  readonly toUnit: (seconds: number) => number;
  /** Seconds that planning took, once, before what is timed. */
  readonly plan?: number;
}

/** A peer of a comparison. */
export interface PeerSide extends Side {
  readonly name: string;
  readonly goal?: number;
}

/** What is compared. */
export interface Comparison {
  readonly question: string;
  readonly case: string;
  readonly unit: string;
  readonly rate?: boolean;
  readonly ours: Side;
  readonly peers: readonly PeerSide[];
}

/** Measures ours and the peers in the same rounds: one row per peer, or one of ours alone. */
export async function compare(comparison: Comparison, settings: Settings): Promise<Row[]> {
  const { question, case: name, unit, rate = false, ours, peers } = comparison;
  const samples = await interleave(
    [ours, ...peers].map(({ timer }) => timer),
    settings,
  );
  const mine = samples[0]!.map(ours.toUnit);
  if (peers.length === 0) return [makeRow({ question, case: name, unit, rate, ours: mine })];
  return peers.map((peer, i) =>
    makeRow({
      question,
      case: name,
      unit,
      rate,
      ours: mine,
      peer: samples[i + 1]!.map(peer.toUnit),
      peerName: peer.name,
      ...(peer.goal === undefined ? {} : { goal: peer.goal }),
      ...(peer.plan === undefined ? {} : { plan: [ours.plan ?? 0, peer.plan] as const }),
    }),
  );
}

/** The first line of an error, for reasons in one line. */
export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** Stops a run in which the two sides do not compute the same thing. */
export function mustAgree(
  what: string,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  tolerance = 1e-9,
): void {
  if (ours.length !== theirs.length) {
    throw new Error(`${what}: ours has ${ours.length} numbers, the peer ${theirs.length}`);
  }
  for (let i = 0; i < ours.length; i++) {
    const difference = Math.abs(ours[i]! - theirs[i]!);
    if (!(difference <= tolerance * Math.max(1, Math.abs(ours[i]!)))) {
      throw new Error(`${what}: number ${i} is ${ours[i]} here and ${theirs[i]} there`);
    }
  }
}

/** Stops a run in which the two sides differ in any bit. */
export function mustBeSame(what: string, ours: Float64Array, theirs: Float64Array): void {
  mustAgree(what, ours, theirs, 0);
  const at = ours.findIndex((number, i) => !Object.is(number, theirs[i]));
  if (at >= 0) throw new Error(`${what}: number ${at} is ${ours[at]} here and ${theirs[at]} there`);
}
