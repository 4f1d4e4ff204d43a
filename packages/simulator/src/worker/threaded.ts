import { sizeOf, wasmFeatures } from '@ketwork/base';
import type { Pool } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { checkAlive, checkOut, checkVjpOptions, outWithShots, withoutReuse } from '../calls.ts';
import { checkProgram, isSampled, readWrt } from '../compile.ts';
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
import { CHUNK } from '../cpu/angles.ts';
import { treeSum } from '../cpu/gradient-sink.ts';
import { heldCircuit } from '../deferred/held.ts';
import { readCotangents, readValues } from '../values.ts';
import type { SlotValues } from '../values.ts';
import { described, HostedProgram, hostPool } from './hosted.ts';
import { joined, joinedGradients, rowsOf, splitBatch, valuesOf } from './parts.ts';
import type { Split } from './parts.ts';
import type { Part, ProgramCall, Request, Response } from './protocol.ts';
import { TeamPool } from './team.ts';
import { estimateWork, LEAST_WORK } from './work.ts';
import type { Work } from './work.ts';

/** The CPU engine in several workers, which share large batches. */
export async function threaded(
  threads: number,
  leastWork: number = LEAST_WORK,
  options?: unknown,
): Promise<AsyncEngine> {
  return await threadedBy(hostPool({ engine: 'cpu', options }, threads), leastWork);
}

/** The engine behind a pool of workers, which it disposes of where they cannot start. */
export async function threadedBy(
  pool: Pool<Request, Response>,
  leastWork: number,
): Promise<AsyncEngine> {
  try {
    const first = await described(pool);
    return new ThreadedEngine(pool, leastWork, first.name, first.capabilities);
  } catch (error) {
    pool.dispose();
    throw error;
  }
}

class ThreadedEngine implements AsyncEngine {
  readonly name: string;
  readonly synchronous = false;
  readonly capabilities: Capabilities;
  readonly #pool: Pool<Request, Response>;
  readonly #leastWork: number;
  readonly #team: TeamPool;
  #programs = 0;

  constructor(
    pool: Pool<Request, Response>,
    leastWork: number,
    name: string,
    capabilities: Capabilities,
  ) {
    this.#pool = pool;
    this.#leastWork = leastWork;
    this.#team = new TeamPool(pool);
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
    const held = heldCircuit(circuit, checked, options, capabilities.maxQubits);
    const { outputShapes } = checked;
    const info = { circuit, measurements, options, outputShapes };
    const id = this.#programs++;
    const host = (worker: number): HostedProgram<Names, M> =>
      new HostedProgram(this.#pool.worker(worker), id, capabilities, checked, info);
    return new ThreadedProgram({
      engine: this.name,
      checked,
      held,
      leastWork: this.#leastWork,
      host,
      workers: this.#pool.size,
      home: id % this.#pool.size,
      team: this.#team,
      id,
      precision: capabilities.precision[0] ?? 'f64',
    });
  }

  dispose(): void {
    this.#pool.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What a threaded program is made of. */
interface Setup<Names extends string, M extends Measurements> {
  readonly engine: string;
  readonly checked: CheckedProgram;
  /** The circuit that is run: with measurements deferred. */
  readonly held: Circuit;
  readonly leastWork: number;
  /** Puts the program into a worker. */
  readonly host: (worker: number) => HostedProgram<Names, M>;
  readonly workers: number;
  /** The worker that small batches go to. It depends on the order of compilation only; programs take turns. */
  readonly home: number;
  /** All workers, for large states. */
  readonly team: TeamPool;
  readonly id: number;
  readonly precision: 'f64' | 'f32';
}

/** From how many qubits on all workers share one state: below, meeting takes too much of the time. */
const TEAM_QUBITS = 16;
/** Up to here state and lambda fit a memory with 32-bit addresses, which can be shared. */
const TEAM_MOST = 26;

class ThreadedProgram<Names extends string, M extends Measurements> implements AsyncProgram<
  Names,
  M
> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly #setup: Setup<Names, M>;
  readonly #work: Work;
  readonly #batched: boolean;
  readonly #sampled: boolean;
  readonly #home: HostedProgram<Names, M>;
  /** The program in each worker, as far as it was needed there, the home first. */
  readonly #hosts: HostedProgram<Names, M>[];
  /** Whether all workers run the program on one state, as far as is known. */
  #together: boolean;
  #disposed = false;

  constructor(setup: Setup<Names, M>) {
    const home = setup.host(setup.home);
    const { circuit, options } = home;
    this.circuit = circuit;
    this.measurements = home.measurements;
    this.outputShapes = home.outputShapes;
    this.options = options;
    this.#setup = setup;
    this.#work = estimateWork(setup.held, setup.checked, options, setup.precision);
    this.#batched = circuit.slots.some(({ axis }) => axis === 'batch');
    this.#sampled = setup.checked.measurements.some((m) => isSampled(m, options));
    this.#home = home;
    this.#hosts = [home];
    this.#together =
      setup.held.qubits >= TEAM_QUBITS &&
      setup.held.qubits <= TEAM_MOST &&
      setup.workers > 1 &&
      !this.#sampled &&
      wasmFeatures().sharedMemory;
  }

  async run(
    values?: Values<Names>,
    options: RunOptions & AsyncCallOptions = {},
  ): Promise<Results<M>> {
    checkAlive(this.#disposed);
    const { out, signal, ...sent } = options;
    const { slots, split } = this.#prepare('run', values);
    const whole = await this.#all('run', [values ?? {}, sent], signal);
    if (whole !== undefined) {
      if (out === undefined) return whole.result as Results<M>;
      checkOut(out, this.#setup.checked, slots.batch);
      const list = this.#setup.checked.single ? [whole.result] : (whole.result as unknown[]);
      out.set(list[0] as Float64Array);
      return (this.#setup.checked.single ? out : [out]) as unknown as Results<M>;
    }
    if (split === undefined) return await this.#home.run(values, options);
    if (out !== undefined) {
      if (this.#sampled) throw outWithShots();
      checkOut(out, this.#setup.checked, slots.batch);
    }
    const parts = await this.#ask(split, slots, 'run', signal, (_, given) => [given, sent]);
    const { single } = this.#setup.checked;
    const lists = (single ? parts.map((part) => [part]) : parts) as Float64Array[][];
    if (out !== undefined) {
      split.parts.forEach(({ first }, i) => {
        const [rows] = lists[i]!;
        out.set(rows!, (first * out.length) / slots.batch);
      });
      return (single ? out : [out]) as unknown as Results<M>;
    }
    const results = lists[0]!.map((_, m) => joined(lists.map((list) => list[m]!)));
    return (single ? results[0] : results) as Results<M>;
  }

  async vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    checkAlive(this.#disposed);
    checkVjpOptions(options);
    // A program that draws shots has no gradients, as the worker will say.
    if (this.#sampled) return await this.#home.vjp(values, dy, options);
    const { signal, ...sent } = withoutReuse(options);
    const { slots, split } = this.#prepare('vjp', values);
    const whole = await this.#all('vjp', [values, dy, sent], signal);
    if (whole !== undefined) return whole.result as Gradients<Names>;
    if (split === undefined) return await this.#home.vjp(values, dy, options);
    const { outputSizes, single } = this.#setup.checked;
    const wrt = readWrt(this.circuit, options.wrt);
    const cotangents = readCotangents(dy, outputSizes, single, slots.batch);
    const byExample = options.perExample === true || options.squaredNorms === true;
    const summed = byExample ? [] : wrt.filter(({ axis }) => axis === 'shared');
    // Where nothing is summed, a part is one piece.
    const asked = summed.length > 0 ? split : { ...split, piece: slots.batch };
    const parts = await this.#ask(asked, slots, 'vjp', signal, (part, given) => [
      given,
      cotangents.map((array) => array && rowsOf(array, slots.batch, part)),
      sent,
    ]);
    const gradients = joinedGradients(parts as Gradients[]);
    for (const { name, shape } of summed) {
      const size = sizeOf(shape);
      gradients[name] = treeSum(gradients[name]!, size);
    }
    return gradients as Gradients<Names>;
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    checkAlive(this.#disposed);
    if (this.#sampled) return await this.#home.jacobian(values, options);
    const { signal, ...sent } = options;
    const { slots, split } = this.#prepare('jacobian', values);
    const whole = await this.#all('jacobian', [values, sent], signal);
    if (whole !== undefined) return whole.result as Gradients<Names>;
    if (split === undefined) return await this.#home.jacobian(values, options);
    const parts = await this.#ask(split, slots, 'jacobian', signal, (_, given) => [given, sent]);
    return joinedGradients(parts as Gradients[]) as Gradients<Names>;
  }

  explain(): Explanation {
    const { engine, workers, leastWork } = this.#setup;
    const home = this.#setup.home + 1;
    const from = { run: this.#splitFrom('run'), vjp: this.#splitFrom('vjp') };
    const micro = Math.round(1e6 * leastWork);
    const text = this.#together
      ? `${engine} in ${workers} workers, which share one state and its memory: each takes its part of every stage; ` +
        `results and gradients have the same bits for any number of workers.`
      : this.#batched
        ? `${engine} in ${workers} workers: batches of ${from.run} examples or more (gradients: ${from.vjp}) are cut into ` +
          `parts of whole chunks of ${CHUNK} examples, one for each worker; results and the sums over the batch have the ` +
          `same bits for any number of workers. Smaller batches run on worker ${home}, since a part should be worth ` +
          `${micro} microseconds of work to pay for the way to a worker and back.`
        : `${engine} in ${workers} workers: the circuit has no values that differ by example, so there is no batch to cut ` +
          `and it runs on worker ${home}.`;
    return {
      text,
      details: {
        engine,
        worker: true,
        workers,
        home: this.#setup.home,
        chunk: CHUNK,
        splits: this.#batched,
        together: this.#together,
        ...(this.#batched ? { splitFrom: from.run, splitGradientFrom: from.vjp } : {}),
        qubits: this.circuit.qubits,
        operations: this.circuit.ops.length,
      },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    return this.#home.estimateMemory(batch, options);
  }

  dispose(): void {
    this.#disposed = true;
    for (const host of this.#hosts) host.dispose();
    this.#setup.team.forget(this.#setup.id);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Has all workers run a call together, if they can; a program that they cannot share is not tried again. */
  async #all(
    method: ProgramCall['method'],
    given: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly result: unknown } | undefined> {
    if (!this.#together) return undefined;
    const { circuit, measurements, options } = this;
    const { team, id } = this.#setup;
    const done = await team.call(
      id,
      { circuit, measurements, options },
      { method, arguments: given },
      signal,
    );
    this.#together = done !== undefined;
    return done;
  }

  /** Smallest batch that goes to more than one worker. */
  #splitFrom(method: keyof Work): number {
    return Math.max(CHUNK + 1, Math.ceil((2 * this.#setup.leastWork) / this.#work[method]));
  }

  /** Reads the values and cuts the batch, where it is large enough; refuses values that do not fit. */
  #prepare(
    method: keyof Work,
    values: Values<Names> | undefined,
  ): { slots: SlotValues; split: Split | undefined } {
    const slots = readValues(this.circuit, values);
    const { batch } = slots;
    if (!this.#batched || batch < this.#splitFrom(method)) return { slots, split: undefined };
    const worth = Math.max(2, Math.floor((batch * this.#work[method]) / this.#setup.leastWork));
    return { slots, split: splitBatch(batch, Math.min(this.#setup.workers, worth)) };
  }

  /** Hands each part to a worker, from the home on. Where parts fail, the error of the first of them is thrown. */
  async #ask(
    { parts, piece }: Split,
    slots: SlotValues,
    method: ProgramCall['method'],
    signal: AbortSignal | undefined,
    rest: (part: Part, given: Record<string, Float64Array>) => readonly unknown[],
  ): Promise<unknown[]> {
    const { home, host, workers } = this.#setup;
    const answers = parts.map((part, i) => {
      const program = (this.#hosts[i] ??= host((home + i) % workers));
      const given = valuesOf(this.circuit.slots, (name) => slots.get(name), slots.batch, part);
      const call = { method, arguments: rest(part, given), part: { ...part, piece } };
      return program.call(call, signal);
    });
    await Promise.allSettled(answers);
    return await Promise.all(answers);
  }
}
