// The back ends of this machine, by name. Each is opened when it is first used and kept.
import { cpu } from '@ketwork/simulator';
import { auto } from 'ketwork';
import type { AdapterReport } from '@ketwork/gpu';
import type { AsyncEngine, Engine } from '@ketwork/simulator';

/** A way to run circuits here. */
export interface BackEnd {
  readonly id: string;
  /** Name in menus and charts. */
  readonly label: string;
  /** A sentence about it. */
  readonly about: string;
  /** A GPU that the CPU pretends to be. */
  readonly software?: boolean;
  /** What the GPU's driver calls itself. */
  readonly adapter?: string;
  /** Opens the engine. @throws where this machine lacks what it needs. */
  readonly open: () => Promise<Engine | AsyncEngine>;
}

/** Threads the CPU engine may use. */
export const threads: number = Math.max(1, Math.min(16, navigator.hardwareConcurrency || 1));

/** Back ends that every browser has. */
const always: readonly BackEnd[] = [
  {
    id: 'cpu',
    label: 'CPU',
    about: 'WebAssembly SIMD in this thread, double precision',
    open: () => cpu(),
  },
  {
    id: 'cpu-f32',
    label: 'CPU, single precision',
    about: 'the same with 32-bit amplitudes: four examples per vector instead of two',
    open: () => cpu({ precision: 'f32' }),
  },
  {
    id: 'threads',
    label: threads === 1 ? 'CPU, 1 worker' : `CPU, ${threads} threads`,
    about: 'workers share a batch, or a large state where the page is isolated',
    open: () => cpu({ threads }),
  },
];

/** The choice between the CPU and GPUs, made for every circuit by what was measured when it was opened. */
const automatic: BackEnd = {
  id: 'auto',
  label: 'Automatic',
  about: 'for every circuit the faster of CPU and GPU, as measured on this machine',
  open: () => auto({ prefer: 'gpu' }),
};

let found: Promise<readonly BackEnd[]> | undefined;

/** The back ends of this machine: those of the CPU, those of GPUs that are found, and the choice between them. */
export function backEnds(): Promise<readonly BackEnd[]> {
  found ??= gpus().then((list) => [...always, ...list, automatic]);
  return found;
}

/** Whether a back end is others in turn. */
export function isChoice({ id }: BackEnd): boolean {
  return id === automatic.id;
}

/** Why an engine is what it is, where it had a choice. */
export function reasonOf(engine: Engine | AsyncEngine): string | undefined {
  return 'reason' in engine && typeof engine.reason === 'string' ? engine.reason : undefined;
}

/** Engines on GPUs. gpu.js itself is loaded when its engine is opened. */
async function gpus(): Promise<readonly BackEnd[]> {
  const { gpujs, probeGpu, wgsl } = await import('@ketwork/gpu');
  const { webgpu, webgl2 } = await probeGpu();
  // A driver that computes on the CPU is slower than the CPU engine: there to try, and not chosen for anybody.
  const of = (
    { found: there, software, name }: AdapterReport,
    id: string,
    label: string,
    open: (force: boolean) => Promise<AsyncEngine>,
  ): readonly BackEnd[] => {
    if (!there) return [];
    const about = `single precision, ${software ? 'emulated on the CPU' : 'on the GPU'}: ${name}`;
    const shown = software ? `${label}, emulated` : label;
    return [{ id, label: shown, about, software, adapter: name, open: () => open(software) }];
  };
  return [
    ...of(webgpu, 'wgsl', 'GPU, own shaders', (force) => wgsl({ force })),
    ...of(webgpu, 'gpujs-webgpu', 'GPU, gpu.js on WebGPU', (force) =>
      gpujs({ mode: 'webgpu', force }),
    ),
    ...of(webgl2, 'gpujs-webgl2', 'GPU, gpu.js on WebGL 2', (force) =>
      gpujs({ mode: 'webgl2', force }),
    ),
  ];
}

const opened = new Map<string, Promise<Engine | AsyncEngine>>();

/** What took an engine's device away, where it goes on without. */
export function lossOf(engine: Engine | AsyncEngine): string | undefined {
  return 'lost' in engine && typeof engine.lost === 'string' ? engine.lost : undefined;
}

/** The engine of a back end, opened once; one that failed to open, or lost its device, is opened again next time. */
export async function engineOf(backEnd: BackEnd): Promise<Engine | AsyncEngine> {
  const engine = await openedOf(backEnd);
  if (lossOf(engine) === undefined) return engine;
  forget(backEnd);
  return await openedOf(backEnd);
}

function openedOf(backEnd: BackEnd): Promise<Engine | AsyncEngine> {
  let engine = opened.get(backEnd.id);
  if (engine === undefined) {
    engine = backEnd.open();
    opened.set(backEnd.id, engine);
    engine.catch(() => opened.delete(backEnd.id));
  }
  return engine;
}

/** Closes the engine of a back end that failed, as one does whose device is lost; the next use opens another. */
export function forget(backEnd: BackEnd): void {
  const engine = opened.get(backEnd.id);
  opened.delete(backEnd.id);
  void engine?.then((made) => made.dispose()).catch(() => {});
}
