import { CircuitError, hint } from '@ketwork/base';
import { deepFrozen } from '../ops.ts';
import { controlledGates } from './controlled.ts';
import type { Gate } from './gate.ts';
import { severalQubitGates } from './several.ts';
import { singleQubitGates } from './single.ts';

/**
 * The gate table: everything Ketwork knows about its gates. Parser, drawings, engines and gradients read it.
 *
 * @example
 * ```ts
 * import { gates } from '@ketwork/circuit';
 * console.log(gates.filter((row) => row.diagonal).map((row) => row.name));
 * ```
 */
export const gates: readonly Gate[] = deepFrozen([
  ...singleQubitGates,
  ...controlledGates,
  ...severalQubitGates,
]);

const byName = new Map<string, Gate>();
for (const row of gates) {
  for (const name of [row.name, ...row.aliases]) byName.set(name.toLowerCase(), row);
}

/** The row of that name or alias, or undefined. */
export function findGate(name: string): Gate | undefined {
  return byName.get(name.toLowerCase());
}

/**
 * The row of the gate table with that name or alias; upper and lower case do not matter.
 *
 * @param name Such as `RX`, `CNOT`, `cx` or `PauliX`.
 * @throws CircuitError when no gate has that name.
 * @example
 * ```ts
 * import { gate } from '@ketwork/circuit';
 * console.log(gate('cx').name, gate('CRX').parameters[0]?.frequencies); // CNOT [ 0.5, 1 ]
 * ```
 */
export function gate(name: string): Gate {
  const row = findGate(name);
  if (row === undefined) {
    const names = gates.map((known) => known.name);
    throw new CircuitError(`unknown gate '${name}'${hint(name, names)}`, {
      remedy: `Use one of ${names.join(', ')}`,
    });
  }
  return row;
}
