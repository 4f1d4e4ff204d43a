// What the bench view measures.
import { sizesOf } from '../../../../bench/gpu/figures.ts';
import type { Sizes, Sweep } from '../../../../bench/gpu/bed.ts';

/** What a visitor sets. */
export interface BenchSettings {
  /** Values alone, or values and gradients. */
  readonly work: Sweep['work'];
  readonly batch: number;
  /** Layers of rotations and entangling gates. */
  readonly layers: number;
  readonly from: number;
  readonly to: number;
  /** Qubits of the one state whose gates and bytes are counted. */
  readonly large: number;
}

/** What a visitor finds. */
export const benchDefaults: BenchSettings = {
  work: 'gradient',
  batch: 256,
  layers: 4,
  from: 2,
  to: 12,
  large: 16,
};

/** Settings after one was moved: the smallest size pushes the largest before it, and the other way round. */
export function withSize(
  settings: BenchSettings,
  name: keyof BenchSettings,
  value: number,
): BenchSettings {
  const { from, to } = settings;
  const pushed =
    name === 'from' && value > to
      ? { to: value }
      : name === 'to' && value < from
        ? { from: value }
        : {};
  return { ...settings, ...pushed, [name]: value };
}

/** A back end is left when a call takes so many seconds. */
export const LONGEST = 0.6;

/** How each figure is measured: a page is looked at while it measures. */
export const benchTiming = {
  rounds: 3,
  sampleSeconds: 0.01,
  warmSeconds: 0.12,
  budgetSeconds: 1,
} as const;

/** The figures' circuits. */
export function figureSizes({ work, batch, layers, from, to, large }: BenchSettings): Sizes {
  return {
    qubits: large,
    layers,
    small: [4, 8],
    batch,
    alone: Math.min(batch, 16),
    sweep: { work, batch, layers, qubits: sizesOf(from, to), longest: LONGEST },
  };
}
