import { CircuitError, sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import type { AsyncDifferentiatedProgram, DifferentiatedProgram } from '@ketwork/gradients';
import { checkAlive, readValues } from '@ketwork/simulator';
import type {
  AsyncEngine,
  AsyncProgram,
  Engine,
  Gradients,
  Numbers,
  Program,
  RunOptions,
} from '@ketwork/simulator';
import { gram, rectangle } from './computation.ts';
import type { CallSettings, Computation, ProgramCall, Recipe } from './computation.ts';
import type { AsyncKernel, AsyncKernelCall, Kernel, KernelCall, KernelJSON } from './contract.ts';

/** How much memory a kernel may take. */
export interface MemoryOptions {
  /** Bytes that rows (states, features) of two blocks may take besides the matrix; larger sets go block by block. Default 512 MiB. */
  readonly memory?: number;
}

/** A circuit and the slot that holds the example. */
export interface Encoding {
  readonly circuit: Circuit;
  readonly slot: string;
  readonly features: number;
  /** The circuit does nothing and only says what an example looks like. */
  readonly classical?: boolean;
}

/** What a kernel is made of. */
export interface KernelParts {
  readonly kind: KernelJSON['kind'];
  readonly encoding: Encoding;
  readonly recipe: Recipe;
  readonly json: () => KernelJSON;
}

const MEMORY = 2 ** 29;

/** Finds the slot of the example. @throws CircuitError where there is not exactly one batch slot. */
export function encodingOf(what: string, circuit: Circuit): Encoding {
  const slots = circuit.slots.filter(({ axis }) => axis === 'batch');
  const [slot] = slots;
  if (slot === undefined || slots.length > 1) {
    const found =
      slots.length === 0
        ? 'no batch slot'
        : `the batch slots ${slots.map((s) => s.name).join(', ')}`;
    throw new CircuitError(`${what}: the feature map has ${found} instead of one`, {
      remedy: 'Declare the example as input([features]) and weights as weight([...])',
    });
  }
  return { circuit, slot: slot.name, features: sizeOf(slot.shape) };
}

export function asArray(answer: Float64Array | Gradients): Float64Array {
  return answer as Float64Array;
}

export function asGradients(answer: Float64Array | Gradients): Gradients {
  return answer as Gradients;
}

/** The kernel on an engine; without one for kernels that need no program. */
export function openKernel(
  engine: Engine | AsyncEngine | undefined,
  parts: KernelParts,
  { memory = MEMORY }: MemoryOptions,
): Kernel | AsyncKernel {
  if (!(memory > 0))
    throw new ValueError(`memory ${String(memory)} is not a number of bytes above 0`);
  return engine === undefined || engine.synchronous
    ? new LocalKernel(engine, parts, memory)
    : new RemoteKernel(engine, parts, memory);
}

class Base {
  readonly kind: KernelJSON['kind'];
  readonly features: number;
  readonly circuit?: Circuit;
  readonly rowBytes: number;
  readonly recipe: Recipe;
  protected readonly memory: number;
  protected readonly gradientSlots: readonly string[];
  readonly #parts: KernelParts;
  #disposed = false;

  constructor(parts: KernelParts, memory: number) {
    const { encoding, recipe } = parts;
    this.#parts = parts;
    this.kind = parts.kind;
    this.features = encoding.features;
    if (encoding.classical !== true) this.circuit = encoding.circuit;
    this.rowBytes = recipe.rowBytes;
    this.recipe = recipe;
    this.memory = memory;
    this.gradientSlots = encoding.circuit.slots
      .filter(({ axis, differentiable }) => axis === 'shared' && differentiable)
      .map(({ name }) => name);
  }

  toJSON(): KernelJSON {
    return this.#parts.json();
  }

  /** Examples as one array, checked with everything else of the call. */
  examples(x: Numbers, { values = {} }: KernelCall): Float64Array {
    checkAlive(this.#disposed);
    const { circuit, slot } = this.#parts.encoding;
    return readValues(circuit, { ...values, [slot]: x }).get(slot);
  }

  protected computeMatrix(x: Numbers, options: KernelCall): Computation<Float64Array> {
    const examples = this.examples(x, options);
    return gram(this.recipe, examples, this.features, this.memory, settingsOf(options, true));
  }

  protected computeBetween(x: Numbers, y: Numbers, options: KernelCall): Computation<Float64Array> {
    const [rows, columns] = [this.examples(x, options), this.examples(y, options)];
    const settings = settingsOf(options, false);
    return rectangle(this.recipe, rows, columns, this.features, this.memory, settings);
  }

  protected *computeVjp(
    x: Numbers,
    dK: ArrayLike<number>,
    options: KernelCall,
  ): Computation<Gradients> {
    const examples = this.examples(x, options);
    const { pullBack } = this.recipe;
    const count = examples.length / this.features;
    if (pullBack === undefined || this.gradientSlots.length === 0) {
      const what =
        pullBack === undefined ? 'estimated or computed pair by pair' : 'without weights';
      throw new UnsupportedError(`a kernel ${what} has no gradient`, {
        remedy:
          "Use method: 'states' without shots, or a projected kernel, and a feature map with weights",
      });
    }
    if (dK.length !== count * count) {
      throw new ValueError(`dK has ${dK.length} numbers`, {
        remedy: `Give [${count}, ${count}], one for each element of the matrix`,
      });
    }
    if (count * this.rowBytes > this.memory) {
      throw new ValueError(
        `the gradient needs the states of all ${count} examples, ${count * this.rowBytes} bytes of ${this.memory}`,
        { remedy: 'Give fewer examples at a time, or more with the option memory' },
      );
    }
    const settings = settingsOf(options, true);
    const data = yield* this.recipe.represent(examples, 0, settings);
    return yield* pullBack({ data, count, first: 0 }, examples, dK, settings);
  }

  dispose(): void {
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Options of a run; engines number the examples of a batch from `firstExample` where they draw shots. */
function runOptionsOf({ seed, firstExample = 0 }: ProgramCall): RunOptions {
  return { seed, firstExample } as RunOptions;
}

function settingsOf({ values = {}, seed = 0 }: KernelCall, symmetric: boolean): CallSettings {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ValueError(`seed ${String(seed)} is not an integer from 0 to 2^53 - 1`);
  return { values, seed, symmetric };
}

/** A kernel on an engine that returns at once. */
export class LocalKernel extends Base implements Kernel {
  readonly #programs: readonly Program[];
  readonly #engine: Engine | undefined;
  #gradient: DifferentiatedProgram | undefined;

  constructor(engine: Engine | undefined, parts: KernelParts, memory: number) {
    super(parts, memory);
    this.#engine = engine;
    this.#programs =
      engine === undefined
        ? []
        : parts.recipe.jobs.map(({ circuit, measurement, shots }) =>
            engine.compile(circuit, measurement, shots === undefined ? {} : { shots }),
          );
  }

  matrix(x: Numbers, options: KernelCall = {}): Float64Array {
    return this.compute(this.computeMatrix(x, options));
  }

  between(x: Numbers, y: Numbers, options: KernelCall = {}): Float64Array {
    return this.compute(this.computeBetween(x, y, options));
  }

  vjp(x: Numbers, dK: ArrayLike<number>, options: KernelCall = {}): Gradients {
    return this.compute(this.computeVjp(x, dK, options));
  }

  compute<T>(computation: Computation<T>): T {
    let step = computation.next();
    while (step.done !== true) step = computation.next(this.#answer(step.value));
    return step.value;
  }

  #answer(call: ProgramCall): Float64Array | Gradients {
    const { program, values, seed, dy } = call;
    if (dy === undefined)
      return this.#programs[program]!.run(values, runOptionsOf(call)) as unknown as Float64Array;
    const { circuit, measurement, shots } = this.recipe.jobs[program]!;
    this.#gradient ??= differentiate(
      this.#engine!,
      circuit,
      measurement,
      shots === undefined ? {} : { shots },
    );
    return this.#gradient.vjp(values, dy, { wrt: this.gradientSlots, seed });
  }

  override dispose(): void {
    super.dispose();
    for (const program of this.#programs) program.dispose();
    this.#gradient?.dispose();
  }
}

/** A kernel on an engine that returns promises. */
class RemoteKernel extends Base implements AsyncKernel {
  readonly #programs: readonly AsyncProgram[];
  readonly #engine: AsyncEngine;
  #gradient: AsyncDifferentiatedProgram | undefined;

  constructor(engine: AsyncEngine, parts: KernelParts, memory: number) {
    super(parts, memory);
    this.#engine = engine;
    this.#programs = parts.recipe.jobs.map(({ circuit, measurement, shots }) =>
      engine.compile(circuit, measurement, shots === undefined ? {} : { shots }),
    );
  }

  async matrix(x: Numbers, options: AsyncKernelCall = {}): Promise<Float64Array> {
    return this.compute(this.computeMatrix(x, options), options.signal);
  }

  async between(x: Numbers, y: Numbers, options: AsyncKernelCall = {}): Promise<Float64Array> {
    return this.compute(this.computeBetween(x, y, options), options.signal);
  }

  async vjp(x: Numbers, dK: ArrayLike<number>, options: AsyncKernelCall = {}): Promise<Gradients> {
    return this.compute(this.computeVjp(x, dK, options), options.signal);
  }

  async compute<T>(computation: Computation<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    let step = computation.next();
    while (step.done !== true) {
      const answer = await this.#answer(step.value, signal === undefined ? {} : { signal });
      signal?.throwIfAborted();
      step = computation.next(answer);
    }
    return step.value;
  }

  #answer(
    call: ProgramCall,
    abortable: { readonly signal?: AbortSignal },
  ): Promise<Float64Array | Gradients> {
    const { program, values, seed, dy } = call;
    if (dy === undefined) {
      const results: Promise<unknown> = this.#programs[program]!.run(values, {
        ...runOptionsOf(call),
        ...abortable,
      });
      return results as Promise<Float64Array>;
    }
    const { circuit, measurement, shots } = this.recipe.jobs[program]!;
    this.#gradient ??= differentiate(
      this.#engine,
      circuit,
      measurement,
      shots === undefined ? {} : { shots },
    );
    return this.#gradient.vjp(values, dy, { wrt: this.gradientSlots, seed, ...abortable });
  }

  override dispose(): void {
    super.dispose();
    for (const program of this.#programs) program.dispose();
    this.#gradient?.dispose();
  }
}
