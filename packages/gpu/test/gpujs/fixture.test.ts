import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpujs } from '../../src/gpujs/engine.ts';
import type { GpujsEngine } from '../../src/gpujs/engine.ts';
import { deviceFailures } from '../device-fixture.ts';
import { noWebGpu } from '../software.ts';
import { mergedFailures } from './merged-circuits.ts';

const TOLERANCES = { results: 1e-5, gradients: 2e-5 };

describe.skipIf((await noWebGpu()) !== undefined)('gpujs on WebGPU against the reference', () => {
  let engine: GpujsEngine;
  beforeAll(async () => {
    engine = await gpujs({ mode: 'webgpu', force: true });
  });
  afterAll(() => engine.dispose());

  // Seeds that give every kind of operation and read-out; the rest of a thousand passes too, but takes minutes.
  it.each([0, 1])('random circuits, part %i', async (part) => {
    const seeds = Array.from({ length: 12 }, (_, i) => 12 * part + i);
    expect(await deviceFailures(engine, seeds, TOLERANCES, 6)).toEqual([]);
  });

  it('circuits whose steps are taken together', async () => {
    const { failures, permutations } = await mergedFailures(engine, TOLERANCES);
    expect(failures).toEqual([]);
    expect(permutations).toBeGreaterThan(8);
  });

  it('random circuits without merged gates', async () => {
    const unfused = await gpujs({ mode: 'webgpu', force: true, fusion: 0 });
    expect(await deviceFailures(unfused, [100, 101, 102], TOLERANCES, 6)).toEqual([]);
    unfused.dispose();
  });
});
