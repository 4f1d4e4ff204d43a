/** Code for the tables of merged diagonals: how they are made, and how their gradients are gathered. */
import { FunctionBuilder, valueType } from '@ketwork/base';
import type { Element } from './element.ts';
import type { MainCode } from './main-code.ts';
import { runtime } from './runtime.ts';

const { i32 } = valueType;

/** A merged diagonal: a table of `e^{i Φ}`, 32 bytes per basis state, and its gradient cells, 16 bytes each. */
export type Table = Element & { readonly type: 'table' };

/**
 * (table cells, constants, shared cells): gradients of the tables' coefficients. With the sum of cells under each
 * parity from one Walsh–Hadamard transform, dL/dθ = offset · W[0] + weight · (W[0] - W[mask]) / 2. W[0] is what a global
 * phase would do, -Im⟨lambda|psi⟩: zero for Hermitian observables, so it is left out unless the state itself is read.
 */
export function contraction(
  code: MainCode,
  tables: readonly Table[],
  readsState: boolean,
): FunctionBuilder {
  const f = new FunctionBuilder([i32, i32, i32]);
  const bytes = code.stateBytes / 2;
  tables.forEach(({ parts }, t) => {
    const cells = (): unknown =>
      f
        .get(0)
        .i32(t * bytes)
        .op('i32Add');
    cells();
    f.i32(bytes)
      .i32(bytes - 16)
      .call(runtime.walshHadamard);
    const rows = parts.flatMap(({ mask, weight, offset, coefficient }) => [
      ...(readsState
        ? [{ value: 0, column: 16 * coefficient.index, weight: offset + weight / 2 }]
        : []),
      { value: 16 * mask, column: 16 * coefficient.index, weight: -weight / 2 },
    ]);
    cells();
    f.get(1)
      .i32(code.constants.table(rows))
      .op('i32Add')
      .i32(rows.length)
      .get(2)
      .call(runtime.pick);
  });
  return f;
}

/** (phases, tables): turns each table's Walsh–Hadamard coefficients of Φ (16 bytes each) into cosines and sines. */
export function tabulation(code: MainCode, tables: readonly Table[]): FunctionBuilder {
  const f = new FunctionBuilder([i32, i32]);
  const bytes = code.stateBytes / 2;
  tables.forEach((_, t) => {
    f.get(0)
      .i32(t * bytes)
      .op('i32Add')
      .i32(bytes)
      .i32(bytes - 16)
      .call(runtime.transformPhases);
    f.get(0)
      .i32(t * bytes)
      .op('i32Add')
      .get(1)
      .i32(t * code.stateBytes)
      .op('i32Add');
    f.i32(2 ** code.qubits).call(runtime.turnPhases);
  });
  return f;
}
