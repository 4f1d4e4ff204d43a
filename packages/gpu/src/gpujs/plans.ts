// Plans of one engine, kept by structure and size of the batch, and run one after the other.
import { EnvironmentError } from '@ketwork/base';
import { NEWS } from '../adapter/device.ts';
import { patiently } from '../adapter/patience.ts';
import { answers } from './answers.ts';
import { Kernels } from './kernels.ts';
import type { Handle, Instance, Library, Pipeline, ReadBack, SharedDevice } from './library.ts';
import { recordGradient, recordRun } from './record.ts';
import type { Ends, Outputs, Reader, Tables } from './record.ts';
import type { Recorder, Shape } from './recorder.ts';
import type { Recipe } from './recipe.ts';
import { webgl2Recorder } from './webgl2.ts';
import { webgpuRecorder } from './webgpu.ts';

/** Modes of gpu.js that are used. */
export type GpuMode = 'webgpu' | 'webgl2';

const RECORDERS: Readonly<Record<GpuMode, (kernels: Kernels, shape: Shape) => Recorder>> = {
  webgpu: webgpuRecorder,
  webgl2: webgl2Recorder,
};

/** What a plan computes: results, or gradients. */
export type Kind = { readonly type: 'run' } | ({ readonly type: 'gradient' } & Ends);

/** Plans that no program holds are kept for the next one with the same structure, but no more than these. */
const IDLE = 16;

/** A recorded plan and who holds it. */
interface Plan {
  readonly pipeline: Pipeline;
  readonly kernels: Kernels;
  /** Whether its first run, in which it is compiled, went well. */
  tried: boolean;
  holders: number;
}

/** The plans of an engine. */
export class Plans {
  readonly mode: GpuMode;
  readonly #instance: Instance;
  readonly #shared: SharedDevice | undefined;
  readonly #plans = new Map<string, Plan>();
  #tail: Promise<unknown> = Promise.resolve();
  #lost: string | undefined;

  private constructor(mode: GpuMode, instance: Instance, shared: SharedDevice | undefined) {
    this.mode = mode;
    this.#instance = instance;
    this.#shared = shared;
    if (shared === undefined) return;
    void this.#waitForLoss(shared.device);
    // gpu.js prints what is not caught.
    shared.device.onuncapturederror = (event): void => event.preventDefault();
  }

  async #waitForLoss(device: GPUDevice): Promise<void> {
    const { message, reason } = await device.lost;
    this.#lost = message === '' ? reason : message;
  }

  /** @throws EnvironmentError where the device cannot be had */
  static async open(library: Library, mode: GpuMode): Promise<Plans> {
    try {
      const shared = mode === 'webgpu' ? await library.device() : undefined;
      return new Plans(mode, library.open(mode), shared);
    } catch (cause) {
      throw new EnvironmentError(`gpu.js cannot compute in mode '${mode}': ${messageOf(cause)}`, {
        remedy: 'Close other pages that use the GPU, or use cpu()',
        cause,
      });
    }
  }

  /** Whether the device is gone for good. */
  get lost(): string | undefined {
    if (this.#lost === undefined && this.#context?.isContextLost() === true)
      this.#lost = 'the WebGL context was lost';
    return this.#lost;
  }

  /** Plans that are kept. */
  get count(): number {
    return this.#plans.size;
  }

  get #context(): WebGL2RenderingContext | undefined {
    return this.mode === 'webgl2' ? this.#instance.context : undefined;
  }

  /** A plan for a recipe (`text` is its text), made if need be; to be given back by {@link release}. */
  hold(recipe: Recipe, text: string, kind: Kind, batch: number): string {
    const id = `${batch} ${JSON.stringify(kind)} ${text}`;
    let plan = this.#plans.get(id);
    if (plan === undefined) {
      const kernels = new Kernels(this.#instance);
      const recorder = RECORDERS[this.mode](kernels, { qubits: recipe.qubits, batch });
      const record = (...tables: Handle[]): Outputs =>
        kind.type === 'run'
          ? recordRun(recorder, recipe, tables as unknown as Tables)
          : recordGradient(recorder, recipe, tables as unknown as Tables, kind);
      // gpu.js counts declared parameters, and hands over no more handles than there are.
      const count = kind.type === 'run' ? 2 : 3;
      const counted = Object.defineProperty(record, 'length', { value: count });
      plan = {
        pipeline: this.#instance.createPipeline(counted),
        kernels,
        tried: false,
        holders: 0,
      };
    }
    plan.holders++;
    // The newest at the end.
    this.#plans.delete(id);
    this.#plans.set(id, plan);
    return id;
  }

  /** Gives plans back. */
  release(ids: Iterable<string>): void {
    for (const id of ids) {
      const plan = this.#plans.get(id);
      if (plan !== undefined) plan.holders--;
    }
    const idle = [...this.#plans].filter(([, { holders }]) => holders === 0);
    for (const [id, plan] of idle.slice(0, Math.max(0, idle.length - IDLE))) {
      this.#plans.delete(id);
      destroy(plan);
    }
  }

  /**
   * Runs a plan.
   * @throws EnvironmentError where the device is lost, has no room, or refuses a kernel
   */
  run(id: string, tables: readonly Float32Array[]): Promise<Reader> {
    const turn = this.#tail.then(() => this.#run(id, tables));
    this.#tail = turn.catch(() => {});
    return turn;
  }

  async #run(id: string, tables: readonly Float32Array[]): Promise<Reader> {
    const plan = this.#plans.get(id);
    if (plan === undefined) throw new EnvironmentError('the plan was disposed while it waited');
    this.#check();
    let results: ReadBack;
    try {
      results = await (plan.tried
        ? patiently(plan.pipeline(...tables), plan)
        : this.#watched(() => plan.pipeline(...tables)));
    } catch (error) {
      await this.#settle();
      this.#check();
      if (error instanceof EnvironmentError) throw error;
      throw new EnvironmentError(`gpu.js failed: ${messageOf(error)}`, {
        remedy: 'Run it again, which the CPU engine will do',
        cause: error,
      });
    }
    this.#check();
    this.#checkZeros(results);
    const wanted = this.mode === 'webgpu' ? 'fused-encoder' : 'generic';
    if (plan.pipeline.executorKind !== wanted) {
      const reason = plan.pipeline.fallbackReason ?? plan.pipeline.executorKind;
      if (reason.includes('bytes but this device allows')) throw noRoom(reason);
      throw new EnvironmentError(`gpu.js does not run the plan as one piece: ${reason}`, {
        remedy: 'Run it again, which the CPU engine will do',
      });
    }
    plan.tried = true;
    return (name) => {
      const found = results[name];
      if (!(found instanceof Float32Array)) throw new Error(`no result '${name}'`);
      return found;
    };
  }

  /** A first run, with what the device complains about. */
  async #watched(run: () => Promise<ReadBack>): Promise<ReadBack> {
    const device = this.#shared?.device;
    const scopes = ['validation', 'internal', 'out-of-memory'] as const;
    for (const scope of device === undefined ? [] : scopes) device?.pushErrorScope(scope);
    let results: ReadBack | undefined;
    let thrown: unknown;
    try {
      results = await run();
    } catch (error) {
      thrown = error;
    }
    const faults: (GPUError | null)[] = [];
    for (const _ of device === undefined ? [] : scopes)
      faults.push((await device?.popErrorScope().catch(() => null)) ?? null);
    const [memory, ...others] = faults;
    if (memory !== null && memory !== undefined) throw noRoom(memory.message);
    const GL_OUT_OF_MEMORY = 0x0505;
    if (this.#context?.getError() === GL_OUT_OF_MEMORY) throw noRoom('a texture');
    const fault = others.find((other) => other !== null);
    if (fault !== undefined && fault !== null) {
      throw new EnvironmentError(`the GPU refused a step: ${fault.message}`, {
        remedy: 'Run it again, which the CPU engine will do, and report the circuit',
      });
    }
    if (results === undefined) throw thrown;
    return results;
  }

  /** After something failed: waits for the news that the device is lost, which comes later than what follows from it. */
  async #settle(): Promise<void> {
    if (this.lost !== undefined) return;
    const soon = new Promise((done) => void setTimeout(done, NEWS));
    await (this.#shared === undefined ? soon : Promise.race([this.#shared.device.lost, soon]));
  }

  #check(): void {
    const { lost } = this;
    if (lost === undefined) return;
    throw new EnvironmentError(`the GPU device was lost: ${lost}`, {
      remedy: 'Run it again, which the CPU engine will do, or make a new engine',
    });
  }

  /** Zeros may be those of a context that is gone without having told yet. */
  #checkZeros(results: ReadBack): void {
    const context = this.#context;
    if (context === undefined) return;
    const zeros = Object.values(results).some((result) =>
      (result as ArrayLike<number>[] | Float32Array).every((x) => x === 0),
    );
    if (!zeros || answers(context)) return;
    this.#lost = 'the WebGL context no longer answers';
    this.#check();
  }

  async dispose(): Promise<void> {
    const plans = [...this.#plans.values()];
    this.#plans.clear();
    for (const plan of plans) destroy(plan);
    await this.#tail;
    await this.#instance.destroy();
  }
}

function destroy({ pipeline, kernels }: Plan): void {
  void pipeline.destroy().catch(() => {});
  kernels.dispose();
}

function noRoom(what: string): EnvironmentError {
  return new EnvironmentError(`the GPU has no room left: ${what}`, {
    remedy: 'Run smaller batches or fewer qubits, or run it again, which the CPU engine will do',
  });
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
