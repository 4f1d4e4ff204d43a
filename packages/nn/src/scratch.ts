/** Gives an array of a length, with anything in it: who asks fills all of it. */
export type Room = (length: number) => Float64Array;

/** Arrays of fewer numbers are cheap to make anew. */
const LARGE = 256;

/**
 * Room that is new memory: zeros, `[length]`.
 *
 * @example
 * ```ts
 * import { freshRoom } from '@ketwork/nn';
 * console.log(freshRoom(3).length); // 3
 * ```
 */
export const freshRoom: Room = (length) => new Float64Array(length);

/**
 * Memory of results that a later pass of the same function uses again. Getting it anew, clearing it and giving it
 * back takes a third of the time of a step of training on images, and what is outside of the heap makes whole collections
 * of garbage frequent.
 */
export class Scratch {
  #free = new Map<number, Float64Array[]>();

  /** Room for one pass. `end` keeps for the next pass what this one took, except what shares memory with arrays that left it. */
  lease(): { readonly room: Room; readonly end: (left: readonly Float64Array[]) => void } {
    const free = this.#free;
    // A pass that begins before this one ends finds nothing, and makes its own.
    this.#free = new Map();
    const taken: Float64Array[] = [];
    return {
      room: (length) => {
        if (length < LARGE) return new Float64Array(length);
        const array = free.get(length)?.pop() ?? new Float64Array(length);
        taken.push(array);
        return array;
      },
      end: (left) => {
        const gone = new Set(left.map(({ buffer }) => buffer));
        const kept = new Map<number, Float64Array[]>();
        for (const array of taken) {
          if (gone.has(array.buffer)) continue;
          const others = kept.get(array.length);
          if (others === undefined) kept.set(array.length, [array]);
          else others.push(array);
        }
        this.#free = kept;
      },
    };
  }
}
