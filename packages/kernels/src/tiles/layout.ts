import { EnvironmentError, FormatError } from '@ketwork/base';
import { nodeModules } from './files.ts';
import type { Region } from '../computation.ts';

/** Numbers on disk: doubles, or singles, which take half the room and round to 6e-8. */
export type TileStorage = 'f64' | 'f32';

/** What a folder of tiles holds, as `kernel.json` in it says. */
export interface TileHeader {
  readonly format: 'ketwork.tiles/1';
  /** Number of examples. */
  readonly size: number;
  /** Rows and columns of a tile; the last ones may have fewer. */
  readonly tile: number;
  readonly storage: TileStorage;
  /** SHA-256, hexadecimal, of examples, kernel, weights, seed and all of the above. */
  readonly identity: string;
}

const MAGIC = 'KETWTILE';
/** Magic, row and column of the tile, identity, zeros: a multiple of 8, so that numbers are aligned. */
export const TILE_HEAD = 64;

export function bytesOf(storage: TileStorage): number {
  return storage === 'f64' ? 8 : 4;
}

/** Every tile on or above the diagonal, row by row. */
export function regions(size: number, tile: number): Region[] {
  const all: Region[] = [];
  for (let row = 0; row < size; row += tile) {
    for (let column = row; column < size; column += tile) {
      all.push({
        row,
        rows: Math.min(tile, size - row),
        column,
        columns: Math.min(tile, size - column),
      });
    }
  }
  return all;
}

/** Bytes of all tiles on disk. */
export function bytesOnDisk({
  size,
  tile,
  storage,
}: Omit<TileHeader, 'identity' | 'format'>): number {
  return regions(size, tile).reduce(
    (sum, { rows, columns }) => sum + TILE_HEAD + rows * columns * bytesOf(storage),
    0,
  );
}

export function tilePath(folder: string, { row, column }: Region, tile: number): string {
  return nodeModules().path.join(folder, `tile-${row / tile}-${column / tile}.bin`);
}

/** What stands in front of the numbers of a tile. */
export function tileHead(identity: string, { row, column }: Region): Uint8Array {
  const head = new Uint8Array(TILE_HEAD);
  head.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(head.buffer);
  view.setUint32(8, row, true);
  view.setUint32(12, column, true);
  for (let i = 0; i < 32; i++) head[16 + i] = Number.parseInt(identity.slice(2 * i, 2 * i + 2), 16);
  return head;
}

/** The numbers of a tile as bytes, little-endian as all machines that run this are. */
export function tileBody(numbers: Float64Array, storage: TileStorage): Uint8Array {
  const stored = storage === 'f64' ? numbers : Float32Array.from(numbers);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

/** Whether a file is the tile it should be: its length and what stands in front. */
export function isTile(folder: string, header: TileHeader, region: Region): boolean {
  const { fs } = nodeModules();
  const path = tilePath(folder, region, header.tile);
  let file: number;
  try {
    file = fs.openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const { rows, columns } = region;
    if (fs.fstatSync(file).size !== TILE_HEAD + rows * columns * bytesOf(header.storage))
      return false;
    const head = new Uint8Array(TILE_HEAD);
    fs.readSync(file, head, 0, TILE_HEAD, 0);
    const expected = tileHead(header.identity, region);
    return head.every((byte, i) => byte === expected[i]);
  } finally {
    fs.closeSync(file);
  }
}

/** Reads `kernel.json` of a folder, undefined where there is none. @throws FormatError where it is none of ours. */
export function readHeader(folder: string): TileHeader | undefined {
  const { fs, path } = nodeModules();
  let text: string;
  try {
    text = fs.readFileSync(path.join(folder, 'kernel.json'), 'utf8');
  } catch {
    return undefined;
  }
  let header: Partial<TileHeader>;
  try {
    header = JSON.parse(text) as Partial<TileHeader>;
  } catch (cause) {
    throw new FormatError(`${folder}: kernel.json is not JSON`, { cause });
  }
  const { format, size, tile, storage, identity } = header;
  const whole =
    isCount(size) &&
    isCount(tile) &&
    (storage === 'f64' || storage === 'f32') &&
    /^[0-9a-f]{64}$/.test(String(identity));
  if (format !== 'ketwork.tiles/1' || !whole) {
    throw new FormatError(`${folder}: kernel.json does not describe tiles of this version`, {
      remedy: 'Name another folder',
    });
  }
  return header as TileHeader;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** What went wrong with the file of a tile when it was read. */
export function unreadable(path: string, cause?: unknown): Error {
  const remedy = 'Complete the folder with kernelTiles and the same data';
  return cause === undefined
    ? new FormatError(`${path} is not as long as its tile`, { remedy })
    : new EnvironmentError(
        `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { remedy, cause },
      );
}
