import { fillUniformAt, fold, key } from '@ketwork/base';
import type { Key } from '@ketwork/base';

/** Numbers are made this many at a time. */
const BLOCK = 64;

/**
 * Uniform numbers in [0, 1) of the trajectories of one example. The number a trajectory draws at its p-th random place
 * depends on (seed, example, trajectory, p) only, so that results do not depend on how trajectories are distributed.
 */
export class Draws {
  readonly #example: Key;
  /** The block that each trajectory reads from now. */
  readonly #blocks = new Map<number, { index: number; readonly numbers: Float64Array }>();

  /** @param stream tells independent experiments on one example apart, such as measurement settings. */
  constructor(seed: number, example: number, stream = 0) {
    const root = fold(key(seed), example);
    this.#example = stream === 0 ? root : fold(root, stream);
  }

  /** The number of a trajectory at a place. */
  at(trajectory: number, place: number): number {
    const index = Math.floor(place / BLOCK);
    let block = this.#blocks.get(trajectory);
    if (block?.index !== index) {
      block ??= { index, numbers: new Float64Array(BLOCK) };
      block.index = index;
      this.#blocks.set(trajectory, block);
      fillUniformAt(fold(this.#example, trajectory), 0, index * BLOCK, block.numbers);
    }
    return block.numbers[place - index * BLOCK] as number;
  }

  /** The first numbers of a trajectory, written into an array. */
  fill(trajectory: number, out: Float64Array): Float64Array {
    return fillUniformAt(fold(this.#example, trajectory), 0, 0, out);
  }

  /** Forgets the numbers of all trajectories. */
  clear(): void {
    this.#blocks.clear();
  }
}
