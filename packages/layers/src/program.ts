import {
  bits,
  EnvironmentError,
  fold,
  sizeOf,
  UnsupportedError,
  ValueError,
  wasmFeatures,
} from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import type { AsyncDifferentiatedProgram, DifferentiatedProgram } from '@ketwork/gradients';
import type { MaybePromise, Room } from '@ketwork/nn';
import { outputShapes } from '@ketwork/simulator';
import type { AsyncEngine, DifferentiationMethod, Engine, Measurements } from '@ketwork/simulator';
import { after } from './maybe-promise.ts';
import { trigonometricExpansion } from './trigonometric/expansion.ts';
import { TrigonometricRows } from './trigonometric/rows.ts';

/** How the circuit of a quantum layer is run and differentiated. */
export interface ProgramOptions {
  /** How to differentiate, as in `differentiate`. `best`, the default: adjoint where the engine has it, else parameter-shift. */
  readonly method?: 'best' | DifferentiationMethod;
  /** Estimate outputs and gradients from this many shots per example, drawn with the key of the pass; exact when absent. */
  readonly shots?: number;
}

/** Values by slot name. */
type SlotArrays = Readonly<Record<string, Float64Array>>;

/** The program of a layer: a circuit with its measurements side by side, compiled once an engine is bound. */
export class LayerProgram {
  /** Numbers per example, all measurements together. */
  readonly outputs: number;
  readonly #kind: string;
  readonly #circuit: Circuit;
  readonly #measurements: readonly Measurement[];
  readonly #sizes: readonly number[];
  readonly #options: ProgramOptions;
  #polynomial: { readonly rows: TrigonometricRows | undefined } | undefined;
  #engine: Engine | AsyncEngine | undefined;
  #program: DifferentiatedProgram | AsyncDifferentiatedProgram | undefined;

  constructor(kind: string, circuit: Circuit, measurements: Measurements, options: ProgramOptions) {
    this.#kind = kind;
    this.#circuit = circuit;
    this.#measurements = listOf(measurements);
    for (const { type } of this.#measurements) {
      if (type === 'samples' || type === 'counts') {
        throw new UnsupportedError(
          `${kind}: '${type}' returns single outcomes, which have no gradient`,
          {
            remedy:
              'Measure expval, variance or probabilities, with the option shots where they shall be estimated',
          },
        );
      }
    }
    this.#sizes = outputShapes(circuit, this.#measurements).map((shape) => sizeOf(shape));
    this.outputs = this.#sizes.reduce((a, b) => a + b, 0);
    this.#options = options;
  }

  get bound(): boolean {
    return this.#program !== undefined;
  }

  /** Compiles the circuit; nothing happens where this engine is bound already. */
  bind(engine: unknown): void {
    if (!isEngine(engine)) {
      throw new ValueError(`${this.#kind}: what was bound is not an engine`, {
        remedy: 'Bind an engine such as await cpu() of @ketwork/simulator',
      });
    }
    if (engine === this.#engine) return;
    const { method, shots } = this.#options;
    const options = {
      ...(method === undefined ? {} : { method }),
      ...(shots === undefined ? {} : { shots }),
    };
    // Two calls, so that the types of engine and program stay together.
    const program = engine.synchronous
      ? differentiate(engine, this.#circuit, this.#measurements, options)
      : differentiate(engine, this.#circuit, this.#measurements, options);
    this.#program?.dispose();
    this.#program = program;
    this.#engine = engine;
  }

  /** Whether passes need a key. */
  get draws(): boolean {
    return this.#options.shots !== undefined;
  }

  /** Whether results and gradients come from the bound engine itself, exact and without chance. */
  get direct(): boolean {
    const { method = 'best', shots } = this.#options;
    const covered = this.#engine?.capabilities.adjoint ?? [];
    return (
      shots === undefined &&
      (method === 'best' || method === 'adjoint') &&
      this.#measurements.every(({ type }) => covered.includes(type))
    );
  }

  /** Runs the circuit, `[batch, outputs]`. Results may lie in memory that `room` gives. */
  run(values: SlotArrays, key: Key | undefined, room?: Room): MaybePromise<Float64Array> {
    const rows = this.#rows();
    const batch = rows?.batchOf(values);
    if (batch !== undefined) return rows!.run(values, batch, room);
    const results = this.#named(
      () => this.#ready().run(values, { seed: seedOf(key) }) as MaybePromise<Float64Array[]>,
    );
    return after(results, (arrays) => (arrays.length === 1 ? arrays[0]! : this.#joined(arrays)));
  }

  /** Gradients of `Σ dy · output` by slot; shared slots summed over the batch, one row per example, or the squared norm of each. */
  vjp(
    values: SlotArrays,
    dy: Float64Array,
    wrt: readonly string[],
    perExample: boolean | 'squaredNorms',
    key: Key | undefined,
    room?: Room,
  ): MaybePromise<Readonly<Record<string, Float64Array>>> {
    const rows = this.#rows();
    const batch = rows?.batchOf(values);
    if (batch !== undefined && dy.length === batch * this.outputs)
      return rows!.vjp(values, dy, batch, wrt, room);
    const form = perExample === 'squaredNorms' ? { wrt, squaredNorms: true } : { wrt, perExample };
    return this.#named(() =>
      this.#ready().vjp(values, this.#parted(dy), { ...form, seed: seedOf(key) }),
    );
  }

  /** The circuit as a polynomial, where it is one without weights and this runtime has quick code for it. */
  #rows(): TrigonometricRows | undefined {
    if (!this.direct) return undefined;
    this.#polynomial ??= { rows: polynomialRows(this.#circuit, this.#measurements) };
    return this.#polynomial.rows;
  }

  /** Makes errors about values, such as NaN, say whose values they are. */
  #named<T>(call: () => MaybePromise<T>): MaybePromise<T> {
    const rename = (error: unknown): never => {
      const mine = error instanceof ValueError && !error.message.startsWith(`${this.#kind}: `);
      throw mine ? new ValueError(`${this.#kind}: ${error.message}`, { cause: error }) : error;
    };
    try {
      const result = call();
      return result instanceof Promise ? result.catch(rename) : result;
    } catch (error) {
      return rename(error);
    }
  }

  #ready(): DifferentiatedProgram | AsyncDifferentiatedProgram {
    if (this.#program === undefined) {
      throw new ValueError(`${this.#kind}: no engine is bound, so the circuit cannot run`, {
        remedy:
          'Use fit, evaluate or predict, which bind one, or call network.bind(await cpu()) on the built model',
      });
    }
    return this.#program;
  }

  /** Rows of all measurements side by side. */
  #joined(arrays: readonly Float64Array[]): Float64Array {
    const batch = arrays[0]!.length / this.#sizes[0]!;
    const out = new Float64Array(batch * this.outputs);
    let column = 0;
    arrays.forEach((array, m) => {
      const size = this.#sizes[m]!;
      for (let e = 0; e < batch; e++) {
        for (let i = 0; i < size; i++) out[e * this.outputs + column + i] = array[e * size + i]!;
      }
      column += size;
    });
    return out;
  }

  /** The inverse of `#joined`. */
  #parted(dy: Float64Array): Float64Array[] {
    if (this.#sizes.length === 1) return [dy];
    const batch = dy.length / this.outputs;
    let column = 0;
    return this.#sizes.map((size) => {
      const part = new Float64Array(batch * size);
      for (let e = 0; e < batch; e++) {
        for (let i = 0; i < size; i++) part[e * size + i] = dy[e * this.outputs + column + i]!;
      }
      column += size;
      return part;
    });
  }
}

/** The key of one of several calls of a pass, so that circuits side by side do not draw the same shots. */
export function partKey(key: Key | undefined, part: number): Key {
  return fold(key ?? [0, 0], part);
}

function polynomialRows(
  circuit: Circuit,
  measurements: readonly Measurement[],
): TrigonometricRows | undefined {
  if (!wasmFeatures().simd) return undefined;
  const expansion = trigonometricExpansion(circuit, measurements);
  try {
    return expansion && new TrigonometricRows(circuit, expansion);
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
}

function isEngine(value: unknown): value is Engine | AsyncEngine {
  return (
    typeof value === 'object' &&
    value !== null &&
    'compile' in value &&
    'capabilities' in value &&
    'synchronous' in value
  );
}

function listOf(measurements: Measurements): readonly Measurement[] {
  return 'type' in measurements ? [measurements] : measurements;
}

function seedOf(key: Key | undefined): number {
  return key === undefined ? 0 : bits(key, 1)[0]!;
}
