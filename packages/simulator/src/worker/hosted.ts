import { createPool, EnvironmentError, sizeOf, workerUrl } from '@ketwork/base';
import type { Pool, PoolWorker } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { checkAlive, checkOut, outWithShots, withoutReuse } from '../calls.ts';
import { checkProgram, isSampled } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type {
  AsyncCallOptions,
  AsyncEngine,
  AsyncProgram,
  Capabilities,
  CompileOptions,
  Cotangents,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from '../contract.ts';
import { heldCircuit, heldNumbers } from '../deferred/held.ts';
import { readValues } from '../values.ts';
import { movable } from './buffers.ts';
import type { HostedEngine, ProgramCall, ProgramSpec, Request, Response } from './protocol.ts';

/** Options of {@link hosted}. */
export interface HostedOptions {
  /** Name of the engine that the worker runs: `reference`, `cpu` or `trajectories`. */
  readonly engine: string;
  /** Options of that engine, plain data. */
  readonly options?: unknown;
}

/**
 * A synchronous engine in a worker of its own: the same programs, as promises, while the calling thread stays free.
 * Circuits are checked here, when they are compiled, and compiled in the worker; errors of the worker reject the promise
 * with class, code and operation kept. Values are copied, results moved. A worker that dies is replaced and the call
 * repeated once.
 *
 * @returns the engine, once the worker has started.
 * @throws UnsupportedError (as a rejection) for an engine that does not exist; EnvironmentError where there are no workers.
 *
 * @example
 * ```ts
 * import { circuit, probabilities } from '@ketwork/circuit';
 * import { hosted } from '@ketwork/simulator';
 * const engine = await hosted({ engine: 'reference' });
 * const bell = circuit(2, (q) => { q.h(0); q.cnot(0, 1); });
 * console.log(await engine.compile(bell, probabilities()).run()); // about [0.5, 0, 0, 0.5]
 * engine.dispose();
 * ```
 */
export async function hosted(options: HostedOptions): Promise<AsyncEngine> {
  return await hostedBy(hostPool({ engine: options.engine, options: options.options }, 1));
}

/** Workers that host an engine each. */
export function hostPool(workerData: HostedEngine, size: number): Pool<Request, Response> {
  // Bundlers follow the literal in `webWorker`; written out here, they would copy the module a second time.
  const file = './worker.js';
  const url = workerUrl(new URL(file, import.meta.url), import.meta.url);
  const webWorker = (): object =>
    new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return createPool<Request, Response>({ url, webWorker, size, workerData });
}

/** What the engine in each worker can do. Asks all of them, so that all have started when the first batch comes. */
export async function described(
  pool: Pool<Request, Response>,
): Promise<Extract<Response, { type: 'description' }>> {
  const places = Array.from({ length: pool.size }, (_, i) => pool.worker(i));
  const [first] = await Promise.all(places.map((place) => place.run({ type: 'describe' })));
  if (first?.type !== 'description') {
    throw new EnvironmentError('the worker did not describe its engine');
  }
  return first;
}

/** The engine behind a pool of one worker, which it disposes of where that cannot start. */
export async function hostedBy(pool: Pool<Request, Response>): Promise<AsyncEngine> {
  try {
    const { name, capabilities } = await described(pool);
    return new HostedEngineImpl(pool, name, capabilities);
  } catch (error) {
    pool.dispose();
    throw error;
  }
}

class HostedEngineImpl implements AsyncEngine {
  readonly name: string;
  readonly synchronous = false;
  readonly capabilities: Capabilities;
  readonly #pool: Pool<Request, Response>;
  #programs = 0;

  constructor(pool: Pool<Request, Response>, name: string, capabilities: Capabilities) {
    this.#pool = pool;
    this.name = name;
    this.capabilities = capabilities;
  }

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): AsyncProgram<Names, M> {
    const checked = checkProgram(circuit, measurements, options, this.capabilities);
    const { capabilities } = this;
    // Refuses what the engine would refuse in the worker, too late.
    if (capabilities.engine === 'cpu')
      heldCircuit(circuit, checked, options, capabilities.maxQubits);
    const { outputShapes } = checked;
    const info = { circuit, measurements, options, outputShapes };
    return new HostedProgram(this.#pool.worker(0), this.#programs++, capabilities, checked, info);
  }

  dispose(): void {
    this.#pool.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A program in one worker, which compiles it again should it have lost it. */
export class HostedProgram<Names extends string, M extends Measurements> implements AsyncProgram<
  Names,
  M
> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly #worker: PoolWorker<Request, Response>;
  readonly #id: number;
  readonly #capabilities: Capabilities;
  readonly #checked: CheckedProgram;
  #disposed = false;

  constructor(
    worker: PoolWorker<Request, Response>,
    id: number,
    capabilities: Capabilities,
    checked: CheckedProgram,
    info: Pick<AsyncProgram<Names, M>, 'circuit' | 'measurements' | 'outputShapes' | 'options'>,
  ) {
    this.circuit = info.circuit;
    this.measurements = info.measurements;
    this.outputShapes = info.outputShapes;
    this.options = info.options;
    this.#worker = worker;
    this.#id = id;
    this.#capabilities = capabilities;
    this.#checked = checked;
    // Compile ahead of the first call. Should it fail, that call compiles again and reports the error.
    worker.run({ type: 'compile', program: id, spec: this.#spec() }).catch(() => {});
  }

  async run(
    values?: Values<Names>,
    options: RunOptions & AsyncCallOptions = {},
  ): Promise<Results<M>> {
    const { out, signal, ...sent } = options;
    if (out !== undefined) {
      // The array itself stays here, so what the worker would check is checked before it is asked.
      checkAlive(this.#disposed);
      if (this.#sampled) throw outWithShots();
      checkOut(out, this.#checked, readValues(this.circuit, values).batch);
    }
    const result = await this.call({ method: 'run', arguments: [values ?? {}, sent] }, signal);
    if (out === undefined) return result as Results<M>;
    const list = Array.isArray(result);
    out.set((list ? (result as unknown[])[0] : result) as Float64Array);
    return (list ? [out] : out) as unknown as Results<M>;
  }

  async vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    const { signal, ...sent } = withoutReuse(options);
    const call = { method: 'vjp', arguments: [values, dy, sent] } as const;
    return (await this.call(call, signal)) as Gradients<Names>;
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    const { signal, ...sent } = options;
    const call = { method: 'jacobian', arguments: [values, sent] } as const;
    return (await this.call(call, signal)) as Gradients<Names>;
  }

  explain(): Explanation {
    const { engine } = this.#capabilities;
    return {
      text: `${engine} in a worker: the calling thread stays free; values are copied and results moved.`,
      details: {
        engine,
        worker: true,
        qubits: this.circuit.qubits,
        operations: this.circuit.ops.length,
      },
    };
  }

  /** States of the whole batch (an engine that works in blocks needs less), values and results. */
  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    const gradient = options.gradient === true;
    let values = 0;
    for (const { shape, axis } of this.circuit.slots) {
      values += (axis === 'batch' ? batch : 1) * sizeOf(shape);
    }
    const { circuit, options: compiled } = this;
    const size = { batch, gradient };
    const states = heldNumbers(this.#capabilities, circuit, this.#checked, compiled, size);
    const outputs = this.#checked.outputSizes.reduce((a, b) => a + b, 0);
    return 8 * (states + (gradient ? 2 : 1) * 2 * values + batch * outputs);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    // Nobody waits for this; a worker that is gone has nothing left to free.
    this.#worker.run({ type: 'dispose', program: this.#id }).catch(() => {});
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  get #sampled(): boolean {
    return this.#checked.measurements.some((m) => isSampled(m, this.options));
  }

  #spec(): ProgramSpec {
    const measurements = this.measurements;
    return { circuit: this.circuit, measurements, options: this.options };
  }

  /** Calls a method in the worker; repeats the call once where the worker dies. */
  async call(call: ProgramCall, signal: AbortSignal | undefined): Promise<unknown> {
    checkAlive(this.#disposed);
    const { restarts } = this.#worker;
    try {
      return await this.#send(call, signal);
    } catch (error) {
      // The worker died: the next one compiles the program anew and repeats the call from its inputs.
      if (!(error instanceof EnvironmentError) || this.#worker.restarts === restarts) throw error;
      return await this.#send(call, signal);
    }
  }

  async #send(call: ProgramCall, signal: AbortSignal | undefined): Promise<unknown> {
    const abortable = signal === undefined ? {} : { signal };
    const attempt = async (spec: ProgramSpec | undefined): Promise<Response> => {
      const { value, buffers } = movable(call.arguments, true);
      const request = {
        type: 'call',
        program: this.#id,
        call: { ...call, arguments: value as unknown[] },
      } as const;
      const sent = spec === undefined ? request : { ...request, spec };
      return await this.#worker.run(sent, buffers, abortable);
    };
    let response = await attempt(undefined);
    if (response.type === 'missing') response = await attempt(this.#spec());
    if (response.type !== 'result')
      throw new EnvironmentError(`the worker answered '${response.type}' to a call`);
    return response.result;
  }
}
