import { CircuitError } from '@ketwork/base';
import { checkSlot } from './angle.ts';
import type { Circuit } from './types.ts';

/** Checks a whole circuit. @throws CircuitError, ValueError */
export function checkCircuit(circuit: Circuit): void {
  const names = new Set<string>();
  for (const slot of circuit.slots) {
    checkSlot(slot);
    if (names.has(slot.name)) throw new CircuitError(`two slots are named '${slot.name}'`, { remedy: 'Rename one' });
    names.add(slot.name);
  }
}
