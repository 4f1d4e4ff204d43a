import { UnsupportedError } from '@ketwork/base';
import type { Engine } from '../contract.ts';
import { cpu } from '../cpu/engine.ts';
import type { CpuOptions } from '../cpu/engine.ts';
import { densityMatrix } from '../density/engine.ts';
import { reference } from '../reference/reference.ts';
import { trajectories } from '../trajectories/engine.ts';
import type { TrajectoriesOptions } from '../trajectories/engine.ts';
import type { HostedEngine } from './protocol.ts';

const ENGINES: Readonly<Record<string, (options: unknown) => Engine | Promise<Engine>>> = {
  cpu: (options) => cpu({ ...(options as CpuOptions | undefined), threads: 0 }),
  'density-matrix': () => densityMatrix(),
  reference: () => reference(),
  trajectories: (options) =>
    trajectories({ ...(options as TrajectoriesOptions | undefined), threads: 0 }),
};

/** Starts the engine that a worker was asked to host. @throws UnsupportedError for a name it does not know */
export async function createEngine({ engine, options }: HostedEngine): Promise<Engine> {
  if (!Object.hasOwn(ENGINES, engine)) {
    throw new UnsupportedError(`there is no engine '${engine}' to host in a worker`, {
      remedy: `Use ${Object.keys(ENGINES).join(' or ')}`,
    });
  }
  return await ENGINES[engine]!(options);
}
