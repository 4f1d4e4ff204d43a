import { FormatError, ValueError, fold, integers, key, permutation, uniform } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { dataset, subset } from './dataset.ts';
import type { Dataset } from './dataset.ts';

/** The twenty amino acids by their letters, in the order in which sequences number them. */
export const AMINO_ACIDS = 'ARNDCQEGHILKMFPSTWYV';

/** Share of each amino acid in human proteins, in percent: rounded averages over reviewed UniProt entries. */
const FREQUENCIES = [
  7.0, 5.6, 3.6, 4.7, 2.3, 4.8, 7.1, 6.6, 2.6, 4.3, 10.0, 5.7, 2.1, 3.7, 6.3, 8.3, 5.4, 1.2, 2.7,
  6.0,
];

/** Hydropathy of each amino acid: Kyte and Doolittle, J. Mol. Biol. 157, 105 (1982), table 2. */
const HYDROPATHY = [
  1.8, -4.5, -3.5, -3.5, 2.5, -3.5, -3.5, -0.4, -3.2, 4.5, 3.8, -3.9, 1.9, 2.8, -1.6, -0.8, -0.7,
  -0.9, -1.3, 4.2,
];

/** Options of {@link proteins}. */
export interface ProteinOptions {
  /** Number of sequences; half of them (rounded down) cytosolic. */
  readonly count: number;
  /** Letters of a sequence, at least 6. Default 32. */
  readonly length?: number;
  /** Seed, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
}

/**
 * Sequences like windows of human proteins, a stand-in for data that cannot be had offline. A membrane protein has one
 * contiguous segment of a third to half of its length whose letters are drawn with weights `f · exp(0.55 · hydropathy)`;
 * a cytosolic one has up to a fifth of such letters scattered over it. All other letters are drawn by their share f in human
 * proteins. So the order of the letters tells more than their number.
 *
 * @returns Inputs `[count, length]`, indices into {@link AMINO_ACIDS}; classes `cytosolic` and `membrane`.
 * @throws ValueError where an option does not fit.
 * @example
 * ```ts
 * import { AMINO_ACIDS, proteins } from '@ketwork/datasets';
 * const { inputs, classes } = proteins({ count: 10, length: 16, seed: 1 });
 * console.log(Array.from(inputs.slice(0, 16), (i) => AMINO_ACIDS[i]).join(''), classes);
 * ```
 */
export function proteins({ count, length = 32, seed }: ProteinOptions): Dataset {
  if (!Number.isSafeInteger(count) || count < 2)
    throw new ValueError(`proteins: ${count} sequences are not an integer of at least 2`);
  if (!Number.isSafeInteger(length) || length < 6)
    throw new ValueError(`proteins: the length ${length} is not an integer of at least 6`);
  const from = key(seed);
  const ordinary = cumulated(FREQUENCIES);
  const greasy = cumulated(FREQUENCIES.map((f, i) => f * Math.exp(0.55 * HYDROPATHY[i]!)));
  const inputs = new Float64Array(count * length);
  const labels = new Int32Array(count);
  for (let e = 0; e < count; e++) {
    const own = fold(from, e);
    labels[e] = e < Math.floor(count / 2) ? 0 : 1;
    const inSegment = labels[e] === 1 ? segment(own, length) : scattered(own, length);
    const draws = uniform(fold(own, 0), length);
    for (let i = 0; i < length; i++)
      inputs[e * length + i] = drawn(inSegment.has(i) ? greasy : ordinary, draws[i]!);
  }
  const all = dataset({
    name: 'proteins',
    inputs,
    inputShape: [length],
    labels,
    classes: ['cytosolic', 'membrane'],
    source: 'generated: windows with and without a hydrophobic segment',
  });
  return subset(all, permutation(fold(from, count), count));
}

function segment(from: Key, length: number): Set<number> {
  const [least, most] = [Math.ceil(length / 3), Math.floor(length / 2)];
  const size = least + integers(fold(from, 1), 1, most - least + 1)[0]!;
  const start = integers(fold(from, 2), 1, length - size + 1)[0]!;
  return new Set(Array.from({ length: size }, (_, i) => start + i));
}

function scattered(from: Key, length: number): Set<number> {
  const size = integers(fold(from, 1), 1, Math.floor(length / 5) + 1)[0]!;
  return new Set(permutation(fold(from, 2), length).subarray(0, size));
}

function cumulated(weights: readonly number[]): number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  let sum = 0;
  return weights.map((weight) => (sum += weight) / total);
}

function drawn(cumulative: readonly number[], u: number): number {
  const found = cumulative.findIndex((bound) => u < bound);
  return found < 0 ? cumulative.length - 1 : found;
}

/** A sequence of a FASTA file. */
export interface FastaEntry {
  /** The line after `>`. */
  readonly description: string;
  /** The letters, upper case. */
  readonly sequence: string;
}

/**
 * Reads FASTA text: entries that begin with a line `>description`, followed by lines of letters (also `*` and `-`). Real
 * sequences, from UniProt for example, enter a data set through this and {@link AMINO_ACIDS}.
 *
 * @throws FormatError with the line number for letters before the first description, other characters, or an entry
 * without letters.
 * @example
 * ```ts
 * import { AMINO_ACIDS, parseFasta } from '@ketwork/datasets';
 * const [entry] = parseFasta('>P1 an example\nMKV\nLAA');
 * console.log(entry.sequence, [...entry.sequence].map((letter) => AMINO_ACIDS.indexOf(letter)));
 * ```
 */
export function parseFasta(text: string): FastaEntry[] {
  const entries: { description: string; sequence: string; line: number }[] = [];
  text.split(/\r\n|\n|\r/).forEach((raw, i) => {
    const line = raw.trim();
    if (line === '' || line.startsWith(';')) return;
    if (line.startsWith('>')) {
      entries.push({ description: line.slice(1).trim(), sequence: '', line: i + 1 });
      return;
    }
    const entry = entries.at(-1);
    if (entry === undefined)
      throw new FormatError(`FASTA, line ${i + 1}: letters before the first line with '>'`);
    const wrong = /[^A-Za-z*-]/.exec(line);
    if (wrong !== null)
      throw new FormatError(`FASTA, line ${i + 1}: '${wrong[0]}' is no letter of a sequence`);
    entry.sequence += line.toUpperCase();
  });
  const empty = entries.find(({ sequence }) => sequence === '');
  if (empty !== undefined)
    throw new FormatError(`FASTA, line ${empty.line}: '${empty.description}' has no sequence`);
  return entries.map(({ description, sequence }) => ({ description, sequence }));
}
