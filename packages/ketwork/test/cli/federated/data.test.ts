import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCsv, readData, readSource } from '../../../src/cli/federated/data.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ketwork-data-'));
  writeFileSync(join(folder, 'a.csv'), 'x,y,class\n1,2,0\n3,4.5,1\n');
  // IDX: two zero bytes, type 8 (bytes), dimensions, extents, elements.
  const idx = (shape: number[], data: number[]): Uint8Array =>
    Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, 0, n]), ...data]);
  writeFileSync(join(folder, 'x.idx'), idx([2, 1, 2], [0, 255, 51, 102]));
  writeFileSync(join(folder, 'y.idx'), idx([2], [7, 9]));
  writeFileSync(join(folder, 'z.idx'), idx([3], [7, 9, 1]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('parseCsv', () => {
  it('reads inputs and labels, with or without a heading', () => {
    for (const head of ['', 'a,b,c\n', '"a", "b", "c"\r\n']) {
      const { inputs, labels } = parseCsv(`${head}1,2,0\r\n\n -3 , 4e-1 ,"1"`, 1);
      expect(Array.from(inputs)).toEqual([1, 2, -3, 0.4]);
      expect(Array.from(labels)).toEqual([0, 1]);
    }
  });

  it('takes several columns as labels', () => {
    const { inputs, labels } = parseCsv('1,2,3\n4,5,6', 2);
    expect(Array.from(inputs)).toEqual([1, 4]);
    expect(Array.from(labels)).toEqual([2, 3, 5, 6]);
  });

  it.each([
    ['', /no examples/],
    ['a,b', /no examples/],
    ['1,2\n3,x', /line 2, column 2 holds 'x'/],
    ['1,2\n3,', /line 2, column 2 holds ''/],
    ['1,2\n3,Infinity', /line 2, column 2/],
    ['1,2\n1,2,3', /line 2 has 3 columns, lines before it 2/],
    ['1\n2', /1 columns, of which 1 would be labels/],
  ])('refuses %j', (text, message) => {
    expect(() => parseCsv(text, 1)).toThrow(message);
  });
});

describe('readData', () => {
  it('finds files from the folder', async () => {
    const { inputs, labels } = await readData('a.csv', folder);
    expect(Array.from(inputs)).toEqual([1, 2, 3, 4.5]);
    expect(Array.from(labels)).toEqual([0, 1]);
  });

  it('scales IDX files', async () => {
    const source = readSource({ inputs: 'x.idx', labels: 'y.idx', scale: 1 / 51 }, 'data');
    const { inputs, labels } = await readData(source, folder);
    expect(Array.from(inputs)).toEqual([0, 5, 1, 2]);
    expect(Array.from(labels)).toEqual([7, 9]);
  });

  it('names the file that is missing or does not fit', async () => {
    await expect(readData('none.csv', folder)).rejects.toThrow(
      /cannot read .*none\.csv: no such file/,
    );
    const source = { inputs: 'x.idx', labels: 'z.idx' };
    await expect(readData(source, folder)).rejects.toThrow(/x\.idx has 2 examples, z\.idx has 3/);
    await expect(readData({ inputs: 'a.csv', labels: 'z.idx' }, folder)).rejects.toThrow(/a\.csv/);
  });
});

describe('readSource', () => {
  it.each([
    [3, /data names no file/],
    [null, /data names no file/],
    [{ csv: 'a.csv', label: 1 }, /unknown member 'label'.*labels/],
    [{ csv: 'a.csv', labels: 0 }, /of a wrong type/],
    [{ inputs: 'a' }, /members missing/],
    [{ inputs: 'a', labels: 'b', scale: 'c' }, /of a wrong type/],
  ])('refuses %j', (value, message) => {
    expect(() => readSource(value, 'data')).toThrow(message);
  });
});
