import { UnsupportedError, ValueError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { checkAlive, checkProgram } from '@ketwork/simulator';
import type { AsyncEngine, Capabilities, CompileOptions, Measurements } from '@ketwork/simulator';
import { Device } from '../adapter/device.ts';
import { requireAdapter } from '../adapter/webgpu.ts';
import { gpuCapabilities } from '../capabilities.ts';
import type { EngineParts, WgslOptions } from './options.ts';
import { Pipelines } from './pipelines.ts';
import { WgslProgram } from './program.ts';

/** Basis indices are 32 bits wide, and a buffer of one state with its λ is addressed by one index. */
const MOST_QUBITS = 27;

/** The engine of {@link wgsl}. */
export class WgslEngine implements AsyncEngine, EngineParts {
  readonly name = 'wgsl';
  readonly synchronous = false;
  readonly capabilities: Capabilities;
  readonly device: Device;
  readonly pipelines: Pipelines;
  readonly settings: WgslOptions;
  #disposed = false;

  constructor(device: Device, settings: WgslOptions) {
    this.device = device;
    this.settings = settings;
    this.pipelines = new Pipelines(device);
    this.capabilities = gpuCapabilities('wgsl', this.#qubitsIn(8));
  }

  /** Qubits of the largest state with so many bytes per amplitude in one buffer. */
  #qubitsIn(bytes: number): number {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    return Math.min(MOST_QUBITS, Math.floor(Math.log2(most / bytes)));
  }

  /** @throws UnsupportedError where a state and its λ do not fit into one buffer */
  checkGradient(qubits: number): void {
    const most = this.#qubitsIn(16);
    if (qubits <= most) return;
    throw new UnsupportedError(
      `gradients of ${qubits} qubits take two states in one buffer; this device takes at most ${most} qubits`,
      { remedy: 'Use fewer qubits, or cpu()' },
    );
  }

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): WgslProgram<Names, M> {
    checkAlive(this.#disposed, 'engine');
    const checked = checkProgram(circuit, measurements, options, this.capabilities);
    return new WgslProgram(circuit, measurements, options, checked, this);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.device.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * The engine on WebGPU with compute shaders of our own: statevectors in single precision, gradients by the adjoint method
 * on the device (Jones and Gacon, arXiv:2009.02823). Gates are merged on the host, in double precision, into matrices on up
 * to four qubits, layers of CNOTs and of phases into single steps. Circuits of up to about ten qubits run whole in
 * workgroup memory, a workgroup for every example (or several), in one dispatch for the batch; larger ones take a pass over device
 * memory per step. Everything a run asks for is one command buffer and one read-back.
 *
 * Works in browsers with WebGPU and in Node with the package `webgpu`. Rounding errors grow as the square root of the
 * number of steps, from some 1e-7 (`explain()` tells); results of two devices differ in their last bits.
 *
 * @throws EnvironmentError where there is no adapter, or it gives no device; UnsupportedError for a software adapter that
 * is not forced; ValueError for options out of range.
 *
 * @example
 * ```ts
 * import { circuit, cpu, expval, input, probeGpu, wgsl, Z } from 'ketwork';
 * const { webgpu } = await probeGpu();
 * const turn = circuit(1, { x: input([]) }, (q, { x }) => { q.rx(x.at(), 0); });
 * const engine = webgpu.found && !webgpu.software ? await wgsl() : await cpu({ threads: 1 });
 * const y = await engine.compile(turn, expval(Z(0))).run({ x: [0, Math.PI] });
 * console.log(y[1]!.toFixed(3)); // -1.000
 * engine.dispose();
 * ```
 */
export async function wgsl(options: WgslOptions = {}): Promise<AsyncEngine> {
  const { fusion = 4 } = options;
  if (!Number.isInteger(fusion) || fusion < 0 || fusion > 4) {
    throw new ValueError(`matrices cannot be merged to ${String(fusion)} qubits`, {
      remedy: 'Use a fusion from 0 (none) to 4',
    });
  }
  const found = await requireAdapter(options);
  return new WgslEngine(await Device.open(found), options);
}
