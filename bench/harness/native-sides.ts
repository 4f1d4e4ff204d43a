import type { CircuitTask, NativeName, NativePeers, Prepared } from '../peers/native.ts';
import { tolerances } from './engines.ts';
import { firstLine, mustAgree } from './question.ts';
import type { Context, PeerSide } from './question.ts';

/** A peer in one of its ways of working, on the first examples of the batch. */
export interface NativeMode {
  readonly peer: NativeName;
  readonly mode?: string;
  /** Examples it is timed on, so that a call stays short and its memory small. Default: the whole batch. */
  readonly examples?: number;
  readonly goal?: number;
}

/** Sides ready to be timed, which agree with ours. */
export interface NativeSides {
  readonly sides: readonly PeerSide[];
  /** Names and peers of the sides, in their order. */
  readonly modes: readonly NativeMode[];
  /** Frees what the Python process holds for them. */
  drop(): Promise<void>;
}

/**
 * Makes native peers ready and compares what they compute with ours, probabilities of probed basis states included. A
 * peer that cannot do the task is left out with its reason.
 */
export async function nativeSides(
  { skip }: Context,
  native: NativePeers | undefined,
  label: string,
  task: Omit<CircuitTask, 'peer' | 'mode'>,
  modes: readonly NativeMode[],
  expected: (examples: number) => ArrayLike<number>,
  toUnit: (examples: number) => (seconds: number) => number,
  probabilities: readonly number[] = [],
): Promise<NativeSides> {
  const found: { side: PeerSide; mode: NativeMode; prepared: Prepared }[] = [];
  for (const mode of modes) {
    const { peer, examples = task.batch, goal } = mode;
    if (native === undefined || !native.has(peer)) continue;
    const features = (task.x?.length ?? 0) / task.batch;
    const x = task.x === undefined ? {} : { x: task.x.subarray(0, examples * features) };
    const own = { ...task, ...x, peer, batch: examples, mode: mode.mode ?? '' };
    const prepared = await native.circuit(own).catch((error: unknown) => {
      skip(`${label}: ${peer} ${own.mode}: ${firstLine(error)}`.replace(' :', ':'));
    });
    if (prepared === undefined) continue;
    const tolerance = tolerances[task.precision];
    mustAgree(`${label}, ${prepared.name}`, expected(examples), prepared[task.what], tolerance);
    if (prepared.probabilities.length > 0) {
      // Of the size of their average, a probability of 2^-n.
      const scaled = (p: number): number => p * 2 ** task.circuit.qubits;
      const ours = probabilities.map(scaled);
      const theirs = prepared.probabilities.map(scaled);
      mustAgree(`${label}, probabilities of ${prepared.name}`, ours, theirs, tolerance);
    }
    const batch = task.x === undefined ? '' : `, minibatch ${examples}`;
    found.push({
      mode,
      prepared,
      side: {
        name: `${prepared.name}${batch}`,
        timer: prepared.timer,
        toUnit: toUnit(examples),
        plan: prepared.plan,
        ...(goal === undefined ? {} : { goal }),
      },
    });
  }
  return {
    sides: found.map(({ side }) => side),
    modes: found.map(({ mode }) => mode),
    async drop() {
      for (const { prepared } of found) await prepared.drop();
    },
  };
}
