import { createPool, EnvironmentError, FormatError, ValueError, workerUrl } from '@ketwork/base';
import type { Pool } from '@ketwork/base';
import { parseCircuit } from '@ketwork/circuit';
import { readValues } from '@ketwork/simulator';
import type { Numbers, Values } from '@ketwork/simulator';
import type { Region } from '../computation.ts';
import type { AsyncKernel, Kernel, KernelJSON } from '../contract.ts';
import { encodingOf } from '../kernel.ts';
import { flatNumbers } from '../numbers.ts';
import { nodeModules, writeWhole } from './files.ts';
import {
  bytesOf,
  bytesOnDisk,
  isTile,
  readHeader,
  regions,
  tileBody,
  tileHead,
  tilePath,
} from './layout.ts';
import type { TileHeader, TileStorage } from './layout.ts';
import type { TileWorkerData } from './protocol.ts';
import { openTiled } from './tiled-kernel.ts';
import type { TiledKernel } from './tiled-kernel.ts';

/** How far {@link kernelTiles} is. */
export interface TileProgress {
  /** Tiles that are on disk. */
  readonly done: number;
  /** Tiles in all. */
  readonly tiles: number;
  /** Tiles that were there when the call began. */
  readonly found: number;
  /** Share of the matrix's elements that is on disk, 0 to 1. */
  readonly share: number;
  /** Seconds since the call began. */
  readonly seconds: number;
}

/** Options of {@link kernelTiles}. */
export interface KernelTilesOptions {
  /** Folder of the tiles; made where it is not there. */
  readonly path: string;
  /** Rows and columns of a tile. Default 2048. */
  readonly tile?: number;
  /** Numbers on disk. Default `f64`. */
  readonly storage?: TileStorage;
  /** Precision of the CPU engines. Default `f64`. */
  readonly precision?: 'f64' | 'f32';
  /** Worker threads; the bits do not depend on it. Default 1. */
  readonly workers?: number;
  /** Bytes for states of each worker, besides two tiles. Default 512 MiB. */
  readonly memory?: number;
  /** Values of the feature map's weights, by slot name. */
  readonly values?: Values;
  /** Seed of the shots. Default 0. */
  readonly seed?: number;
  /** Stops: the promise rejects with the signal's reason. Tiles on disk stay, and the next call goes on from there. */
  readonly signal?: AbortSignal;
  /** Called when the work begins and after each tile. */
  readonly onProgress?: (progress: TileProgress) => void;
}

const MEMORY = 2 ** 29;

/**
 * The Gram matrix of many examples in tiles on disk, of which only those on and above the diagonal are computed. Every tile
 * is written whole or not at all, so a run that was stopped, even by `kill -9`, goes on with the tiles that are missing;
 * a folder of other data, another kernel or other settings is refused, by a SHA-256 of them that every file carries.
 *
 * Tiles are computed in workers with the CPU engine. Their bits depend neither on the number of workers nor on the tiles.
 *
 * @param kernel A kernel, or what its `toJSON` gave.
 * @param x `[n, features]`.
 * @returns The matrix for reading, once all tiles are there.
 * @throws ValueError for data and options that do not fit or a folder that belongs to something else; EnvironmentError
 * where disk or memory do not suffice, or there is no file system.
 * @example
 * ```ts
 * import { mkdtemp, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { fidelityKernel, kernelTiles, pairMeanFeatureMap } from '@ketwork/kernels';
 * import { cpu } from '@ketwork/simulator';
 * const kernel = fidelityKernel(await cpu(), pairMeanFeatureMap(2));
 * const x = Array.from({ length: 50 }, (_, i) => [Math.sin(i), Math.cos(i)]);
 * const path = await mkdtemp(join(tmpdir(), 'tiles-'));
 * const tiles = await kernelTiles(kernel, x, { path, tile: 16, storage: 'f32' });
 * console.log(tiles.size, (await tiles.multiply(new Float64Array(50).fill(1))).length); // 50 50
 * await rm(path, { recursive: true });
 * ```
 */
export async function kernelTiles(
  kernel: Kernel | AsyncKernel | KernelJSON,
  x: Numbers,
  options: KernelTilesOptions,
): Promise<TiledKernel> {
  const { path, tile = 2048, storage = 'f64', precision = 'f64', workers = 1 } = options;
  const { memory = MEMORY, seed = 0, signal, onProgress } = options;
  const { files } = nodeModules();
  signal?.throwIfAborted();
  positive('tile', tile);
  positive('workers', workers);
  if (!(memory > 0))
    throw new ValueError(`kernelTiles: memory ${String(memory)} is not a number of bytes above 0`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ValueError(`kernelTiles: seed ${String(seed)} is not an integer from 0 to 2^53 - 1`);
  for (const [name, format] of Object.entries({ storage, precision })) {
    if (format !== 'f64' && format !== 'f32')
      throw new ValueError(`kernelTiles: ${name} ${JSON.stringify(format)} is neither f64 nor f32`);
  }
  const json = 'toJSON' in kernel ? kernel.toJSON() : kernel;
  const { examples, values } = checkedData(json, x, options.values ?? {});
  const size = examples.length / featuresOf(json);
  if (size === 0) throw new ValueError('kernelTiles: there are no examples');
  const settings = { size, tile, storage };
  const identity = identityOf(json, examples, values, { ...settings, precision, seed });
  const header: TileHeader = { format: 'ketwork.tiles/1', ...settings, identity };
  await files.mkdir(path, { recursive: true });
  checkFolder(path, header);
  await clearTemporary(path);
  const all = regions(size, tile);
  const missing = all.filter((region) => !isTile(path, header, region));
  await checkRoom(path, header, missing, workers, memory);
  await writeWhole(nodeModules().path.join(path, 'kernel.json'), [
    new TextEncoder().encode(`${JSON.stringify({ ...header, kernel: json.kind }, undefined, 2)}\n`),
  ]);
  const begin = performance.now();
  const elements = (list: readonly Region[]): number =>
    list.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const whole = elements(all);
  let left = elements(missing);
  let done = all.length - missing.length;
  const found = done;
  const report = (): void =>
    onProgress?.({
      done,
      tiles: all.length,
      found,
      share: 1 - left / whole,
      seconds: (performance.now() - begin) / 1000,
    });
  report();
  if (missing.length > 0) {
    const workerData: TileWorkerData = {
      kernel: json,
      precision,
      x: examples,
      values,
      seed,
      memory,
    };
    const pool = tilePool(workerData, Math.min(workers, missing.length));
    try {
      await computed(pool, missing, signal, async (region, numbers) => {
        await writeWhole(tilePath(path, region, tile), [
          tileHead(identity, region),
          tileBody(numbers, storage),
        ]);
        done += 1;
        left -= region.rows * region.columns;
        report();
      });
    } finally {
      pool.dispose();
    }
  }
  return openTiled(path, header);
}

/**
 * Opens tiles that {@link kernelTiles} has completed.
 *
 * @throws FormatError where the folder holds no tiles or some are missing.
 * @example
 * ```ts
 * import { openKernelTiles } from '@ketwork/kernels';
 * try {
 *   openKernelTiles('no-such-folder');
 * } catch (error) {
 *   console.log((error as Error).message); // no-such-folder holds no tiles of a kernel
 * }
 * ```
 */
export function openKernelTiles(path: string): TiledKernel {
  const header = readHeader(path);
  if (header === undefined) throw new FormatError(`${path} holds no tiles of a kernel`);
  const all = regions(header.size, header.tile);
  const missing = all.filter((region) => !isTile(path, header, region)).length;
  if (missing > 0) {
    throw new FormatError(`${path} lacks ${missing} of ${all.length} tiles`, {
      remedy: 'Complete them with kernelTiles and the same data',
    });
  }
  return openTiled(path, header);
}

/** Has regions computed, each worker one at a time, and their numbers taken in while the next is computed. */
async function computed(
  pool: Pool<Region, Float64Array>,
  regionsLeft: readonly Region[],
  signal: AbortSignal | undefined,
  take: (region: Region, numbers: Float64Array) => Promise<void>,
): Promise<void> {
  const queue = regionsLeft.values();
  const options = signal === undefined ? {} : { signal };
  let failed = false;
  let first: unknown;
  const fail = (error: unknown): void => {
    if (!failed) first = error;
    failed = true;
    pool.dispose();
  };
  const lane = async (): Promise<void> => {
    // Writing goes on while the next tile is computed, but no more than one tile waits.
    let writing: Promise<void> = Promise.resolve();
    try {
      for (const region of queue) {
        const numbers = await pool.run(region, [], options);
        await writing;
        if (failed) break;
        writing = take(region, numbers);
        // An error is reported where it is awaited, not as one that nobody handled.
        writing.catch(() => {});
      }
    } catch (error) {
      fail(error);
    } finally {
      await writing.catch(fail);
    }
  };
  // All lanes have ended before an error is reported, so that nothing is written afterwards.
  await Promise.all(Array.from({ length: pool.size }, lane));
  if (failed) throw first;
}

function tilePool(workerData: TileWorkerData, size: number): Pool<Region, Float64Array> {
  // Bundlers follow the literal in `webWorker`; written out here, they would copy the module a second time.
  const file = './tile-worker.js';
  const url = workerUrl(new URL(file, import.meta.url), import.meta.url);
  return createPool<Region, Float64Array>({ url, size, workerData });
}

function featuresOf(json: KernelJSON): number {
  return json.circuit === undefined
    ? Number(json.settings['features'])
    : encodingOf('kernelTiles', parseCircuit(json.circuit)).features;
}

/** Examples and weights as arrays, checked as a call of the kernel would check them. */
function checkedData(
  json: KernelJSON,
  x: Numbers,
  given: Values,
): { examples: Float64Array; values: Record<string, Float64Array> } {
  if (json.circuit === undefined) {
    const examples = flatNumbers('kernelTiles', x);
    const features = featuresOf(json);
    if (examples.length % features !== 0)
      throw new ValueError(`kernelTiles: ${examples.length} numbers are not rows of ${features}`);
    return { examples, values: {} };
  }
  const circuit = parseCircuit(json.circuit);
  const { slot } = encodingOf('kernelTiles', circuit);
  const read = readValues(circuit, { ...given, [slot]: x });
  const weights = circuit.slots.filter(({ name }) => name !== slot);
  return {
    examples: read.get(slot),
    values: Object.fromEntries(weights.map(({ name }) => [name, read.get(name)])),
  };
}

function identityOf(
  json: KernelJSON,
  examples: Float64Array,
  values: Readonly<Record<string, Float64Array>>,
  settings: Readonly<Record<string, string | number>>,
): string {
  const hash = nodeModules().crypto.createHash('sha256');
  hash.update(JSON.stringify([json, settings, Object.keys(values)]));
  for (const numbers of [examples, ...Object.values(values)])
    hash.update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  return hash.digest('hex');
}

function checkFolder(path: string, header: TileHeader): void {
  const there = readHeader(path);
  if (there === undefined || there.identity === header.identity) return;
  const differs = (['size', 'tile', 'storage'] as const).find(
    (name) => there[name] !== header[name],
  );
  const how =
    differs === undefined
      ? 'other examples, another kernel, other weights, precision or seed'
      : `${differs} ${there[differs]}, not ${header[differs]}`;
  throw new ValueError(`kernelTiles: ${path} holds tiles of ${how}`, {
    remedy: 'Name another folder, or remove this one',
  });
}

/** Removes what a process that was killed left half written. */
async function clearTemporary(path: string): Promise<void> {
  const { files, path: paths } = nodeModules();
  for (const name of await files.readdir(path)) {
    const owner = /^(?:tile-.*\.bin|kernel\.json)\.(\d+)\.\d+\.tmp$/.exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner)))
      await files.rm(paths.join(path, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

async function checkRoom(
  path: string,
  header: TileHeader,
  missing: readonly Region[],
  workers: number,
  memory: number,
): Promise<void> {
  const { bavail, bsize } = await nodeModules().files.statfs(path);
  const needed = missing.reduce(
    (sum, { rows, columns }) => sum + rows * columns * bytesOf(header.storage),
    0,
  );
  if (needed > bavail * bsize) {
    const half =
      header.storage === 'f64' ? "Use storage: 'f32', or another disk" : 'Use another disk';
    throw new EnvironmentError(
      `kernelTiles: ${missing.length} tiles need ${gigabytes(needed)} of ${gigabytes(bytesOnDisk(header))} in all, and ${path} has ${gigabytes(bavail * bsize)} left`,
      { remedy: half },
    );
  }
  // A tile being computed, one in between and one being written, per worker.
  const rows = Math.min(header.tile, header.size);
  const held = workers * (memory + 3 * 8 * rows * rows);
  const available = process.availableMemory();
  if (missing.length > 0 && held > available) {
    throw new EnvironmentError(
      `kernelTiles: ${workers} workers take up to ${gigabytes(held)} and ${gigabytes(available)} are free`,
      { remedy: 'Use smaller tiles, fewer workers or less memory' },
    );
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}

function positive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ValueError(`kernelTiles: ${name} ${String(value)} is not a positive integer`);
}
