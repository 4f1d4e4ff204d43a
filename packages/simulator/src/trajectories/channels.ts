/** A channel as branches of which a trajectory takes one. */
import { channel, channelKraus, evaluateAngle } from '@ketwork/circuit';
import type { ChannelOp } from '@ketwork/circuit';
import type { Example } from '../reference/operations.ts';
import { effectOf } from './small-matrices.ts';

/** What a trajectory may do at a channel, and how likely. */
export interface Branches {
  /** Kraus matrices. */
  readonly matrices: readonly ArrayLike<number>[];
  /** `K†K` of each: its mean in the state is the branch's probability. */
  readonly effects: readonly ArrayLike<number>[];
  /** The probabilities, where they are the same in all states. */
  readonly probabilities?: Float64Array;
  /** Unitary matrices on single qubits (by position in the channel's list) that make up each branch, where they do. */
  readonly factors?: readonly (readonly {
    readonly qubit: number;
    readonly matrix: readonly number[];
  }[])[];
}

const PAULIS: Readonly<Record<string, readonly number[]>> = {
  X: [0, 0, 1, 0, 1, 0, 0, 0],
  Y: [0, 0, 0, -1, 0, 1, 0, 0],
  Z: [1, 0, 0, 0, 0, 0, -1, 0],
};

/** The values of a channel's parameters in one example. */
export function parametersOf(op: ChannelOp, example: Example): number[] {
  const read = (slot: string, index: number): number => example.element(slot, index).value;
  return op.angles.map((parameter) => evaluateAngle(parameter, read));
}

/** Pauli strings that a channel applies and their probabilities; undefined where it is no such mixture. */
export function mixtureOf(
  op: ChannelOp,
  parameters: readonly number[],
): readonly { readonly probability: number; readonly word: string }[] | undefined {
  if (op.kraus !== undefined) return undefined;
  return channel(op.channel).paulis?.(parameters, op.qubits.length);
}

/** The branches of a channel in one example. */
export function channelOf(op: ChannelOp, operation: number, example: Example): Branches {
  const parameters = parametersOf(op, example);
  const matrices = channelKraus(op, parameters);
  const mixture = mixtureOf(op, parameters);
  if (mixture !== undefined) {
    return {
      matrices: [],
      effects: [],
      probabilities: Float64Array.from(mixture, ({ probability }) => probability),
      factors: mixture.map(({ word }) =>
        [...word].flatMap((letter, qubit) => {
          const matrix = PAULIS[letter];
          return matrix === undefined ? [] : [{ qubit, matrix }];
        }),
      ),
    };
  }
  const d = 2 ** op.qubits.length;
  const effects = matrices.map((matrix) => effectOf(matrix, d));
  const probabilities = effects.map((effect) => multipleOfIdentity(effect, d));
  return {
    matrices,
    effects,
    ...(probabilities.every((p) => p !== undefined) && {
      probabilities: Float64Array.from(probabilities),
    }),
  };
}

/** The factor of the identity that a d × d matrix is, undefined where it is none. */
function multipleOfIdentity(m: ArrayLike<number>, d: number): number | undefined {
  const factor = m[0] as number;
  for (let i = 0; i < 2 * d * d; i++) {
    const wanted = i % (2 * d + 2) === 0 ? factor : 0;
    if (Math.abs((m[i] as number) - wanted) > 1e-14) return undefined;
  }
  return factor;
}
