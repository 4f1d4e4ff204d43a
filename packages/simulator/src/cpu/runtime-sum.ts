import { valueType } from '@ketwork/base';
import type { VectorCode } from './arithmetic.ts';

const LOW = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH = LOW.map((byte) => byte + 8);

/**
 * A sum of vectors. Single precision would lose the small terms of a long one, millions of probabilities: it is then
 * taken in doubles, two vectors of them.
 */
export class Sum {
  readonly #f: VectorCode;
  readonly #totals: readonly number[];
  readonly #term: number;

  constructor(f: VectorCode, long: boolean) {
    this.#f = f;
    const wide = long && f.numerics.precision === 'f32';
    this.#term = wide ? f.local(valueType.v128) : -1;
    this.#totals = Array.from({ length: wide ? 2 : 1 }, () => f.local(valueType.v128));
  }

  /** Makes it zero. */
  clear(): void {
    for (const total of this.#totals) this.#f.vector(0).set(total);
  }

  /** @param push pushes the term */
  add(push: () => unknown): void {
    const f = this.#f;
    const [low, high] = this.#totals as [number, number | undefined];
    if (high === undefined) {
      f.get(low);
      push();
      f.add().set(low);
      return;
    }
    push();
    const term = this.#term;
    f.set(term);
    f.get(low).get(term).op('f64x2PromoteLowF32x4').op('f64x2Add').set(low);
    f.get(high).get(term).get(term).shuffle(HIGH);
    f.op('f64x2PromoteLowF32x4').op('f64x2Add').set(high);
  }

  /** Pushes it. */
  push(): void {
    const f = this.#f;
    const [low, high] = this.#totals as [number, number | undefined];
    f.get(low);
    if (high === undefined) return;
    f.op('f32x4DemoteF64x2Zero').get(high).op('f32x4DemoteF64x2Zero').shuffle(LOW);
  }
}
