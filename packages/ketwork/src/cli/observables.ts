import { I, pauli } from '@ketwork/circuit';
import type { PauliSum } from '@ketwork/circuit';
import { UsageError } from './usage.ts';

/** An observable with the text it was given as. */
export interface NamedObservable {
  /** The user's text without spaces around it. */
  readonly name: string;
  /** The observable. */
  readonly observable: PauliSum;
}

const number = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i;

/**
 * Reads a list of observables: `Z0 Z1, 0.5 X2` are two, a product and a multiple. An observable is a sum of terms joined
 * by + and -; a term is a number, Pauli letters with their qubits, or a number before letters; `*` may stand between.
 * `I` is the identity.
 *
 * @throws UsageError with the place of the fault; CircuitError where a qubit occurs twice in a term.
 */
export function parseObservables(list: string): NamedObservable[] {
  return list.split(',').map((part) => ({ name: part.trim(), observable: sumOf(part, list) }));
}

function sumOf(part: string, list: string): PauliSum {
  let rest = part.trimStart();
  let sum: PauliSum | undefined;
  const fault = (wanted: string): never => {
    const found = rest === '' ? 'a term is missing' : `'${rest}' is not understood`;
    throw new UsageError(`--observables '${list}': ${found}; ${wanted} is wanted there`);
  };
  const take = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(rest)?.[0];
    if (match !== undefined) rest = rest.slice(match.length).trimStart();
    return match;
  };
  do {
    const sign =
      take(sum === undefined ? /^[+-]?/ : /^[+-]/) ??
      fault('a qubit behind X, Y or Z, or +, - or a comma');
    const coefficient = take(number);
    if (coefficient !== undefined) take(/^\*/);
    let word = '';
    const qubits: number[] = [];
    let factors = 0;
    for (
      let factor = take(/^(?:[XYZ]\d+|I\d*)(?![A-Za-z0-9])/);
      factor !== undefined;
      factor = take(/^\*?\s*(?:[XYZ]\d+|I\d*)(?![A-Za-z0-9])/)
    ) {
      const [letter = '', qubit = ''] = [/[IXYZ]/.exec(factor)?.[0], /\d+/.exec(factor)?.[0]];
      factors++;
      if (letter === 'I') continue;
      word += letter;
      qubits.push(Number(qubit));
    }
    if (coefficient === undefined && factors === 0) fault('something like 0.5 X2 Z3');
    const factor = (sign === '-' ? -1 : 1) * Number(coefficient ?? 1);
    const term = (word === '' ? I() : pauli(word, qubits)).scale(factor);
    sum = sum === undefined ? term : sum.add(term);
  } while (rest !== '');
  return sum;
}
