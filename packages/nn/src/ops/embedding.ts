import { sizeOf, ValueError } from '@ketwork/base';
import type { Tensor } from '../contract.ts';
import type { Rule } from '../tape.ts';
import { gradientOf, gradientStep, refuseShape, sharedAmong } from './common.ts';

/**
 * Rows of a shared table `[vocabulary, size]`, one for each whole number of the input, whose shape gets the axis `size`
 * at its end. The input has no gradient (zeros).
 *
 * @throws ValueError where the table is no shared matrix; when the tape runs, where a number is no row of it.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const tokens = tape.constant(Float64Array.of(1, 0), [2], 'batch');
 * const table = tape.constant(Float64Array.of(1, 2, 3, 4), [2, 2], 'shared');
 * const y = ops.embedding(tokens, table);
 * await tape.run();
 * console.log(tape.value(y)); // 3, 4, 1, 2
 * ```
 */
export function embedding(tokens: Tensor, table: Tensor): Tensor {
  if (table.shape.length !== 2 || table.axis !== 'shared')
    refuseShape('embedding', table.shape, 'the table must be a shared matrix [vocabulary, size]');
  const [vocabulary, size] = table.shape as readonly [number, number];
  const count = sizeOf(tokens.shape);
  const [, shared] = sharedAmong(tokens, table) as [boolean, boolean];
  const rule: Rule = {
    name: 'embedding',
    forward([ids, rows], batch) {
      const out = new Float64Array(batch * count * size);
      for (let i = 0; i < batch * count; i++) {
        const id = ids![i]!;
        if (!Number.isInteger(id) || id < 0 || id >= vocabulary) {
          throw new ValueError(
            `embedding: token ${i % count} of example ${Math.floor(i / count)} is ${id}`,
            { remedy: `Give whole numbers from 0 to ${vocabulary - 1}` },
          );
        }
        for (let c = 0; c < size; c++) out[i * size + c] = rows![id * size + c]!;
      }
      return out;
    },
    vjp([ids], _output, dy, batch, wants) {
      const dTokens = wants[0] === 'none' ? undefined : new Float64Array(ids!.length);
      if (wants[1] === 'none') return [dTokens, undefined];
      const grad = gradientOf(vocabulary * size, batch, shared, wants[1]!);
      const step = gradientStep(vocabulary * size, shared, wants[1]!);
      for (let e = 0; e < batch; e++) {
        for (let i = e * count; i < (e + 1) * count; i++) {
          const to = e * step + ids![i]! * size;
          for (let c = 0; c < size; c++) grad[to + c]! += dy[i * size + c]!;
        }
      }
      return [dTokens, grad];
    },
    squaredNorms([ids], dy, batch, input) {
      if (input !== 1) return undefined;
      const squares = new Float64Array(batch);
      const sums = new Map<number, Float64Array>();
      for (let e = 0; e < batch; e++) {
        sums.clear();
        for (let i = e * count; i < (e + 1) * count; i++) {
          const row = dy.subarray(i * size, (i + 1) * size);
          const sum = sums.get(ids![i]!);
          if (sum === undefined) sums.set(ids![i]!, row.slice());
          else for (let c = 0; c < size; c++) sum[c]! += row[c]!;
        }
        for (const sum of sums.values()) for (const value of sum) squares[e]! += value * value;
      }
      return squares;
    },
  };
  return tokens.tape.record(rule, [tokens, table], [...tokens.shape, size]);
}
