import type { AngleTable } from '../cpu/angles.ts';
import type { Group } from './group.ts';

/** Numbers that kernels multiply with: a node of the angle table (or 1, node -1) times a constant. */
export interface Coefficient {
  readonly node: number;
  readonly factor: number;
}

/** The coefficients of a group, each once. */
class CoefficientList {
  readonly list: Coefficient[] = [];
  readonly #known = new Map<string, number>();

  of(node: number, factor: number): number {
    const id = `${node} ${factor}`;
    let index = this.#known.get(id);
    if (index === undefined) {
      index = this.list.push({ node, factor }) - 1;
      this.#known.set(id, index);
    }
    return index;
  }
}

/** A factor of a value: a sign, and a coefficient unless it is 1. */
export interface Factor {
  readonly negative: boolean;
  /** Index in the list of coefficients, -1 for 1. */
  readonly coefficient: number;
}

/** `factor · value`, the value being numbered. */
export interface Term extends Factor {
  readonly value: number;
}

/** `value = Σ terms`. */
export interface Statement {
  readonly value: number;
  readonly terms: readonly Term[];
}

/** A group as straight code: values 0 to 4^k - 1 are the numbers it begins with. */
export interface Trace {
  readonly qubits: readonly number[];
  readonly statements: readonly Statement[];
  /** What each number ends as; undefined for zero. */
  readonly results: readonly (Term | undefined)[];
  /** Numbers that end as something else than they began as. */
  readonly changed: readonly boolean[];
  /** What terms name by index. */
  readonly coefficients: readonly Coefficient[];
}

/** A number while the group is traced: a constant times a value, so that signs and constant factors cost nothing. */
interface Traced {
  readonly value: number;
  readonly factor: number;
}

/** Unrolls a group. Constant factors are carried along and multiplied once, where a value is used. */
export function traceGroup(group: Group, angles: AngleTable): Trace {
  const { qubits } = group;
  const coefficients = new CoefficientList();
  const k = qubits.length;
  const size = 4 ** k;
  const statements: Statement[] = [];
  let next = size;
  const numbers: (Traced | undefined)[] = Array.from({ length: size }, (_, value) => ({
    value,
    factor: 1,
  }));
  const factorOf = (node: number, factor: number): Factor => {
    const size = Math.abs(factor);
    return {
      negative: factor < 0,
      coefficient: node === -1 && size === 1 ? -1 : coefficients.of(node, size),
    };
  };
  for (const { qubits: on, rows, operation } of group.elements) {
    const shifts = on.map((qubit) => 2 * (k - 1 - qubits.indexOf(qubit)));
    const place = (index: number): number =>
      shifts.reduce(
        (sum, shift, i) => sum | (((index >> (2 * (on.length - 1 - i))) & 3) << shift),
        0,
      );
    const mask = place(4 ** on.length - 1);
    for (let rest = 0; rest < size; rest++) {
      if ((rest & mask) !== 0) continue;
      const before = rows.map((_, index) => numbers[rest | place(index)]);
      rows.forEach((row, index) => {
        if (row === undefined) return;
        const at = rest | place(index);
        const terms = row.flatMap(({ column, value }) => {
          const source = before[column];
          if (source === undefined || value === 0) return [];
          const node = typeof value === 'number' ? -1 : angles.add(value, operation);
          const constant = node === -1 ? (value as number) : angles.constant(node);
          return [
            constant === undefined
              ? { node, factor: source.factor, value: source.value }
              : { node: -1, factor: constant * source.factor, value: source.value },
          ];
        });
        const [only] = terms;
        if (only === undefined) numbers[at] = undefined;
        else if (terms.length === 1 && only.node === -1)
          numbers[at] = { value: only.value, factor: only.factor };
        else {
          statements.push({
            value: next,
            terms: terms.map(({ node, factor, value }) => ({ value, ...factorOf(node, factor) })),
          });
          numbers[at] = { value: next++, factor: 1 };
        }
      });
    }
  }
  return {
    qubits,
    statements,
    results: numbers.map((number) =>
      number === undefined ? undefined : { value: number.value, ...factorOf(-1, number.factor) },
    ),
    changed: numbers.map((number, i) => number?.value !== i || number.factor !== 1),
    coefficients: coefficients.list,
  };
}
