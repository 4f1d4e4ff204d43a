// What figures of back ends are made with, in Node and in pages: nothing here needs either.
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import type { Settings, Timer } from '../harness/measure.ts';

/** Copies made by a back end's own device or memory, to compare with. */
export interface Copies {
  /** Copies all bytes `times` times over, to the end. */
  readonly run: (times: number) => unknown;
  readonly free: () => void;
}

/** A back end under test. */
export interface BackEnd {
  /** Short name, as rows have it. */
  readonly name: string;
  /** Whether it computes on a GPU's driver. */
  readonly gpu: boolean;
  /** A driver that computes on the CPU: only ratios between engines on it mean something. */
  readonly software: boolean;
  /** The engine, opened when it is first needed and then kept. */
  readonly engine: () => Promise<Engine | AsyncEngine>;
  /** The same with a pass for every gate; absent where there is no such thing. */
  readonly plain?: () => Promise<AsyncEngine>;
  /** Memory that the device copies, of so many bytes; absent where it cannot. */
  readonly copies?: (bytes: number) => Promise<Copies>;
  /** A timer for its work. */
  readonly timer: (work: () => unknown) => Timer;
}

/** What is measured, and how large. */
export interface Sizes {
  /** Qubits of the state whose gates are counted. */
  readonly qubits: number;
  /** Hardware-efficient layers on it. */
  readonly layers: number;
  /** Qubits of the small circuits that are run in batches. */
  readonly small: readonly number[];
  readonly batch: number;
  /** Examples that are timed one by one. */
  readonly alone: number;
  /** The circuits of which it is asked from which size on a back end is ahead. */
  readonly sweep: Sweep;
}

/** Circuits of growing size. */
export interface Sweep {
  readonly work: 'run' | 'gradient';
  readonly batch: number;
  readonly layers: number;
  readonly qubits: readonly number[];
  /** A back end is left out of larger circuits once a call takes so many seconds. */
  readonly longest?: number;
}

/** All that figures are made with. */
export interface Bed {
  /** In the order of the rows. The first one on the CPU in f32, or else the first one, is what others are compared with. */
  readonly backEnds: readonly BackEnd[];
  readonly sizes: Sizes;
  readonly settings: Settings;
  /** Hears what is measured next. */
  readonly next?: (what: string) => unknown;
  /** Hears of what is left out, and why; `error` is what was thrown. */
  readonly skip: (backEnd: BackEnd, reason: string, error?: unknown) => void;
}

/** The name of a back end in rows. */
export const titleOf = ({ name, software }: BackEnd): string =>
  software ? `${name}, software adapter` : name;

/** The CPU engine that others are compared with: in the precision that GPUs have, where there is one. */
export function rivalOf(backEnds: readonly BackEnd[]): BackEnd | undefined {
  const onCpu = backEnds.filter(({ gpu }) => !gpu);
  return onCpu.find(({ name }) => name.includes('f32')) ?? onCpu[0];
}
