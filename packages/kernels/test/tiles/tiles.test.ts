import { EnvironmentError, FormatError, KetworkError, ValueError } from '@ketwork/base';
import { circuit, toJSON } from '@ketwork/circuit';
import {
  fidelityKernel,
  kernelFromJSON,
  kernelProduct,
  kernelRidge,
  kernelTiles,
  openKernelTiles,
  projectedKernel,
  rbfKernel,
  svm,
  tiledKernelRidge,
  trainableFeatureMap,
} from '@ketwork/kernels';
import type { TileProgress } from '@ketwork/kernels';
import { cpu } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { spawn } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { examples, featureMap } from './examples.ts';

const engine = await cpu();
const kernel = fidelityKernel(engine, featureMap);
const n = 200;
const whole = kernel.matrix(examples);

const folders: string[] = [];
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'ketwork-tiles-'));
  folders.push(path);
  return path;
};
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

describe('tiles on disk', () => {
  for (const [tile, workers, memory] of [
    [64, 1, 2 ** 20],
    [64, 2, 2 ** 13],
    [37, 2, 2 ** 20],
    [500, 1, 2 ** 14],
  ] as const) {
    it(`have the bits of the matrix in memory (tiles of ${tile}, ${workers} workers, ${memory} bytes)`, async () => {
      const tiles = await kernelTiles(kernel, examples, { path: folder(), tile, workers, memory });
      expect(await tiles.rows(0, n)).toEqual(whole);
      expect(await tiles.rows(33, 131)).toEqual(whole.slice(33 * n, 131 * n));
      for (const i of [0, 63, 64, 130, 199, 0])
        expect(tiles.row(i)).toEqual(whole.slice(i * n, (i + 1) * n));
      const v = Float64Array.from({ length: n }, (_, i) => Math.sin(i));
      const product = Float64Array.from({ length: n }, (_, i) =>
        v.reduce((sum, a, j) => sum + a * whole[i * n + j]!, 0),
      );
      expectClose(await tiles.multiply(v), product, 1e-13);
      let elements = 0;
      await tiles.eachTile(({ data }) => (elements += data.length));
      expect(elements).toBeGreaterThanOrEqual((n * (n + 1)) / 2);
    });
  }

  it('round to single precision where they are stored so', async () => {
    const path = folder();
    await kernelTiles(kernel, examples, { path, tile: 64, storage: 'f32' });
    const tiles = openKernelTiles(path);
    expect(await tiles.rows(0, n)).toEqual(Float64Array.from(whole, Math.fround));
    expect(tiles.row(70)).toEqual(Float32Array.from(whole.slice(70 * n, 71 * n)));
    expect(statSync(join(path, 'tile-0-1.bin')).size).toBe(64 + 4 * 64 * 64);
  });

  it('hold every kernel: weights, shots, reduced states, classical ones', async () => {
    const map = trainableFeatureMap(2, 4);
    const values = { w: Float64Array.from({ length: 8 }, (_, i) => i / 3) };
    const x = examples.subarray(0, 160);
    for (const each of [
      fidelityKernel(engine, map),
      fidelityKernel(engine, map, { shots: 300 }),
      fidelityKernel(engine, map, { shots: 300, method: 'inversion', measureDiagonal: true }),
      projectedKernel(engine, map, { gamma: 0.3 }),
      projectedKernel(engine, map, { gamma: 0.3, shots: 20 }),
    ]) {
      const tiles = await kernelTiles(each, x, { path: folder(), tile: 16, values, seed: 5 });
      expect(await tiles.rows(0, 40)).toEqual(each.matrix(x, { values, seed: 5 }));
      const again = kernelFromJSON(engine, JSON.parse(JSON.stringify(each)) as never);
      expect(again.matrix(x, { values, seed: 5 })).toEqual(each.matrix(x, { values, seed: 5 }));
    }
    const rbf = rbfKernel(4);
    const tiles = await kernelTiles(rbf.toJSON(), x, { path: folder(), tile: 16 });
    expect(await tiles.rows(0, 40)).toEqual(rbf.matrix(x));
  });
});

describe('a run that was interrupted', () => {
  it('has nothing going on any more when it rejects', async () => {
    for (let round = 0; round < 5; round++) {
      const path = folder();
      let calls = 0;
      let after = 0;
      let ended = false;
      const onProgress = (): void => {
        calls += 1;
        if (ended) after += 1;
        if (calls === 3) throw new Error('enough');
      };
      const run = kernelTiles(kernel, examples, { path, tile: 20, workers: 2, onProgress });
      await expect(run).rejects.toThrow('enough');
      ended = true;
      const there = readdirSync(path).sort();
      expect(there.filter((name) => name.endsWith('.tmp'))).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(readdirSync(path).sort()).toEqual(there);
      expect(after).toBe(0);
    }
  });

  it('goes on after an abort with the tiles that are missing', async () => {
    const path = folder();
    const stop = new AbortController();
    const run = kernelTiles(kernel, examples, {
      path,
      tile: 32,
      signal: stop.signal,
      onProgress: ({ done }) => done === 5 && stop.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
    expect(() => openKernelTiles(path)).toThrow(FormatError);
    const seen: TileProgress[] = [];
    const tiles = await kernelTiles(kernel, examples, {
      path,
      tile: 32,
      onProgress: (p) => seen.push(p),
    });
    expect(seen[0]!.found).toBeGreaterThanOrEqual(5);
    expect(seen[0]!.found).toBeLessThan(28);
    expect(seen.at(-1)).toMatchObject({ done: 28, tiles: 28, share: 1 });
    expect(seen.map(({ done }) => done)).toEqual(seen.map((_, i) => seen[0]!.found + i));
    expect(await tiles.rows(0, n)).toEqual(whole);
  });

  it('goes on after kill -9, and leaves no half-written files', async () => {
    const path = folder();
    const victim = spawn(
      process.execPath,
      [fileURLToPath(new URL('./victim.ts', import.meta.url)), path],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const killed = new Promise<NodeJS.Signals | null>((resolve) => {
      victim.on('close', (_, signal) => resolve(signal));
    });
    victim.stdout.on('data', (text: Buffer) => {
      if (
        text
          .toString()
          .split('\n')
          .some((line) => Number(line) >= 7)
      )
        victim.kill('SIGKILL');
    });
    expect(await killed).toBe('SIGKILL');
    writeFileSync(join(path, `tile-0-0.bin.${victim.pid}.99.tmp`), 'half');
    let first: TileProgress | undefined;
    const tiles = await kernelTiles(kernel, examples, {
      path,
      tile: 16,
      onProgress: (p) => (first ??= p),
    });
    expect(first!.found).toBeGreaterThanOrEqual(7);
    expect(first!.found).toBeLessThan(91);
    expect(await tiles.rows(0, n)).toEqual(whole);
    expect(readdirSync(path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('computes a damaged tile again', async () => {
    const path = folder();
    await kernelTiles(kernel, examples, { path, tile: 64 });
    truncateSync(join(path, 'tile-0-1.bin'), 100);
    const bytes = readFileSync(join(path, 'tile-1-1.bin'));
    bytes[20]! ^= 1;
    writeFileSync(join(path, 'tile-1-1.bin'), bytes);
    expect(() => openKernelTiles(path)).toThrow(/lacks 2 of 10/);
    let first: TileProgress | undefined;
    await kernelTiles(kernel, examples, { path, tile: 64, onProgress: (p) => (first ??= p) });
    expect(first).toMatchObject({ found: 8, tiles: 10 });
    expect(await openKernelTiles(path).rows(0, n)).toEqual(whole);
  });
});

describe('what does not fit', () => {
  it('is refused: a folder of other data, kernels or settings', async () => {
    const path = folder();
    const small = examples.subarray(0, 80);
    await kernelTiles(kernel, small, { path, tile: 16 });
    const again = (options: object, x = small, other = kernel): Promise<unknown> =>
      kernelTiles(other, x, { path, tile: 16, ...options });
    await expect(again({ tile: 8 })).rejects.toThrow(/tile 16, not 8/);
    await expect(again({ storage: 'f32' })).rejects.toThrow(/storage/);
    await expect(again({ seed: 1 })).rejects.toThrow(ValueError);
    await expect(again({ precision: 'f32' })).rejects.toThrow(ValueError);
    await expect(again({}, examples.subarray(4, 84))).rejects.toThrow(/other examples/);
    await expect(again({}, examples.subarray(0, 160))).rejects.toThrow(/size 20, not 40/);
    await expect(again({}, small, projectedKernel(engine, featureMap))).rejects.toThrow(ValueError);
    await expect(again({})).resolves.toMatchObject({ size: 20 });
  });

  it('is refused: options, numbers, and more than disk or memory hold', async () => {
    const path = folder();
    const start = (options: object, x: number[] | Float64Array = examples): Promise<unknown> =>
      kernelTiles(kernel, x, { path, ...options });
    await expect(start({ tile: 0 })).rejects.toThrow(ValueError);
    await expect(start({ workers: 1.5 })).rejects.toThrow(ValueError);
    await expect(start({ storage: 'f16' })).rejects.toThrow(ValueError);
    await expect(start({}, [1, 2, 3])).rejects.toThrow(ValueError);
    await expect(start({}, [1, 2, 3, Number.NaN])).rejects.toThrow(ValueError);
    for (const bad of [{ memory: Number.NaN }, { memory: 0 }, { seed: -1 }, { seed: 0.5 }])
      await expect(start(bad)).rejects.toThrow(ValueError);
    await expect(start({}, [])).rejects.toThrow(ValueError);
    const broken = { kind: 'fidelity', circuit: toJSON(circuit(1, () => {})), settings: {} };
    await expect(kernelTiles(broken as never, [1], { path })).rejects.toThrow(KetworkError);
    await expect(start({ memory: 1e15 })).rejects.toThrow(EnvironmentError);
    const many = new Float64Array(20_000_000);
    const disk = kernelTiles(rbfKernel(1), many, { path, tile: 1_000_000 });
    await expect(disk).rejects.toThrow(EnvironmentError);
    expect(readdirSync(path)).toEqual([]);
    expect(() => openKernelTiles(path)).toThrow(FormatError);
    const damaged = folder();
    writeFileSync(join(damaged, 'kernel.json'), '{');
    expect(() => openKernelTiles(damaged)).toThrow(FormatError);
    writeFileSync(join(damaged, 'kernel.json'), '{"format":"ketwork.tiles/1"}');
    expect(() => openKernelTiles(damaged)).toThrow(FormatError);
    expect(() => kernelFromJSON(engine, { kind: 'other', settings: {} } as never)).toThrow(
      FormatError,
    );
  });

  it('is refused when read: rows and vectors of other sizes', async () => {
    const tiles = await kernelTiles(kernel, examples.subarray(0, 40), { path: folder(), tile: 4 });
    expect(() => tiles.row(10)).toThrow(ValueError);
    await expect(tiles.rows(3, 11)).rejects.toThrow(ValueError);
    await expect(tiles.multiply([1])).rejects.toThrow(ValueError);
    truncateSync(join(tiles.path, 'tile-0-1.bin'), 100);
    expect(() => tiles.row(1)).toThrow(FormatError);
    await expect(tiles.rows(0, 1)).rejects.toThrow(FormatError);
    rmSync(join(tiles.path, 'tile-0-1.bin'));
    expect(() => tiles.row(1)).toThrow(EnvironmentError);
    await expect(tiles.rows(0, 1)).rejects.toThrow(EnvironmentError);
  });
});

describe('machines on tiles', () => {
  it('ridge by conjugate gradients and support vectors by rows agree with those in memory', async () => {
    const tiles = await kernelTiles(kernel, examples, { path: folder(), tile: 64 });
    const labels = Array.from({ length: n }, (_, i) =>
      examples[4 * i]! * examples[4 * i + 1]! > 0 ? 1 : -1,
    );
    const direct = kernelRidge(whole, labels, { lambda: 0.5 });
    const found = await tiledKernelRidge(tiles, labels, { lambda: 0.5, tolerance: 1e-12 });
    expect(found.converged).toBe(true);
    expectClose(found.dual, direct.dual, 1e-9);
    const test = examples.subarray(0, 120).map((v) => 0.9 * v);
    const expected = direct.predict(kernel.between(test, examples));
    expectClose(kernelProduct(kernel, test, examples, found.dual, { block: 13 }), expected, 1e-9);
    const machine = svm(whole, labels, { maxIterations: 20 });
    expect(svm(tiles, labels).dual).toEqual(svm(whole, labels).dual);
    // Only the rows of the pairs are read, not all of them for the diagonal.
    const read = new Set<number>();
    const counted = { ...tiles, row: (i: number) => (read.add(i), tiles.row(i)) };
    expect(svm(counted, labels, { maxIterations: 20 }).dual).toEqual(machine.dual);
    expect(read.size).toBeLessThanOrEqual(40);
    expect([...tiles.diagonal()]).toEqual(Array.from({ length: n }, (_, i) => whole[i * (n + 1)]));
    const few = await tiledKernelRidge(tiles, labels, { maxIterations: 2 });
    expect(few).toMatchObject({ iterations: 2, converged: false });
    // -1 and 1 as eigenvalues: no minimum to find.
    const swap = [0, 1, 1, 0];
    const indefinite = {
      size: 2,
      multiply: async (v: ArrayLike<number>) =>
        [0, 1].map((r) => swap[2 * r]! * v[0]! + swap[2 * r + 1]! * v[1]!),
    };
    await expect(tiledKernelRidge(indefinite as never, [1, -1], { lambda: 0.5 })).rejects.toThrow(
      /not positive/,
    );
    await expect(tiledKernelRidge(indefinite as never, [1, -1], { lambda: 1 })).rejects.toThrow(
      /not positive/,
    );
    await expect(tiledKernelRidge(tiles, labels, { lambda: Infinity })).rejects.toThrow(ValueError);
    expect(() => kernelRidge(whole, labels, { lambda: Infinity })).toThrow(ValueError);
    await expect(tiledKernelRidge(tiles, [1])).rejects.toThrow(ValueError);
    await expect(tiledKernelRidge(tiles, labels, { lambda: 0 })).rejects.toThrow(ValueError);
    expect(() => kernelProduct(kernel, test, examples, [1])).toThrow(ValueError);
  });
});
