import { UnsupportedError, ValueError } from '@ketwork/base';
import { asyncProgram, checkAlive, checkProgram, cpu } from '@ketwork/simulator';
import type {
  AsyncEngine,
  AsyncProgram,
  Capabilities,
  CompileOptions,
  Engine,
  Measurements,
} from '@ketwork/simulator';
import type { Circuit } from '@ketwork/circuit';
import { gpuCapabilities } from '../capabilities.ts';
import { probeGpu } from '../adapter/probe.ts';
import type { GpuReport } from '../adapter/probe.ts';
import { webGpu } from '../adapter/webgpu.ts';
import { lendWebGpu } from './lend.ts';
import { loadLibrary } from './library.ts';
import { Plans } from './plans.ts';
import type { GpuMode } from './plans.ts';
import { GpujsProgram } from './program.ts';
import type { EngineParts } from './program.ts';

/** Options of {@link gpujs}. */
export interface GpujsOptions {
  /** The mode of gpu.js. By default `webgpu` where there is an adapter for it, else `webgl2`, else our CPU engine. */
  readonly mode?: 'webgpu' | 'webgl2';
  /** Takes drivers that compute on the CPU, too, which are slower than the CPU engine: for tests. Default false. */
  readonly force?: boolean;
  /** Most qubits of a merged matrix, 1 or 2; 0 makes a pass of every element. Default 2. */
  readonly fusion?: 0 | 1 | 2;
  /**
   * Largest error that results may have, in units of the observable's norm: circuits that are too deep for single
   * precision are refused when they are compiled. By default none is.
   */
  readonly tolerance?: number;
}

/** The engine on gpu.js. */
export interface GpujsEngine extends AsyncEngine {
  /** What it computes on: a mode of gpu.js, or `cpu` for our own CPU engine. */
  readonly mode: 'webgpu' | 'webgl2' | 'cpu';
  /** What the driver calls itself; empty on the CPU engine. */
  readonly adapter: string;
  /** Why this mode, a sentence. */
  readonly reason: string;
  /** Plans kept on the device, for tests and the curious. */
  readonly plans: number;
  /** What took the device away, after which programs run on the CPU engine; undefined while it is there. */
  readonly lost: string | undefined;
}

/** Within a state, indices are kept in f32, exact to 2^24; in WebGL 2 those of a whole batch are. */
const MOST_QUBITS: Readonly<Record<GpuMode, number>> = { webgpu: 24, webgl2: 22 };
/** Amplitudes of several examples that are computed together, at most: gradients keep some ten buffers of so many. */
const MOST_TOGETHER = 2 ** 22;

/**
 * The engine on gpu.js, an optional package that is loaded here: WebGPU where an adapter is found, WebGL 2 in browsers that
 * have no WebGPU, and otherwise our own CPU engine, never one of gpu.js. `mode` and `reason` say which and why. The page's
 * `GPU` stays what it is. Amplitudes are f32; results and gradients are accurate to some 1e-7 times the
 * square root of the number of passes (`explain()` tells). A batch stays on the device from the first gate to the sums that are read.
 *
 * If the device is lost or out of memory, the call under way rejects with an EnvironmentError, and the program goes on with
 * the CPU engine from the next call on; so do all others once the device is `lost`. A new engine has a new device.
 *
 * @throws (rejects) EnvironmentError where gpu.js is not installed, or the mode asked for does not exist; UnsupportedError
 * where only a driver that computes on the CPU has it (see `force`); ValueError for unknown options.
 * @example
 * ```ts
 * import { circuit, expval, input, Z } from '@ketwork/circuit';
 * import { gpujs } from '@ketwork/gpu';
 * const engine = await gpujs();
 * // webgpu, webgl2, or cpu where there is no GPU
 * console.log(engine.mode);
 * const turn = circuit(1, { x: input([]) }, (q, { x }) => { q.rx(x.at(), 0); });
 * const program = engine.compile(turn, expval(Z(0)));
 * console.log((await program.run({ x: [0, Math.PI] })).length); // 2
 * engine.dispose();
 * ```
 */
export async function gpujs(options: GpujsOptions = {}): Promise<GpujsEngine> {
  const { mode: asked, force = false, fusion = 2, tolerance } = options;
  if (asked !== undefined && asked !== 'webgpu' && asked !== 'webgl2') {
    throw new ValueError(`gpujs has no mode '${String(asked)}'`, {
      remedy: "Use 'webgpu' or 'webgl2', or leave it out",
    });
  }
  if (![0, 1, 2].includes(fusion)) {
    throw new ValueError(`gpujs cannot merge matrices of ${String(fusion)} qubits`, {
      remedy: 'Use fusion 0, 1 or 2',
    });
  }
  const report = await probeGpu();
  const { mode, reason } = choose(report, asked, force);
  if (mode === 'cpu') return new OnCpuEngine(await cpu(), reason);
  const giveBack = lendWebGpu(mode === 'webgpu' ? await webGpu() : undefined);
  try {
    const plans = await Plans.open(await loadLibrary(), mode);
    const bytes = report[mode].bufferBytes;
    return new OnGpuEngine(plans, await cpu(), {
      adapter: report[mode].name,
      reason,
      maxQubits: Math.min(MOST_QUBITS[mode], Math.floor(Math.log2(bytes / 4))),
      fusion,
      tolerance,
      giveBack,
    });
  } catch (error) {
    giveBack();
    throw error;
  }
}

/** Picks a mode by what was found, and says why. @throws UnsupportedError where the mode asked for is not there */
export function choose(
  report: GpuReport,
  asked: GpuMode | undefined,
  force: boolean,
): { readonly mode: GpuMode | 'cpu'; readonly reason: string } {
  const titles = { webgpu: 'WebGPU', webgl2: 'WebGL 2' } as const;
  const refusals: string[] = [];
  for (const mode of asked === undefined ? (['webgpu', 'webgl2'] as const) : [asked]) {
    const { found, software, name, reason } = report[mode];
    if (found && (!software || force)) {
      const before = refusals.length === 0 ? '' : ` (${refusals.join('; ')})`;
      return { mode, reason: `${titles[mode]} on ${name}${before}` };
    }
    refusals.push(`${titles[mode]}: ${reason}`);
  }
  if (asked !== undefined) {
    throw new UnsupportedError(`gpujs cannot use mode '${asked}': ${report[asked].reason}`, {
      remedy: report[asked].found
        ? 'Use cpu(), which is faster there; { force: true } takes it for tests'
        : 'Leave the mode out to take what there is, or use cpu()',
    });
  }
  return {
    mode: 'cpu',
    reason: `no GPU was found, so the CPU engine runs (${refusals.join('; ')})`,
  };
}

/** What an engine on a GPU is opened with. */
interface Opened {
  readonly adapter: string;
  readonly reason: string;
  readonly maxQubits: number;
  readonly fusion: number;
  readonly tolerance: number | undefined;
  readonly giveBack: () => void;
}

class OnGpuEngine implements GpujsEngine {
  readonly name: string = 'gpujs';
  readonly synchronous = false as const;
  readonly capabilities: Capabilities;
  readonly mode: GpuMode;
  readonly adapter: string;
  readonly reason: string;
  readonly #plans: Plans;
  readonly #parts: EngineParts;
  readonly #giveBack: () => void;
  #disposed = false;

  constructor(plans: Plans, fallback: Engine, opened: Opened) {
    const { adapter, reason, maxQubits, fusion, tolerance } = opened;
    this.#plans = plans;
    this.mode = plans.mode;
    this.adapter = adapter;
    this.reason = reason;
    this.#giveBack = opened.giveBack;
    this.capabilities = gpuCapabilities('gpujs', maxQubits);
    this.#parts = {
      plans,
      cpu: fallback,
      amplitudes: Math.min(MOST_TOGETHER, 2 ** maxQubits),
      fusion,
      tolerance,
      adapter,
      capabilities: this.capabilities,
      isDisposed: () => this.#disposed,
    };
  }

  get plans(): number {
    return this.#plans.count;
  }

  get lost(): string | undefined {
    return this.#plans.lost;
  }

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): GpujsProgram<Names, M> {
    checkAlive(this.#disposed, 'engine');
    const checked = checkProgram(circuit, measurements, options, this.capabilities);
    return new GpujsProgram(circuit, measurements, options, checked, this.#parts);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    void this.#plans.dispose().finally(this.#giveBack);
    this.#parts.cpu.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

class OnCpuEngine implements GpujsEngine {
  readonly name: string = 'gpujs';
  readonly synchronous = false as const;
  readonly capabilities: Capabilities;
  readonly mode = 'cpu' as const;
  readonly adapter: string = '';
  readonly reason: string;
  readonly plans: number = 0;
  readonly lost: undefined = undefined;
  readonly #engine: Engine;

  constructor(engine: Engine, reason: string) {
    this.#engine = engine;
    this.reason = reason;
    this.capabilities = { ...engine.capabilities, engine: 'gpujs' };
  }

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): AsyncProgram<Names, M> {
    const program = this.#engine.compile(circuit, measurements, options);
    return asyncProgram(program, `gpujs: ${this.reason}.`);
  }

  dispose(): void {
    this.#engine.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
