// The choice between CPU and GPU: an engine for the whole machine, then one for every circuit.
import { KetworkError, UnsupportedError } from '@ketwork/base';
import { probabilities } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { asyncProgram } from '@ketwork/simulator';
import type {
  AsyncEngine,
  AsyncProgram,
  Capabilities,
  CompileOptions,
  Engine,
  Explanation,
  Measurements,
} from '@ketwork/simulator';
import type { GpuReport } from '@ketwork/gpu';
import { calibrate } from './calibration.ts';
import type { Calibration } from './calibration.ts';
import type { Machine } from './machine.ts';

/** An engine that takes the faster of two for every circuit. */
export interface AsyncAutoEngine extends AsyncEngine {
  /** What was found on this machine, a sentence or two. */
  readonly reason: string;
  /** What was measured, or was given; undefined where there is no GPU to measure. */
  readonly calibration: Calibration | undefined;
  /**
   * Which engine runs a circuit and why, and how.
   *
   * @param measurements What is measured; `probabilities()` by default.
   * @throws what `compile` throws for the circuit.
   */
  explain(circuit: Circuit, measurements?: Measurements): Explanation;
}

/** What decides the choice. */
export interface Wishes {
  readonly batch: number;
  readonly tolerance: number | undefined;
  readonly recalibrate: boolean;
  readonly calibration: Calibration | undefined;
}

/** What was measured in this process, by adapter, engine and batch. */
const measured = new WeakMap<Machine, Map<string, Calibration>>();

/** What a program says of itself, which is not kept. */
export function explainOnce(program: { explain(): Explanation; dispose(): void }): Explanation {
  try {
    return program.explain();
  } finally {
    program.dispose();
  }
}

/** The engine by what GPUs were found: WebGPU before WebGL 2, drivers that compute on the CPU never. */
export function candidate(
  report: GpuReport,
): { readonly engine: 'wgsl' | 'gpujs'; readonly adapter: string } | { readonly none: string } {
  const { webgpu, webgl2 } = report;
  if (webgpu.found && !webgpu.software) return { engine: 'wgsl', adapter: webgpu.name };
  if (webgl2.found && !webgl2.software) return { engine: 'gpujs', adapter: webgl2.name };
  return { none: `WebGPU: ${webgpu.reason}; WebGL 2: ${webgl2.reason}` };
}

/** Looks for a GPU, measures it against the CPU, and makes the engine. Never throws for a missing or failing GPU. */
export async function choose(machine: Machine, wishes: Wishes): Promise<AsyncAutoEngine> {
  const cpu = await machine.cpu();
  const found = candidate(await machine.probe());
  if ('none' in found) {
    return new ChoosingEngine(
      cpu,
      undefined,
      undefined,
      `There is no GPU to compute on (${found.none}), so the CPU engine was chosen.`,
    );
  }
  const { engine: name, adapter } = found;
  const { batch, tolerance, recalibrate } = wishes;
  let gpu: AsyncEngine | undefined;
  try {
    gpu = await machine.open(name, tolerance === undefined ? {} : { tolerance });
    const known = measured.get(machine) ?? new Map<string, Calibration>();
    measured.set(machine, known);
    const key = JSON.stringify([adapter, gpu.name, batch]);
    const { calibration: given } = wishes;
    const fits = given?.adapter === adapter && given.engine === gpu.name && given.batch === batch;
    const own = fits ? given : recalibrate ? undefined : known.get(key);
    const calibration = own ?? (await calibrate(cpu, gpu, adapter, batch, () => machine.now()));
    known.set(key, calibration);
    return new ChoosingEngine(cpu, gpu, calibration, sentence(calibration));
  } catch (error) {
    gpu?.dispose();
    const why = error instanceof Error ? error.message : String(error);
    return new ChoosingEngine(
      cpu,
      undefined,
      undefined,
      `The GPU (${adapter}) failed, so the CPU engine was chosen: ${why}.`,
    );
  }
}

function sentence({ adapter, engine, batch, crossover, points }: Calibration): string {
  const examples = `${batch} example${batch === 1 ? '' : 's'}`;
  const most = points.at(-1)?.qubits;
  return crossover === null
    ? `The GPU (${adapter}, engine ${engine}) is slower than the CPU up to ${most} qubits with ${examples}, so the CPU engine was chosen.`
    : `The GPU (${adapter}, engine ${engine}) pays from ${crossover} qubits on with ${examples}.`;
}

class ChoosingEngine implements AsyncAutoEngine {
  readonly name: string = 'auto';
  readonly synchronous = false as const;
  readonly capabilities: Capabilities;
  readonly reason: string;
  readonly calibration: Calibration | undefined;
  readonly #cpu: Engine;
  readonly #gpu: AsyncEngine | undefined;

  constructor(
    cpu: Engine,
    gpu: AsyncEngine | undefined,
    calibration: Calibration | undefined,
    reason: string,
  ) {
    this.#cpu = cpu;
    this.#gpu = gpu;
    this.calibration = calibration;
    this.reason = reason;
    // Whatever the GPU lacks the CPU has.
    this.capabilities = { ...cpu.capabilities, engine: 'auto' };
  }

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): AsyncProgram<Names, M> {
    return this.#choose(circuit, measurements, options).program;
  }

  /** Only the circuit decides, never the batch of a call, so that results do not depend on it. */
  #choose<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
  ): { readonly program: AsyncProgram<Names, M>; readonly engine: string } {
    const onCpu = (why: string) => ({
      program: asyncProgram(this.#cpu.compile(circuit, measurements, options), why),
      engine: this.#cpu.name,
    });
    const crossover = this.calibration?.crossover;
    if (this.#gpu === undefined || crossover === undefined || crossover === null)
      return onCpu(this.reason);
    const { qubits } = circuit;
    if (qubits < crossover) return onCpu(`${this.reason} With ${qubits} qubits the CPU is faster.`);
    try {
      const program = this.#gpu.compile(circuit, measurements, options);
      return { program: asyncProgram(program, this.reason), engine: this.#gpu.name };
    } catch (error) {
      if (!(error instanceof KetworkError)) throw error;
      // What no engine can compile has the CPU's message.
      const instead = onCpu(
        `The GPU engine refuses this circuit, so the CPU runs it: ${error.message}.`,
      );
      if (error instanceof UnsupportedError) return instead;
      instead.program.dispose();
      throw error;
    }
  }

  explain(circuit: Circuit, measurements: Measurements = probabilities()): Explanation {
    const { program, engine } = this.#choose(circuit, measurements as Measurement, {});
    const { text, details, ...rest } = explainOnce(program);
    const { calibration } = this;
    return {
      ...rest,
      text,
      details: {
        preferred: 'gpu',
        ...(calibration === undefined ? {} : { adapter: calibration.adapter }),
        ...(typeof calibration?.crossover === 'number' ? { crossover: calibration.crossover } : {}),
        ...details,
        engine,
      },
    };
  }

  dispose(): void {
    this.#cpu.dispose();
    this.#gpu?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
