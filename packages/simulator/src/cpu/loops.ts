/** Loops of the fixed functions. */
import type { FunctionBuilder } from '@ketwork/base';

/** Runs `body` for every subset of the bits of `mask`, ascending; `index` holds it. */
export function forSubsets(
  f: FunctionBuilder,
  index: number,
  mask: number,
  body: () => void,
): void {
  f.i32(0).set(index).loop();
  body();
  f.get(index).get(mask).op('i32Sub').get(mask).op('i32And').tee(index).brIf(0).op('end');
}

/** Runs `body` for index = 0, step, 2 step, … below `limit` (a local), at least once. */
export function forRange(
  f: FunctionBuilder,
  index: number,
  step: number,
  limit: number,
  body: () => unknown,
): void {
  f.i32(0).set(index).loop();
  body();
  f.get(index).i32(step).op('i32Add').tee(index).get(limit).op('i32LtU').brIf(0).op('end');
}
