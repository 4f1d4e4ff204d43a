import { FormatError, hint } from '@ketwork/base';
import { readIdx } from '@ketwork/datasets';
import type { TrainingData } from '@ketwork/training';
import { resolve } from 'node:path';
import { readBytes, readText, within } from '../files.ts';

/**
 * Where examples are: a CSV file, whose last column is the label, or two IDX files, as MNIST has them, with a number by
 * which inputs are multiplied.
 */
export type DataSource =
  | string
  | { readonly csv: string; readonly labels?: number }
  | { readonly inputs: string; readonly labels: string; readonly scale?: number };

/** Checks a source that a configuration names. @throws FormatError */
export function readSource(value: unknown, where: string): DataSource {
  if (typeof value === 'string') return value;
  const wrong = (what: string): FormatError =>
    new FormatError(`${where} ${what}`, {
      remedy: 'Name a CSV file, or give {"csv", "labels"} or {"inputs", "labels", "scale"}',
    });
  if (typeof value !== 'object' || value === null) throw wrong('names no file');
  const given = value as Readonly<Record<string, unknown>>;
  const idx = 'inputs' in given;
  const known = idx ? ['inputs', 'labels', 'scale'] : ['csv', 'labels'];
  const extra = Object.keys(given).find((name) => !known.includes(name));
  if (extra !== undefined) throw wrong(`has an unknown member '${extra}'${hint(extra, known)}`);
  const { inputs, labels, scale, csv } = given;
  const fits = idx
    ? typeof inputs === 'string' &&
      typeof labels === 'string' &&
      (scale === undefined || Number.isFinite(scale))
    : typeof csv === 'string' &&
      (labels === undefined || (Number.isSafeInteger(labels) && (labels as number) >= 1));
  if (!fits) throw wrong('has members missing or of a wrong type');
  return value as DataSource;
}

/** Reads examples; names of files are seen from `folder`. @throws FormatError, EnvironmentError */
export async function readData(source: DataSource, folder: string): Promise<TrainingData> {
  if (typeof source === 'object' && 'inputs' in source) {
    const { inputs, labels, scale = 1 } = source;
    const [x, y] = await Promise.all(
      [inputs, labels].map(async (file) => readIdx(await readBytes(resolve(folder, file)), file)),
    );
    const count = x!.shape[0] ?? 0;
    if (count !== y!.shape[0]) {
      throw new FormatError(
        `${inputs} has ${count} examples, ${labels} has ${y!.shape[0] ?? 0} labels`,
        { remedy: 'Name files that belong together' },
      );
    }
    return {
      inputs: Float64Array.from(x!.data, (value) => value * scale),
      labels: Float64Array.from(y!.data),
    };
  }
  const { csv: file, labels = 1 } = typeof source === 'string' ? { csv: source } : source;
  const content = await readText(resolve(folder, file));
  return within(file, () => parseCsv(content, labels));
}

/**
 * Reads numbers separated by commas, one example per line, its labels last. A first line that is not all numbers is a
 * heading; empty lines are passed over.
 *
 * @throws FormatError where lines differ in length or hold something else, with the line.
 */
export function parseCsv(text: string, labelColumns: number): TrainingData {
  const inputs: number[] = [];
  const labels: number[] = [];
  let width: number | undefined;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const cells = line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
    const numbers = cells.map((cell) => (cell === '' ? NaN : Number(cell)));
    const bad = numbers.findIndex((value) => !Number.isFinite(value));
    if (width === undefined && bad >= 0 && i === 0) continue;
    if (bad >= 0) {
      throw new FormatError(
        `line ${i + 1}, column ${bad + 1} holds '${cells[bad]!.slice(0, 40)}'`,
        {
          remedy: 'Write numbers only, classes as 0, 1, 2, …',
        },
      );
    }
    width ??= numbers.length;
    if (numbers.length !== width) {
      throw new FormatError(
        `line ${i + 1} has ${numbers.length} columns, lines before it ${width}`,
      );
    }
    if (width <= labelColumns) {
      throw new FormatError(
        `there are ${width} columns, of which ${labelColumns} would be labels`,
        {
          remedy: 'Put the labels behind the inputs',
        },
      );
    }
    for (const [column, value] of numbers.entries()) {
      (column < width - labelColumns ? inputs : labels).push(value);
    }
  }
  if (width === undefined) throw new FormatError('there are no examples');
  return { inputs: Float64Array.from(inputs), labels: Float64Array.from(labels) };
}
