/** Qubits that lie in the lanes of vectors, brought into registers and back. */
import type { Numerics, VectorCode } from './arithmetic.ts';
import type { LaneExchange } from './kernel-spec.ts';

/** Numbers picked out of two vectors: 0 to 3 (or 0 and 1) are those of the first one. */
type Picks = readonly [low: readonly number[], high: readonly number[]];

/**
 * How two vectors that differ in a register bit become two that differ in a bit of the lanes, and how they come back. The
 * register bit takes a place in the lanes; where there are two, bits of the lanes may change places meanwhile.
 */
const exchanges: Readonly<
  Record<Numerics['precision'], readonly { readonly into: Picks; readonly back: Picks }[]>
> = {
  f64: [
    {
      into: [
        [0, 2],
        [1, 3],
      ],
      back: [
        [0, 2],
        [1, 3],
      ],
    },
  ],
  f32: [
    // Each one instruction on common machines, unlike an exchange that leaves the other bit where it is.
    {
      into: [
        [0, 2, 4, 6],
        [1, 3, 5, 7],
      ],
      back: [
        [0, 4, 1, 5],
        [2, 6, 3, 7],
      ],
    },
    {
      into: [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
      ],
      back: [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
      ],
    },
  ],
};

/** Exchanges register bits with those of the lanes, highest lane bit first, or undoes that. */
export function exchangeLanes(
  f: VectorCode,
  slots: readonly { re: number; im: number }[],
  lanes: readonly LaneExchange[],
  way: 'into' | 'back',
): void {
  const { bytes } = f;
  const shuffled = (picks: readonly number[]): number[] =>
    picks.flatMap((pick) => Array.from({ length: bytes }, (_, i) => bytes * pick + i));
  for (const { position, laneBit } of way === 'into' ? lanes : lanes.toReversed()) {
    const [low, high] = (exchanges[f.numerics.precision][laneBit] as { into: Picks; back: Picks })[
      way
    ];
    const [lows, highs] = [shuffled(low), shuffled(high)];
    const bit = 1 << position;
    slots.forEach((slot, a) => {
      if ((a & bit) !== 0) return;
      const other = slots[a | bit] as { re: number; im: number };
      for (const part of ['re', 'im'] as const) {
        f.get(slot[part]).get(other[part]).shuffle(lows);
        f.get(slot[part]).get(other[part]).shuffle(highs);
        f.set(other[part]).set(slot[part]);
      }
    });
  }
}
