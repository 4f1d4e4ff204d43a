import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ReportSection } from '@ketwork/plot';

/** What the work of a part gets. */
export interface Part {
  /** Called with the share of the part that is done and what is going on. */
  readonly progress: (share: number, text: string) => void;
  /** Path for `fit`'s option `checkpoint`, for parts that take minutes; removed when the part is done. */
  readonly checkpoint: string;
}

/** Options of every experiment, from the command line. */
export interface ExperimentOptions {
  /** A short form of some seconds that shows that everything works; its figures say little. */
  readonly quick: boolean;
  /** One of the experiment's variants instead of its full form. */
  readonly variant?: string;
  /** First seed. */
  readonly seed: number;
  /** Seeds of the runs: five in the full form, the first one in the quick form. */
  readonly seeds: readonly number[];
  /** Number of epochs instead of the experiment's own. */
  readonly epochs?: number;
  /** Called with the share of the work that is done and what is going on; for experiments without parts. */
  readonly progress: (share: number, text: string) => void;
  /** Says how much all parts cost together, for the time left. Call it first. */
  readonly expect: (cost: number) => void;
  /**
   * Does a part of the work, whose result is plain data, or reads the result where an earlier run that was stopped had
   * finished the part. `cost`, 1 by default, is its weight in the progress.
   */
  readonly part: <T>(name: string, work: (part: Part) => Promise<T>, cost?: number) => Promise<T>;
}

/** A claim and what became of it. `met` is null where the run did not measure it. */
export interface Claim {
  readonly id: string;
  readonly claim: string;
  readonly met: boolean | null;
  readonly found: string;
}

/** What an experiment hands back. */
export interface ExperimentResult {
  /** Everything measured, as plain data. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The claims of the paper, or criteria of the reproduction. */
  readonly claims: readonly Claim[];
  /** Tables and curves for people, for the terminal. */
  readonly text: string;
  /** The same for the page: charts, tables, pictures. */
  readonly report?: readonly ReportSection[];
}

/** A paper's experiment; the default export of `papers/<NN-name>/train.ts`. */
export interface Experiment {
  /** Number of the card, two digits. */
  readonly number: string;
  readonly title: string;
  /** Where the paper is, such as `arXiv:2012.12177`. */
  readonly source: string;
  /** Longer or other forms of the run, by the name to give with --variant, and what they are. */
  readonly variants?: Readonly<Record<string, string>>;
  run(options: ExperimentOptions): Promise<ExperimentResult>;
}

/** Writes plain data as JSON, whole or not at all. */
export async function writeJson(path: string, data: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${compact(JSON.stringify(data, undefined, 2))}\n`);
  await rename(temporary, path);
}

/** Puts lists of numbers on one line. */
function compact(json: string): string {
  return json.replaceAll(/\[[\s\d.,eE+-]*\]/g, (list) =>
    list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );
}

/** A number with four decimals, for files. */
export function rounded(value: number, digits = 4): number {
  return Number(value.toFixed(digits));
}

/** Mean of some numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Sample standard deviation of some numbers; 0 of one. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (values.length - 1));
}

/** Median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Mean and deviation as text, such as `0.953 ± 0.004`. */
export function spread(values: readonly number[], digits = 3): string {
  return `${mean(values).toFixed(digits)} ± ${deviation(values).toFixed(digits)}`;
}
