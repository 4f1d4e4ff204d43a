import { channel } from '@ketwork/circuit';
import type { Angle, ChannelOp, Circuit, Op, Slot } from '@ketwork/circuit';
import { randomDynamicCircuit } from '@ketwork/testing';
import type { Random, RandomDynamicOptions } from '@ketwork/testing';

/** A random dynamic circuit; parameters of its channels come from slots, are 0 or 1, or are constants. */
export function noisyDynamicCircuit(random: Random, options: RandomDynamicOptions): Circuit {
  const drawn = randomDynamicCircuit(random.child(random.integer(2 ** 30)), options);
  return { ...drawn, ops: drawn.ops.map((op) => withParameters(random, op, drawn)) };
}

function withParameters(random: Random, op: Op, circuit: Circuit): Op {
  if (op.type === 'conditional') {
    const inside = (ops: readonly Op[]): Op[] =>
      ops.map((inner) => withParameters(random, inner, circuit));
    return { ...op, then: inside(op.then), otherwise: inside(op.otherwise) };
  }
  if (op.type !== 'channel' || op.kraus !== undefined) return op;
  const scalars = circuit.slots.filter(({ kind }) => kind === 'scalar');
  const wide = random.chance(0.5) ? widened(random, op, circuit.qubits) : op;
  const names = channel(wide.channel)
    .parameters(wide.qubits.length)
    .map(({ name }) => name);
  const angles = wide.angles.map((p, i): Angle => {
    const name = names[i]!;
    if (random.chance(0.1) && !name.startsWith('T')) return 0;
    if (names.length === 1 && random.chance(0.05)) return 1;
    return scalars.length > 0 && random.chance(0.6)
      ? fromSlot(random, p as number, scalars, name === 'T1' ? 1 : -0.5)
      : p;
  });
  return { ...wide, angles };
}

/** Pauli errors on two qubits, where there are two. */
function widened(random: Random, op: ChannelOp, qubits: number): ChannelOp {
  if (op.channel !== 'pauliError' || qubits < 2) return op;
  const all = Array.from({ length: qubits }, (_, qubit) => qubit);
  const angles = Array.from({ length: 15 }, () => random.uniform(0, 1 / 15));
  return { ...op, qubits: random.sample(all, 2), angles };
}

/** The parameter times `1 + change · sin²` of a slot's element: still in range, sums too. */
function fromSlot(random: Random, p: number, scalars: readonly Slot[], change: number): Angle {
  const slot = random.pick(scalars);
  const index = random.integer(slot.shape.reduce((a, b) => a * b, 1));
  const sine: Angle = { fn: 'sin', of: { slot: slot.name, index } };
  return { mul: [p, { add: [1, { mul: [change, sine, sine] }] }] };
}

/** Values of one example of a batch. */
export function exampleOf(
  circuit: Circuit,
  values: Record<string, Float64Array>,
  example: number,
): Record<string, Float64Array> {
  return Object.fromEntries(
    circuit.slots.map(({ name, shape, axis }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const from = axis === 'batch' ? example * size : 0;
      return [name, values[name]!.subarray(from, from + size)];
    }),
  );
}
