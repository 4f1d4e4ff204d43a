import { serve } from '@ketwork/base';
import { cpu } from '@ketwork/simulator';
import { region } from '../computation.ts';
import type { Region } from '../computation.ts';
import { kernelFromJSON } from '../json.ts';
import { LocalKernel } from '../kernel.ts';
import type { TileWorkerData } from './protocol.ts';

let opened: Promise<LocalKernel> | undefined;

async function open({ kernel, precision, memory }: TileWorkerData): Promise<LocalKernel> {
  return kernelFromJSON(await cpu({ precision }), kernel, { memory }) as LocalKernel;
}

serve<Region, Float64Array>(async (wanted, { data, transfer }) => {
  const work = data as TileWorkerData;
  const kernel = await (opened ??= open(work));
  const settings = { values: work.values, seed: work.seed, symmetric: true };
  const { x, memory } = work;
  const tile = kernel.compute(region(kernel.recipe, x, kernel.features, memory, settings, wanted));
  transfer(tile.buffer as ArrayBuffer);
  return tile;
});
