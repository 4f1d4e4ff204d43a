import { ValueError } from '@ketwork/base';
import { requireCircuit } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { ToQasmOptions } from './options.ts';
import { Writer2 } from './version2.ts';
import { Writer3 } from './version3.ts';

/**
 * A circuit as a program in OpenQASM. Version 3 is exact, global phase included: controls become modifiers, slots inputs
 * (with underscores behind names that the language has already), and gates that its standard file lacks are defined in the program.
 * Version 2 has neither inputs nor modifiers nor global phases: controlled gates are written out, and a condition must
 * test whole registers. Matrices become gates, as by `decompose`. The bound of a `while` is not written.
 *
 * @throws CircuitError or UnsupportedError for what the version cannot say: noise, state preparation, postselection,
 * evolutions under terms that do not commute; in version 2 also slots and loops. ValueError for
 * registers that do not fit.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { toQasm } from '@ketwork/qasm';
 * console.log(toQasm(circuit(2, (q) => q.h(0).cnot(0, 1).measure(1, 0)), { version: 2 }));
 * ```
 */
export function toQasm(circuit: Circuit, options: ToQasmOptions = {}): string {
  requireCircuit(circuit);
  const { version = 3 } = options;
  switch (version) {
    case 2:
      return new Writer2(circuit, options).text();
    case 3:
      return new Writer3(circuit, options).text();
    default:
      throw new ValueError(`there is no OpenQASM ${String(version)}`, { remedy: 'Use 2 or 3' });
  }
}
