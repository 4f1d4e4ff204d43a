/** Trajectories in several workers, each of which takes some of the chunks. */
import { UnsupportedError } from '@ketwork/base';
import type { Pool } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { checkAlive, checkOut } from '../calls.ts';
import { checkProgram, isSampled } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type {
  AsyncCallOptions,
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
import { readValues } from '../values.ts';
import { described, HostedProgram, hostPool } from '../worker/hosted.ts';
import type { Request, Response } from '../worker/protocol.ts';
import type { AsyncTrajectoryEngine, AsyncTrajectoryProgram, Estimate } from './contract.ts';
import { chunksOf, estimateOf } from './estimate.ts';
import { checkOps } from './program.ts';
import { Readings, Sums } from './readings.ts';
import type { SumsData } from './readings.ts';

/** Starts workers that run trajectories. */
export async function threadedTrajectories(
  threads: number,
  trajectories: number,
  options: unknown,
): Promise<AsyncTrajectoryEngine> {
  const pool = hostPool({ engine: 'trajectories', options }, threads);
  try {
    const first = await described(pool);
    return new ThreadedEngine(pool, trajectories, first.name, first.capabilities);
  } catch (error) {
    pool.dispose();
    throw error;
  }
}

class ThreadedEngine implements AsyncTrajectoryEngine {
  readonly name: string;
  readonly synchronous = false;
  readonly capabilities: Capabilities;
  readonly #pool: Pool<Request, Response>;
  readonly #trajectories: number;
  #programs = 0;

  constructor(
    pool: Pool<Request, Response>,
    trajectories: number,
    name: string,
    capabilities: Capabilities,
  ) {
    this.#pool = pool;
    this.#trajectories = trajectories;
    this.name = name;
    this.capabilities = capabilities;
  }

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): AsyncTrajectoryProgram<Names, M> {
    const checked = checkProgram(circuit, measurements, options, this.capabilities);
    checkOps(circuit.ops);
    const { capabilities } = this;
    const { outputShapes } = checked;
    const info = { circuit, measurements, options, outputShapes };
    const id = this.#programs++;
    const hosts = Array.from(
      { length: this.#pool.size },
      (_, worker) =>
        new HostedProgram<Names, M>(this.#pool.worker(worker), id, capabilities, checked, info),
    );
    return new ThreadedProgram(hosts, id % hosts.length, checked, this.#trajectories);
  }

  dispose(): void {
    this.#pool.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

class ThreadedProgram<
  Names extends string,
  M extends Measurements,
> implements AsyncTrajectoryProgram<Names, M> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly #hosts: readonly HostedProgram<Names, M>[];
  /** Takes what is not cut: shots and gradients. */
  readonly #home: AsyncProgram<Names, M>;
  readonly #checked: CheckedProgram;
  readonly #trajectories: number;
  readonly #readings: Readings | undefined;
  #disposed = false;

  constructor(
    hosts: readonly HostedProgram<Names, M>[],
    home: number,
    checked: CheckedProgram,
    trajectories: number,
  ) {
    const first = hosts[home] as HostedProgram<Names, M>;
    this.circuit = first.circuit;
    this.measurements = first.measurements;
    this.outputShapes = first.outputShapes;
    this.options = first.options;
    this.#hosts = hosts;
    this.#home = first;
    this.#checked = checked;
    this.#trajectories = trajectories;
    const { measurements, outputSizes } = checked;
    this.#readings = measurements.some((m) => isSampled(m, this.options))
      ? undefined
      : new Readings(this.circuit, measurements, outputSizes);
  }

  async run(
    values?: Values<Names>,
    options: RunOptions & AsyncCallOptions = {},
  ): Promise<Results<M>> {
    if (this.#readings === undefined) return await this.#home.run(values, options);
    return (await this.runWithErrors(values, options)).values;
  }

  async runWithErrors(
    values?: Values<Names>,
    { out, signal, ...sent }: RunOptions & AsyncCallOptions = {},
  ): Promise<Estimate<M>> {
    checkAlive(this.#disposed);
    const readings = this.#readings;
    if (readings === undefined) {
      throw new UnsupportedError('a program that draws shots returns no standard errors', {
        remedy: 'Compile expval, variance or probabilities without shots',
      });
    }
    const { batch } = readValues(this.circuit, values);
    checkOut(out, this.#checked, batch);
    const chunks = chunksOf(this.#trajectories);
    const each = Math.ceil(chunks / this.#hosts.length);
    const asked = this.#hosts.flatMap((host, i) => {
      const range = { first: i * each, count: Math.min(each, chunks - i * each) };
      if (range.count <= 0) return [];
      const call = { method: 'run', arguments: [values ?? {}, { ...sent, range }] } as const;
      return [host.call(call, signal) as Promise<SumsData[][]>];
    });
    await Promise.allSettled(asked);
    const parts = await Promise.all(asked);
    const sums = (e: number): Sums[] =>
      parts.flatMap((examples) => (examples[e] ?? []).map((data) => new Sums(readings, data)));
    return estimateOf<M>(readings, this.#checked, batch, sums, out === undefined ? {} : { out });
  }

  async vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    return await this.#home.vjp(values, dy, options);
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    return await this.#home.jacobian(values, options);
  }

  explain(): Explanation {
    const workers = this.#hosts.length;
    return {
      text:
        `trajectories: ${this.#trajectories} for each example, cut into chunks that ${workers} workers share; results have the ` +
        `same bits for any number of workers. Shots and gradients are one worker's.`,
      details: {
        engine: 'trajectories',
        worker: true,
        workers,
        trajectories: this.#trajectories,
        qubits: this.circuit.qubits,
        operations: this.circuit.ops.length,
      },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    return this.#hosts.length * this.#home.estimateMemory(batch, options);
  }

  dispose(): void {
    this.#disposed = true;
    for (const host of this.#hosts) host.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
