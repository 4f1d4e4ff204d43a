import { UnsupportedError, ValueError } from '@ketwork/base';
import type { Circuit, Op } from '@ketwork/circuit';

/** Below this, a probability cannot be told from rounding errors, and nothing may be divided by it. */
const LEAST_SUCCESS = 1e-12;

/** Whether some measurement keeps one outcome only, so that exact results are divided by the probability of that. */
export function postselects(circuit: Circuit): boolean {
  return circuit.ops.some(keepsOne);
}

function keepsOne(op: Op): boolean {
  if (op.type === 'conditional') return op.then.some(keepsOne) || op.otherwise.some(keepsOne);
  return op.type === 'measure' && op.postselect !== undefined;
}

/** Whether an operation, or one inside it, is a map that is not unitary. */
export function hasFilter(op: Op): boolean {
  if (op.type === 'conditional') return op.then.some(hasFilter) || op.otherwise.some(hasFilter);
  return op.type === 'matrix' && !op.unitary;
}

/** Whether a circuit measures, resets, branches or has noise, so that its state is not simply a vector. */
export function isDynamic(circuit: Circuit): boolean {
  return circuit.ops.some(({ type }) => DYNAMIC.has(type));
}

const DYNAMIC: ReadonlySet<Op['type']> = new Set(['channel', 'measure', 'reset', 'conditional']);

/**
 * Refuses to divide by the probability of post-selections that never hold.
 *
 * @throws ValueError
 */
export function checkSuccess(probability: number, example: number, circuit: Circuit): void {
  if (probability >= LEAST_SUCCESS) return;
  const batched = circuit.slots.some(({ axis }) => axis === 'batch');
  throw new ValueError(
    `the post-selections${batched ? ` of example ${example}` : ''} hold with probability ` +
      `${Math.max(0, probability).toPrecision(2)}, so nothing is left to measure`,
    { remedy: 'Post-select on outcomes that occur, or change the values' },
  );
}

/**
 * Refuses the state vector of a circuit that leaves more than one: after measurements, resets, channels or branches. A
 * measurement that is post-selected and always made leaves one state, whose norm is 1 again.
 *
 * @throws UnsupportedError naming the operation
 */
export function checkPure(circuit: Circuit, where: string): void {
  const operation = circuit.ops.findIndex(
    (op) => DYNAMIC.has(op.type) && !(op.type === 'measure' && op.postselect !== undefined),
  );
  if (operation < 0) return;
  throw new UnsupportedError(
    `${where}a ${circuit.ops[operation]!.type} leaves a mixture of states, which state() cannot return`,
    {
      operation,
      remedy:
        'Ask for expval(…) or probabilities(…), or post-select the measurement so that one state is left',
    },
  );
}
