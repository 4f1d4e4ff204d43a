import { UnsupportedError } from '@ketwork/base';
import { gpujs, probeGpu, wgsl } from '@ketwork/gpu';
import { cpu } from '@ketwork/simulator';
import type { WgslEngine } from '../../packages/gpu/src/wgsl/engine.ts';
import { useSoftwareGpu } from '@ketwork/testing';
import type { BackEnd, Sizes } from '../gpu/bed.ts';
import { copiesOnCpu, copiesOnWebGpu } from '../gpu/copies.ts';
import { figures } from '../gpu/figures.ts';
import { elapsed, local } from '../harness/measure.ts';
import { firstLine } from '../harness/question.ts';
import type { Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'gpu';

/** The driver that was named by hand, before the question names Chromium's itself. */
const driver = /([^/]+)_icd/.exec(process.env['VK_ICD_FILENAMES'] ?? '')?.[1] ?? 'vk_swiftshader';

/** What people call an adapter. */
const shortName = (adapter: string): string =>
  /swiftshader|llvmpipe|warp/i.exec(adapter)?.[0].toLowerCase() ?? adapter;

/**
 * Engines on a GPU, next to the CPU engine. On a software adapter only ratios between engines of that adapter mean
 * something; the CPU engine's rows then say how much slower the adapter is. The playground makes the same figures in its page.
 */
export const gpu: Question = {
  name,
  results: driver === 'vk_swiftshader' ? name : `${name}-${driver}`,
  asks: 'What do GPU engines gain from merging and batching, and where do they overtake the CPU engine?',
  async answer({ settings, skip, tiny = false }) {
    useSoftwareGpu();
    const { webgpu } = await probeGpu();
    const { software } = webgpu;
    const { backEnds, close } = await open(webgpu.found, software, (reason) =>
      skip(`${name}: ${reason}`),
    );
    if (!webgpu.found) skip(`${name}: ${webgpu.reason}`);
    const rows: Row[] = [];
    try {
      const bed = {
        backEnds,
        sizes: sizesFor(software || !webgpu.found, tiny),
        settings,
        skip: (backEnd: BackEnd, reason: string, error: unknown) => {
          // The sides must agree, and a device must last.
          if (backEnd.gpu && error !== undefined && !(error instanceof UnsupportedError))
            throw new Error(`${backEnd.name}: ${reason}`, { cause: error });
          skip(`${name}: ${backEnd.name}: ${reason}`);
        },
      };
      const adapter = shortName(webgpu.name);
      for await (const { row, backEnd } of figures(bed))
        rows.push(backEnd.gpu ? { ...row, case: `${row.case}, on ${adapter}` } : row);
    } finally {
      close();
    }
    return rows;
  },
};

/** The back ends of this process. */
async function open(
  found: boolean,
  software: boolean,
  skip: (reason: string) => void,
): Promise<{ readonly backEnds: readonly BackEnd[]; readonly close: () => void }> {
  const opened: { dispose(): void }[] = [];
  const kept = <T extends { dispose(): void }>(engine: T): T => {
    opened.push(engine);
    return engine;
  };
  const backEnds: BackEnd[] = [];
  for (const precision of ['f64', 'f32'] as const) {
    const engine = kept(await cpu({ precision }));
    backEnds.push({
      name: precision === 'f64' ? 'cpu' : 'cpu in f32',
      gpu: false,
      software: false,
      engine: async () => engine,
      copies: async (bytes) => copiesOnCpu(bytes),
      timer: local,
    });
  }
  if (found) {
    const ours = kept((await wgsl({ force: true })) as WgslEngine);
    const plain = kept(await wgsl({ force: true, fusion: 0, workgroups: false }));
    const common = {
      gpu: true,
      software,
      copies: async (bytes: number) => copiesOnWebGpu(ours.device.gpu, bytes),
      // Wall time: drivers compute on several threads, and this one looks whether they are done.
      timer: elapsed,
    };
    backEnds.push({ name: 'wgsl', engine: async () => ours, plain: async () => plain, ...common });
    try {
      const library = kept(await gpujs({ force: true, mode: 'webgpu' }));
      const single = kept(await gpujs({ force: true, mode: 'webgpu', fusion: 0 }));
      const engines = { engine: async () => library, plain: async () => single };
      backEnds.push({ name: 'gpujs webgpu', ...engines, ...common });
    } catch (error) {
      skip(`gpu.js: ${firstLine(error)}`);
    }
  }
  return {
    backEnds,
    close: () => {
      for (const engine of opened) engine.dispose();
    },
  };
}

/** How large circuits are: a software adapter takes seconds for what a GPU does in milliseconds. */
function sizesFor(software: boolean, tiny: boolean): Sizes {
  const sweep = { work: 'run', batch: 1, layers: 3 } as const;
  if (tiny) {
    return {
      qubits: 6,
      layers: 1,
      small: [2],
      batch: 4,
      alone: 2,
      sweep: { ...sweep, layers: 1, qubits: [4] },
    };
  }
  return {
    qubits: software ? 16 : 22,
    layers: 5,
    small: [4, 6, 8],
    batch: 256,
    alone: 16,
    sweep: { ...sweep, qubits: software ? [10, 14, 18] : [10, 14, 18, 20, 22, 24] },
  };
}
