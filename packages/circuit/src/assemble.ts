import { deepFrozen } from './ops.ts';
import type { Circuit } from './types.ts';
import { checkCircuit } from './validate.ts';

/**
 * A circuit put together from operations by a program rather than by a builder: checked like any other, then frozen as
 * it is, without a copy. Data from outside, whose fields may have wrong types, is read by `parseCircuit`.
 *
 * @throws CircuitError or ValueError where it is not well formed, as `circuit` does.
 * @example
 * ```ts
 * import { assembleCircuit, CIRCUIT_SCHEMA } from '@ketwork/circuit';
 * const op = { type: 'gate', gate: 'H', qubits: [0], angles: [], controls: [] } as const;
 * console.log(assembleCircuit({ schema: CIRCUIT_SCHEMA, qubits: 1, bits: 0, slots: [], ops: [op] }).ops.length); // 1
 * ```
 */
export function assembleCircuit(circuit: Circuit): Circuit {
  checkCircuit(circuit);
  return deepFrozen(circuit);
}
