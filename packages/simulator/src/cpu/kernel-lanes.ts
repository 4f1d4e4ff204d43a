/** Qubits that lie in the lanes of vectors, brought into registers and back. */
import { bytesOf } from './arithmetic.ts';
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
  for (const { position, laneBit } of way === 'into' ? lanes : lanes.toReversed()) {
    const [lows, highs] = (shuffles[f.numerics.precision][laneBit] as { into: Picks; back: Picks })[
      way
    ];
    const bit = 1 << position;
    const exchange = (a: number, b: number): void => {
      f.get(a).get(b).shuffle(lows).get(a).get(b).shuffle(highs).set(b).set(a);
    };
    for (let a = 0; a < slots.length; a++) {
      if ((a & bit) !== 0) continue;
      const slot = slots[a] as { re: number; im: number };
      const other = slots[a | bit] as { re: number; im: number };
      exchange(slot.re, other.re);
      exchange(slot.im, other.im);
    }
  }
}

/** The same by bytes. */
const byBytes = (precision: Numerics['precision']): { into: Picks; back: Picks }[] => {
  const bytes = bytesOf({ precision });
  const picked = (picks: readonly number[]): number[] =>
    picks.flatMap((pick) => Array.from({ length: bytes }, (_, i) => bytes * pick + i));
  return exchanges[precision].map(({ into, back }) => ({
    into: [picked(into[0]), picked(into[1])],
    back: [picked(back[0]), picked(back[1])],
  }));
};
const shuffles = { f64: byBytes('f64'), f32: byBytes('f32') };
