// What is used of gpu.js, typed, and how it is loaded. Its own declarations miss classes that exist and refuse arguments
// that work, so they are not used.
import { EnvironmentError } from '@ketwork/base';

/** A result on the device while a plan is recorded: it can be passed on or returned, never read. */
export interface Handle {
  readonly handle: never;
}

/** What a kernel takes. */
export type Argument = Handle | Float32Array | number;

/** A kernel made from source text. Called while a plan is recorded, it adds a step. */
export interface Kernel {
  (...args: readonly Argument[]): Handle;
  destroy(): void;
}

/** How a kernel is made. */
export interface KernelSettings {
  readonly output: readonly number[];
  readonly precision: 'single';
  readonly tactic: 'precision';
  readonly loopMaxIterations: number;
  readonly argumentTypes?: Readonly<Record<string, string>>;
}

/** What a run of a plan reads back, by name. */
export type ReadBack = Record<string, ArrayLike<number> | readonly ArrayLike<number>[]>;

/** A recorded plan: arrays go up once per call, the results come back in one piece. */
export interface Pipeline {
  (...args: readonly Float32Array[]): Promise<ReadBack>;
  readonly executorKind: string;
  readonly fallbackReason: string | null;
  destroy(): Promise<void>;
}

/** An instance of gpu.js. */
export interface Instance {
  /** Mode `webgl2`: the context. */
  readonly context?: WebGL2RenderingContext;
  createKernel(source: string, settings: KernelSettings): Kernel;
  createPipeline(record: (...args: readonly Handle[]) => Record<string, Handle>): Pipeline;
  destroy(): Promise<void>;
}

/** The device that all WebGPU instances of gpu.js share. */
export interface SharedDevice {
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
  readonly isLost: boolean;
}

/** The library. */
export interface Library {
  open(mode: 'webgpu' | 'webgl2'): Instance;
  device(): Promise<SharedDevice>;
  readonly webgl2: boolean;
}

/** The parts of gpu.js's main class that are used. */
interface MainClass {
  new (settings: { readonly mode: string }): Instance;
  readonly isWebGL2Supported: boolean;
}

interface Exports {
  readonly GPU?: MainClass;
  readonly WebGPUContext?: { acquire(): Promise<SharedDevice> };
}

/**
 * Evaluates the module without letting its browser bundle replace the page's `GPU`, the interface of WebGPU: the bundle
 * leaves a `GPU` alone that looks like its own class, and hands its export to a setter.
 */
async function withoutReplacing<T>(load: () => Promise<T>): Promise<{ module: T; set?: unknown }> {
  const scope = globalThis as { GPU?: { prototype?: object } };
  const before = Object.getOwnPropertyDescriptor(scope, 'GPU');
  const native = scope.GPU;
  if (before?.configurable === false) return { module: await load() };
  const shown = native ?? { prototype: {} };
  const marked = shown.prototype !== undefined && !('createKernel' in shown.prototype);
  let set: unknown;
  Object.defineProperty(scope, 'GPU', {
    configurable: true,
    enumerable: before?.enumerable ?? false,
    get: () => shown,
    set: (value) => {
      set = value;
    },
  });
  if (marked) {
    Object.defineProperty(shown.prototype, 'createKernel', { value: true, configurable: true });
  }
  try {
    return { module: await load(), set };
  } finally {
    if (marked) delete (shown.prototype as { createKernel?: unknown }).createKernel;
    if (before === undefined) delete scope.GPU;
    else Object.defineProperty(scope, 'GPU', before);
  }
}

function isMainClass(value: unknown): value is MainClass & Exports {
  return (
    typeof value === 'function' &&
    typeof (value.prototype as { createKernel?: unknown } | undefined)?.createKernel === 'function'
  );
}

/** Finds the class among what module systems make of it: named exports, a default export, or what the bundle assigned. */
function find(module: unknown, set: unknown): { main: MainClass; exports: Exports } | undefined {
  const { default: fallback, ...named } = module as Exports & { default?: unknown };
  const inner = (fallback as { default?: unknown } | undefined)?.default;
  for (const candidate of [named, fallback, inner, set]) {
    if (isMainClass(candidate)) return { main: candidate, exports: candidate };
    const exports = candidate as Exports | undefined;
    if (isMainClass(exports?.GPU)) return { main: exports.GPU, exports };
  }
  return undefined;
}

let loaded: Promise<Library> | undefined;

/**
 * Loads gpu.js.
 *
 * @throws EnvironmentError where it is not installed or is not what it should be.
 */
export function loadLibrary(): Promise<Library> {
  loaded ??= load();
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}

async function load(): Promise<Library> {
  let result: { module: unknown; set?: unknown };
  try {
    result = await withoutReplacing(() => import('gpu.js') as Promise<unknown>);
  } catch (cause) {
    throw new EnvironmentError('gpu.js cannot be loaded', {
      remedy: 'Install it: npm install gpu.js@2.24.1',
      cause,
    });
  }
  const found = find(result.module, result.set);
  const context = found?.exports.WebGPUContext;
  if (found === undefined || context === undefined) {
    throw new EnvironmentError("the module 'gpu.js' is not gpu.js as it should be", {
      remedy: 'Install version 2.24.1: npm install gpu.js@2.24.1',
    });
  }
  const { main } = found;
  return {
    open: (mode) => new main({ mode }),
    device: () => context.acquire(),
    webgl2: main.isWebGL2Supported,
  };
}
