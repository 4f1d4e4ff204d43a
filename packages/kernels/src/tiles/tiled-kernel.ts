import { ValueError } from '@ketwork/base';
import type { KernelRows } from '../svm.ts';
import { nodeModules } from './files.ts';
import { bytesOf, regions, TILE_HEAD, tilePath, unreadable } from './layout.ts';
import type { TileHeader, TileStorage } from './layout.ts';
import type { Region } from '../computation.ts';

/** A Gram matrix in tiles on disk, read part by part. */
export interface TiledKernel extends KernelRows {
  /** The folder. */
  readonly path: string;
  /** Rows and columns of a tile. */
  readonly tile: number;
  /** Numbers on disk. */
  readonly storage: TileStorage;
  /**
   * Row i, `[size]`, read at once; rows used last are kept in memory (256 MiB). For {@link svm}.
   *
   * @throws ValueError where there is no such row.
   */
  row(i: number): Float64Array | Float32Array;
  /** The diagonal, `[size]`, read at once from the tiles on it. */
  diagonal(): Float64Array;
  /** Rows `from` to `to - 1`, `[to - from, size]`. */
  rows(from: number, to: number): Promise<Float64Array>;
  /** The matrix times a vector, `[size]`: every tile is read once. The order of sums is fixed. */
  multiply(vector: ArrayLike<number>): Promise<Float64Array>;
  /** Calls back with every tile on and above the diagonal, row by row: the number of its first row and column and its numbers. */
  eachTile(visit: (tile: KernelTile) => void): Promise<void>;
}

/** A tile in memory. */
export interface KernelTile {
  /** Its first row. */
  readonly row: number;
  /** Its first column, not below the first row. */
  readonly column: number;
  /** Number of rows. */
  readonly rows: number;
  /** Number of columns. */
  readonly columns: number;
  /** `[rows, columns]`. */
  readonly data: Float64Array | Float32Array;
}

/** Bytes of rows kept for {@link TiledKernel.row}. */
const ROW_CACHE = 2 ** 28;

/** The tiles of a complete folder. */
export function openTiled(path: string, header: TileHeader): TiledKernel {
  const { size, tile, storage } = header;
  const all = regions(size, tile);
  const kept = new Map<number, Float64Array | Float32Array>();
  const most = Math.max(4, Math.floor(ROW_CACHE / (size * bytesOf(storage))));
  const regionAt = (row: number, column: number): Region => {
    const first = (i: number): number => i - (i % tile);
    const [r, c] = [first(row), first(column)];
    return { row: r, rows: Math.min(tile, size - r), column: c, columns: Math.min(tile, size - c) };
  };
  const load = async (region: Region): Promise<Float64Array | Float32Array> => {
    const file = tilePath(path, region, tile);
    const bytes = await nodeModules()
      .files.readFile(file)
      .catch((cause: unknown) => {
        throw unreadable(file, cause);
      });
    if (bytes.length !== TILE_HEAD + region.rows * region.columns * bytesOf(storage))
      throw unreadable(file);
    return numbersOf(bytes, TILE_HEAD, storage);
  };
  const check = (i: number, end: number): void => {
    if (!Number.isSafeInteger(i) || i < 0 || i >= end)
      throw new ValueError(`row ${i} is not one of the ${size} of the matrix`);
  };
  const read = (i: number): Float64Array | Float32Array => {
    const out = storage === 'f64' ? new Float64Array(size) : new Float32Array(size);
    const width = bytesOf(storage);
    for (let at = 0; at < size; at += tile) {
      const above = at < i - (i % tile);
      const region = above ? regionAt(at, i) : regionAt(i, at);
      const { rows, columns } = region;
      // Above the diagonal's tile the row is a column of the tile on the other side of the diagonal.
      withFile(tilePath(path, region, tile), (bytesAt) => {
        const start = above ? 0 : (i - region.row) * columns * width;
        const bytes = bytesAt(start, (above ? rows * columns : columns) * width);
        const numbers = numbersOf(bytes, 0, storage);
        if (above)
          for (let r = 0; r < rows; r++) out[at + r] = numbers[r * columns + (i - region.column)]!;
        else out.set(numbers, at);
      });
    }
    return out;
  };
  const readDiagonal = (): Float64Array => {
    const out = new Float64Array(size);
    const width = bytesOf(storage);
    for (let at = 0; at < size; at += tile) {
      const region = regionAt(at, at);
      withFile(tilePath(path, region, tile), (bytesAt) => {
        for (let i = 0; i < region.rows; i++)
          out[at + i] = numbersOf(bytesAt(i * (region.columns + 1) * width, width), 0, storage)[0]!;
      });
    }
    return out;
  };
  return Object.freeze({
    path,
    size,
    tile,
    storage,
    row(i: number) {
      check(i, size);
      const found = kept.get(i) ?? read(i);
      kept.delete(i);
      kept.set(i, found);
      if (kept.size > most) kept.delete(kept.keys().next().value!);
      return found;
    },
    diagonal: readDiagonal,
    async rows(from: number, to: number) {
      check(from, to);
      check(to - 1, size);
      const out = new Float64Array((to - from) * size);
      const first = from - (from % tile);
      for (const region of all) {
        const { row, rows, column, columns } = region;
        const byRow = row >= first && row < to;
        const byColumn = column >= first && column < to && column > row;
        if (!byRow && !byColumn) continue;
        const data = await load(region);
        if (byRow) {
          for (let r = Math.max(0, from - row); r < Math.min(rows, to - row); r++)
            out.set(
              data.subarray(r * columns, (r + 1) * columns),
              (row + r - from) * size + column,
            );
        }
        if (byColumn) {
          for (let c = Math.max(0, from - column); c < Math.min(columns, to - column); c++)
            for (let r = 0; r < rows; r++)
              out[(column + c - from) * size + row + r] = data[r * columns + c]!;
        }
      }
      return out;
    },
    async multiply(vector: ArrayLike<number>) {
      if (vector.length !== size)
        throw new ValueError(`a vector of ${vector.length} for a matrix of ${size} columns`);
      const v = Float64Array.from(vector);
      const out = new Float64Array(size);
      for (const region of all) {
        const { row, rows, column, columns } = region;
        const data = await load(region);
        for (let r = 0; r < rows; r++) {
          const base = r * columns;
          const factor = v[row + r]!;
          let sum = 0;
          if (row === column)
            for (let c = 0; c < columns; c++) sum += data[base + c]! * v[column + c]!;
          else {
            for (let c = 0; c < columns; c++) {
              const k = data[base + c]!;
              sum += k * v[column + c]!;
              out[column + c]! += k * factor;
            }
          }
          out[row + r]! += sum;
        }
      }
      return out;
    },
    async eachTile(visit: (tile: KernelTile) => void) {
      for (const region of all) visit({ ...region, data: await load(region) });
    },
  });
}

/** Lets bytes of a tile be read, from so many behind its head on. */
function withFile(
  path: string,
  work: (bytesAt: (start: number, length: number) => Uint8Array) => void,
): void {
  const { fs } = nodeModules();
  let file: number;
  try {
    file = fs.openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    work((start, length) => {
      const bytes = new Uint8Array(length);
      if (fs.readSync(file, bytes, 0, length, TILE_HEAD + start) < length) throw unreadable(path);
      return bytes;
    });
  } finally {
    fs.closeSync(file);
  }
}

/** Numbers from bytes, which may lie at an odd place of a larger buffer. */
function numbersOf(
  bytes: Uint8Array,
  head: number,
  storage: TileStorage,
): Float64Array | Float32Array {
  const width = bytesOf(storage);
  const start = bytes.byteOffset + head;
  const [buffer, at] = start % width === 0 ? [bytes.buffer, start] : [bytes.slice(head).buffer, 0];
  const length = (bytes.length - head) / width;
  return storage === 'f64'
    ? new Float64Array(buffer, at, length)
    : new Float32Array(buffer, at, length);
}
