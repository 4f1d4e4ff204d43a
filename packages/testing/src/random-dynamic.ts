import { channels } from '@ketwork/circuit';
import type { ChannelOp, Circuit, ConditionalOp, Op } from '@ketwork/circuit';
import { Random } from './random.ts';
import { randomCircuit } from './random-circuit.ts';
import type { RandomCircuitOptions } from './random-circuit.ts';
import { randomUnitary } from './random-matrix.ts';

/** Operations that make a circuit dynamic. */
export type DynamicKind = 'channel' | 'measure' | 'reset' | 'conditional';

/** What a random dynamic circuit may contain. */
export interface RandomDynamicOptions extends RandomCircuitOptions {
  /** Number of classical bits. Default 3. */
  readonly bits?: number;
  /** What to mix in. Default measurements, resets and conditionals. */
  readonly dynamic?: readonly DynamicKind[];
  /** Whether some measurements keep one outcome only. Default true. */
  readonly postselect?: boolean;
}

/**
 * A random circuit ({@link randomCircuit}) with measurements, resets, conditionals (with else-branches, loops, nested
 * ones and measurements inside) and, where asked for, channels between its operations.
 */
export function randomDynamicCircuit(
  seed: number | Random,
  options: RandomDynamicOptions,
): Circuit {
  const random = typeof seed === 'number' ? new Random(seed) : seed;
  const { bits = 3, dynamic = ['measure', 'reset', 'conditional'], postselect = true } = options;
  const base = randomCircuit(random.child(1), options);
  const all = Array.from({ length: base.qubits }, (_, qubit) => qubit);
  const allBits = Array.from({ length: bits }, (_, bit) => bit);
  const isPreparation = ({ type }: Op): boolean => type === 'statePreparation';
  const pool = base.ops.filter((op) => !isPreparation(op));

  const measurement = (): Op[] => {
    const op = { type: 'measure', qubit: random.pick(all), bit: random.pick(allBits) } as const;
    if (!postselect || !random.chance(0.2)) return [op];
    // Turned first, so that it is unlikely that no outcome is left.
    const turn = {
      type: 'gate',
      gate: 'RY',
      qubits: [op.qubit],
      angles: [random.uniform(0.7, 2.4)],
      controls: [],
    } as const;
    return [turn, { ...op, postselect: random.pick([0, 1] as const) }];
  };
  const conditional = (depth: number): ConditionalOp => {
    const read = random.sample(allBits, random.integer(1, Math.min(2, bits)));
    const condition = { bits: read, value: random.integer(2 ** read.length) };
    const then = sequence(random.integer(1, 3), depth + 1);
    if (random.chance(0.25))
      return { type: 'conditional', condition, then, otherwise: [], repeat: random.integer(1, 3) };
    const otherwise = random.chance(0.5) ? sequence(random.integer(1, 2), depth + 1) : [];
    return { type: 'conditional', condition, then, otherwise };
  };
  const extra = (depth: number): Op[] => {
    const kind = random.pick(dynamic.filter((name) => name !== 'conditional' || depth < 2));
    if (kind === 'measure') return measurement();
    if (kind === 'reset')
      return [
        { type: 'reset', qubits: random.sample(all, random.integer(1, Math.min(2, base.qubits))) },
      ];
    return [kind === 'channel' ? randomChannel(random, all) : conditional(depth)];
  };
  const sequence = (count: number, depth: number): Op[] =>
    Array.from({ length: count }, () => {
      const next = random.chance(0.6) ? pool.shift() : undefined;
      return next === undefined ? extra(depth) : [next];
    }).flat();

  const ops = base.ops.filter(isPreparation);
  while (pool.length > 0) ops.push(...sequence(1, 0));
  ops.push(...extra(0));
  return { ...base, bits, ops };
}

/** A channel of the table with random parameters, or two random Kraus matrices. */
export function randomChannel(random: Random, qubits: readonly number[]): ChannelOp {
  if (random.chance(0.25)) {
    const on = [random.pick(qubits)];
    // The first columns of a unitary on two qubits, cut in two, are complete.
    const unitary = randomUnitary(random, 4);
    const kraus = [0, 1].map((half) =>
      [0, 1].flatMap((row) =>
        [0, 1].flatMap((column) => {
          const at = 2 * ((2 * half + row) * 4 + column);
          return [unitary[at]!, unitary[at + 1]!];
        }),
      ),
    );
    return { type: 'channel', channel: 'random', qubits: on, angles: [], kraus };
  }
  const rows = channels.filter((row) => row.qubits === 'any' || row.qubits <= qubits.length);
  const row = random.pick(rows);
  const k = row.qubits === 'any' ? 1 : row.qubits;
  for (;;) {
    const angles = row
      .parameters(k)
      .map(({ min, max }) => random.uniform(min, Math.min(max, min + 1)));
    if (row.conflict?.(angles) !== undefined) {
      // Probabilities whose sum is too large: share it.
      const shared = angles.map((p) => p / angles.length);
      if (row.conflict(shared) !== undefined) continue;
      return {
        type: 'channel',
        channel: row.name,
        qubits: random.sample(qubits, k),
        angles: shared,
      };
    }
    return { type: 'channel', channel: row.name, qubits: random.sample(qubits, k), angles };
  }
}
