import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Options of every experiment, from the command line. */
export interface ExperimentOptions {
  /** A short form of some seconds that shows that everything works; its figures say little. */
  readonly quick: boolean;
  /** First seed. */
  readonly seed: number;
  /** Number of epochs instead of the experiment's own. */
  readonly epochs?: number;
  /** Called with the share of the work that is done and what is going on. */
  readonly progress: (share: number, text: string) => void;
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
  /** Tables and curves for people. */
  readonly text: string;
}

/** A paper's experiment; the default export of `papers/<NN-name>/index.ts`. */
export interface Experiment {
  /** Number of the card, two digits. */
  readonly number: string;
  readonly title: string;
  /** Where the paper is, such as `arXiv:2012.12177`. */
  readonly source: string;
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
