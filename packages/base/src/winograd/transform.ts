import { valueType } from '../wasm/bytes.ts';
import type { FunctionBuilder } from '../wasm/encoder.ts';
import type { Rows } from './matrices.ts';

/** A sum of locals times numbers. */
type Terms = readonly (readonly [coefficient: number, local: number])[];

/**
 * Writes code for products of vectors with fixed matrices, as few additions and multiplications as symmetries allow.
 * One instance per function: it keeps constants in locals.
 */
export class TransformCode {
  readonly #f: FunctionBuilder;
  readonly #constants = new Map<number, number>();
  readonly #spare: number[] = [];

  constructor(f: FunctionBuilder, matrices: readonly Rows[]) {
    this.#f = f;
    for (const value of new Set(matrices.flat(2).map(Math.abs))) {
      if (value === 0 || value === 1) continue;
      const local = f.local(valueType.v128);
      this.#constants.set(value, local);
      f.f64x2(value).set(local);
    }
  }

  /** Writes `matrix · inputs`; `emit(row, push)` is called for every row and must write code that calls `push` once. */
  product(
    matrix: Rows,
    inputs: readonly number[],
    emit: (row: number, push: () => void) => void,
  ): void {
    const f = this.#f;
    const used: number[] = [];
    const temporary = (): number => {
      const local = this.#spare.pop() ?? f.local(valueType.v128);
      used.push(local);
      return local;
    };
    const columns = this.#columns(matrix, inputs, temporary);
    const rows = matrix.map((_, row): Terms =>
      columns.flatMap(({ values, local }) =>
        values[row] === 0 ? [] : [[values[row]!, local] as const],
      ),
    );
    const done = new Set<number>();
    rows.forEach((terms, row) => {
      if (done.has(row)) return;
      const twin = rows.findIndex((other, i) => i > row && !done.has(i) && mirrored(terms, other));
      if (twin < 0) {
        emit(row, () => this.#sum(terms));
        return;
      }
      done.add(twin);
      const other = rows[twin]!;
      const even = temporary();
      const odd = temporary();
      this.#sum(terms.filter(([value], i) => other[i]![0] === value));
      f.set(even);
      this.#sum(terms.filter(([value], i) => other[i]![0] !== value));
      f.set(odd);
      emit(row, () => f.get(even).get(odd).op('f64x2Add'));
      emit(twin, () => f.get(even).get(odd).op('f64x2Sub'));
    });
    this.#spare.push(...used);
  }

  /** The inputs with their columns of the matrix; inputs whose columns agree up to signs become sum and difference. */
  #columns(
    matrix: Rows,
    inputs: readonly number[],
    temporary: () => number,
  ): { values: number[]; local: number }[] {
    const f = this.#f;
    const columns = inputs.map((local, c) => ({ values: matrix.map((row) => row[c]!), local }));
    const result: { values: number[]; local: number }[] = [];
    const done = new Set<number>();
    columns.forEach(({ values, local }, c) => {
      if (done.has(c)) return;
      const twin = columns.findIndex(
        (other, i) =>
          i > c &&
          !done.has(i) &&
          values.every((value, row) => Math.abs(value) === Math.abs(other.values[row]!)) &&
          values.filter((value) => value !== 0).length > 1,
      );
      if (twin < 0) {
        result.push({ values, local });
        return;
      }
      done.add(twin);
      const other = columns[twin]!;
      for (const sign of [1, -1]) {
        const part = temporary();
        f.get(local)
          .get(other.local)
          .op(sign === 1 ? 'f64x2Add' : 'f64x2Sub')
          .set(part);
        result.push({
          values: values.map((value, row) => (other.values[row] === sign * value ? value : 0)),
          local: part,
        });
      }
    });
    return result;
  }

  #sum(terms: Terms): void {
    const f = this.#f;
    // A term that needs no negation comes first, where there is one.
    const ordered = [...terms].sort((a, b) => Number(b[0] > 0) - Number(a[0] > 0));
    ordered.forEach(([value, local], i) => {
      f.get(local);
      const constant = this.#constants.get(Math.abs(value));
      if (constant !== undefined) f.get(constant).op('f64x2Mul');
      if (i === 0 && value < 0) f.op('f64x2Neg');
      if (i > 0) f.op(value < 0 ? 'f64x2Sub' : 'f64x2Add');
    });
  }
}

/** Whether two sums are of the form E + O and E - O, neither of them empty. */
function mirrored(a: Terms, b: Terms): boolean {
  if (a.length !== b.length) return false;
  const equal = a.filter(([value], i) => b[i]![0] === value).length;
  return (
    equal > 0 &&
    equal < a.length &&
    a.every(([value, local], i) => b[i]![1] === local && Math.abs(b[i]![0]) === Math.abs(value))
  );
}
