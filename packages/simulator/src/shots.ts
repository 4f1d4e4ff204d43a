import { fold, key, sizeOf } from '@ketwork/base';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { outWithShots } from './calls.ts';
import { measurementList, wiresRead } from './compile.ts';
import type {
  AsyncCallOptions,
  AsyncProgram,
  CompileOptions,
  Counts,
  Measurements,
  Program,
  ResultOf,
  Results,
  RunOptions,
  Values,
} from './contract.ts';
import type { HermitianEigen } from './hermitian.ts';
import { hermitianEigen } from './hermitian.ts';
import { Sampler } from './outcomes.ts';
import { hasFilter } from './postselection.ts';
import { estimated, estimateOf } from './shot-estimates.ts';
import type { Estimate } from './shot-estimates.ts';
import type { Block, Setting } from './settings.ts';
import { blocksOf, place, rotations } from './settings.ts';
import { countsOf, writeFrequencies, writeSamples } from './tallies.ts';
import type { Shots } from './tallies.ts';
import type { SlotValues } from './values.ts';
import { readValues } from './values.ts';

/** Compiles exact measurements of a circuit on some engine. */
export type CompileAnalytic = (
  circuit: Circuit,
  measurements: readonly Measurement[],
) => Program<string, readonly Measurement[]>;

/** Run options of an engine that hands parts of a batch to its workers; not for users. */
export interface PartRunOptions extends RunOptions {
  /** Number, in the whole batch, of the first example given, so that shots do not depend on how the batch is split. */
  readonly firstExample?: number;
}

/**
 * Draws shots of circuits whose probabilities are not computed: one run of the circuit for each. `wires` are the qubits,
 * and the classical bits numbered after them, that are read.
 */
export type CompileShots = (
  circuit: Circuit,
  wires: readonly number[],
) => {
  /** Outcomes of the shots of one example: values of the wires, the first one most significant. */
  draw(
    values: SlotValues,
    example: number,
    options: {
      readonly seed: number;
      /** Tells settings of one program apart. */
      readonly stream: number;
      readonly firstExample: number;
      readonly shots: number;
    },
  ): Uint32Array;
  dispose(): void;
};

/** The run function that {@link withShots} makes; `dispose` frees the programs it compiled. */
export interface RunWithShots<Names extends string, M extends Measurements> {
  (values?: Values<Names>, options?: RunOptions): Results<M>;
  /** Bytes a run of a batch of this size needs: the exact probabilities, outcomes and results. */
  estimateMemory(batch: number): number;
  /** Frees the programs compiled for it. */
  dispose(): void;
}

/** Plan of one measurement. */
type Plan =
  | { readonly type: 'analytic'; readonly index: number }
  | { readonly type: 'outcomes'; readonly setting: number; readonly wires: readonly number[] }
  | { readonly type: 'success'; readonly index: number }
  | { readonly type: 'observables'; readonly estimates: readonly Estimate[] };

/**
 * Makes the run function of a program that draws shots, for any engine that computes probabilities exactly. Observables
 * whose Pauli strings commute qubit by qubit share a measurement setting and its shots (Verteletskyi, Yen, Izmaylov, J.
 * Chem. Phys. 152, 124114, 2020); each setting appends its basis change to the circuit. All measurements in the
 * computational basis share setting 0, so samples and counts of one program are the same experiment.
 *
 * Shot s of example e in setting g uses number (e, s) of the stream `key(seed)` (g = 0) or `fold(key(seed), g)`, whatever
 * the engine, batch or order. After a map that is not unitary, shots are drawn from the normalised state and estimates
 * multiplied by its squared norm, so that they estimate the same numbers an exact run gives.
 *
 * @param compileAnalytic compiles exact measurements on the engine.
 * @param circuit the circuit, checked.
 * @param measurements the measurements, checked; exact ones among them go to the engine as they are.
 * @param options `shots` for expval, variance and probabilities; samples and counts have their own number.
 * @param compileShots draws shots where there are no probabilities; by default they are drawn from the engine's.
 * @returns the run function; see {@link Program.run}.
 * @throws ValueError (when run) for values that do not fit, or an `out` array, which only exact results can use.
 *
 * @example
 * ```ts
 * import { circuit, counts } from '@ketwork/circuit';
 * import { reference, withShots } from '@ketwork/simulator';
 * const engine = reference();
 * const bell = circuit(2, (q) => { q.h(0); q.cnot(0, 1); });
 * const run = withShots((c, m) => engine.compile(c, m), bell, counts(1000), {});
 * console.log(run({}, { seed: 7 })); // about 500 times '00' and '11'
 * ```
 */
export function withShots<Names extends string, const M extends Measurements>(
  compileAnalytic: CompileAnalytic,
  circuit: Circuit<Names>,
  measurements: M,
  options: CompileOptions,
  compileShots?: CompileShots,
): RunWithShots<Names, M> {
  const prepared = prepareShots(compileAnalytic, circuit, measurements, options, compileShots);
  const { estimateMemory, dispose } = prepared;
  const run = (values?: Values<Names>, runOptions: RunOptions = {}): Results<M> => {
    const steps = prepared.steps(values, runOptions);
    let step = steps.next();
    while (step.done !== true) {
      const { program, values: given, options: own } = step.value;
      step = steps.next(program.run(given, own));
    }
    return step.value;
  };
  return Object.assign(run, { estimateMemory, dispose });
}

/** The run function that {@link withRemoteShots} makes. */
export interface RunWithRemoteShots<Names extends string, M extends Measurements> extends Pick<
  RunWithShots<Names, M>,
  'estimateMemory' | 'dispose'
> {
  (values?: Values<Names>, options?: RunOptions & AsyncCallOptions): Promise<Results<M>>;
}

/** {@link withShots} for engines whose programs return promises: the same shots from the same probabilities. */
export function withRemoteShots<Names extends string, const M extends Measurements>(
  compileAnalytic: (
    circuit: Circuit,
    measurements: readonly Measurement[],
  ) => AsyncProgram<string, readonly Measurement[]>,
  circuit: Circuit<Names>,
  measurements: M,
  options: CompileOptions,
): RunWithRemoteShots<Names, M> {
  const prepared = prepareShots(compileAnalytic, circuit, measurements, options, undefined);
  const { estimateMemory, dispose } = prepared;
  const run = async (
    values?: Values<Names>,
    { signal, ...runOptions }: RunOptions & AsyncCallOptions = {},
  ): Promise<Results<M>> => {
    const steps = prepared.steps(values, runOptions);
    const abortable = signal === undefined ? {} : { signal };
    let step = steps.next();
    while (step.done !== true) {
      const { program, values: given, options: own } = step.value;
      step = steps.next(await program.run(given, { ...own, ...abortable }));
    }
    return step.value;
  };
  return Object.assign(run, { estimateMemory, dispose });
}

/** What the shots of a program need of the programs that compute its probabilities. */
type Exact = Pick<Program, 'estimateMemory' | 'dispose'>;

/** A run whose results the steps of a program with shots wait for. */
interface ExactRun<P extends Exact> {
  readonly program: P;
  readonly values: Values;
  readonly options: RunOptions;
}

/** A program with shots, its exact runs left to the caller. */
interface PreparedShots<Names extends string, M extends Measurements, P extends Exact> {
  steps(
    values: Values<Names> | undefined,
    options: RunOptions,
  ): Generator<ExactRun<P>, Results<M>, readonly ResultOf<Measurement>[]>;
  estimateMemory(batch: number): number;
  dispose(): void;
}

function prepareShots<Names extends string, const M extends Measurements, P extends Exact>(
  compileAnalytic: (circuit: Circuit, measurements: readonly Measurement[]) => P,
  circuit: Circuit<Names>,
  measurements: M,
  options: CompileOptions,
  compileShots: CompileShots | undefined,
): PreparedShots<Names, M, P> {
  const list = measurementList(measurements);
  const settings: Setting[] = [];
  const exact: Measurement[] = [];
  // Computational-basis measurements come first, so that they are setting 0.
  const plans = new Map<Measurement, Plan>();
  for (const m of list) {
    const shots = m.type === 'samples' || m.type === 'counts' ? m.shots : options.shots;
    if (m.type !== 'probabilities' && m.type !== 'samples' && m.type !== 'counts') continue;
    if (shots === undefined) continue;
    const wires = wiresRead(m, circuit.qubits);
    const setting = place(settings, new Map(wires.map((wire) => [wire, 'Z'])), shots);
    plans.set(m, { type: 'outcomes', setting, wires });
  }
  for (const m of list) {
    if (plans.has(m)) continue;
    if (options.shots !== undefined && (m.type === 'expval' || m.type === 'variance')) {
      const { shots } = options;
      const estimates = m.observables.map((o) =>
        estimateOf(o, m.type === 'variance', settings, shots),
      );
      plans.set(m, { type: 'observables', estimates });
    } else {
      const success = options.shots !== undefined && m.type === 'successProbability';
      plans.set(m, { type: success ? 'success' : 'analytic', index: exact.length });
      exact.push(m);
    }
  }
  const unitary = !circuit.ops.some(hasFilter);
  const exactProgram = exact.length === 0 ? undefined : compileAnalytic(circuit, exact);
  const fixedEigen = new Map<string, HermitianEigen>();
  const compiled = settings.map((setting) => {
    const wires = [...setting.basis.keys()].sort((a, b) => a - b);
    const qubits = wires.filter((wire) => wire < circuit.qubits);
    const bits = wires.slice(qubits.length).map((wire) => wire - circuit.qubits);
    const read = {
      ...(qubits.length === 0 ? {} : { qubits }),
      ...(bits.length === 0 ? {} : { bits }),
    };
    const rotated = (eigen: (block: Block) => HermitianEigen): Circuit =>
      Object.freeze({
        ...circuit,
        ops: Object.freeze([...circuit.ops, ...rotations(setting, eigen)]),
      });
    const compile = (eigen: (block: Block) => HermitianEigen): P =>
      compileAnalytic(rotated(eigen), [{ type: 'probabilities', ...read }]);
    const perRun = blocksOf(setting).some((b) => 'slot' in b.matrix);
    return {
      wires,
      perRun,
      compile,
      rotated,
      program:
        perRun || compileShots !== undefined
          ? undefined
          : compile((b) => eigenOf(b, undefined, fixedEigen)),
      source:
        perRun || compileShots === undefined
          ? undefined
          : compileShots(
              rotated((b) => eigenOf(b, undefined, fixedEigen)),
              wires,
            ),
    };
  });

  const sampler = new Sampler();
  /** Asks for exact results where it needs them, so that they may come at once or as promises. */
  function* steps(
    values: Values<Names> | undefined,
    runOptions: RunOptions,
  ): Generator<ExactRun<P>, Results<M>, readonly ResultOf<Measurement>[]> {
    if (runOptions.out !== undefined) throw outWithShots();
    const root = key(runOptions.seed ?? 0);
    const { firstExample = 0 }: PartRunOptions = runOptions;
    const read = readValues(circuit, values);
    const shots: Shots[][] = [];
    for (const [g, c] of compiled.entries()) {
      const random = g === 0 ? root : fold(root, g);
      const dim = 2 ** c.wires.length;
      const all =
        c.program === undefined
          ? []
          : yield { program: c.program, values: values ?? {}, options: {} };
      const together = all[0] as Float64Array | undefined;
      const examples: Shots[] = [];
      shots.push(examples);
      for (let e = 0; e < read.batch; e++) {
        const mine = new Map<string, HermitianEigen>();
        const eigen = c.perRun
          ? (b: Block): HermitianEigen =>
              eigenOf(b, (name) => sliceOf(circuit, read, name, e), mine)
          : (b: Block): HermitianEigen => eigenOf(b, undefined, fixedEigen);
        if (compileShots !== undefined) {
          const source = c.source ?? compileShots(c.rotated(eigen), c.wires);
          const { shots: count } = settings[g]!;
          const outcomes = source.draw(read, e, {
            seed: runOptions.seed ?? 0,
            stream: g,
            firstExample,
            shots: count,
          });
          if (c.source === undefined) source.dispose();
          examples.push({ qubits: c.wires, outcomes, eigen, norm: 1 });
          continue;
        }
        let p: Float64Array;
        if (together !== undefined) {
          p = together.subarray(e * dim, (e + 1) * dim);
        } else {
          // The basis comes with the data: a circuit of its own for every example.
          const program = c.compile(eigen);
          const one = Object.fromEntries(
            circuit.slots.map(({ name }) => [name, sliceOf(circuit, read, name, e)]),
          );
          p = (yield { program, values: one, options: {} })[0] as Float64Array;
          program.dispose();
        }
        const norm = unitary ? 1 : p.reduce((a, b) => a + b, 0);
        const outcomes = sampler.draw(p, random, firstExample + e, settings[g]!.shots);
        examples.push({ qubits: c.wires, outcomes, eigen, norm });
      }
    }
    const exactResults =
      exactProgram === undefined
        ? undefined
        : yield { program: exactProgram, values: values ?? {}, options: runOptions };
    const results = list.map((m) => {
      const plan = plans.get(m)!;
      if (plan.type === 'analytic') return exactResults![plan.index]!;
      if (plan.type === 'success' && compileShots !== undefined) return exactResults![plan.index]!;
      if (plan.type === 'success') {
        // A stream of its own, after those of the settings: kept or not, shot by shot.
        const random = fold(root, settings.length);
        const total = options.shots!;
        return (exactResults![plan.index] as Float64Array).map((p, e) => {
          const norm = Math.max(1, p);
          const kept = sampler.draw(Float64Array.of(norm - p, p), random, firstExample + e, total);
          return (norm * kept.reduce((a, b) => a + b, 0)) / total;
        });
      }
      if (plan.type === 'outcomes')
        return readOutcomes(m, plan.wires, shots[plan.setting]!, options);
      const out = new Float64Array(read.batch * plan.estimates.length);
      for (let e = 0; e < read.batch; e++) {
        plan.estimates.forEach((estimate, o) => {
          const at = (g: number): Shots => shots[g]![e]!;
          out[e * plan.estimates.length + o] = estimated(
            estimate,
            m.type === 'variance',
            at,
            options.shots!,
          );
        });
      }
      return out;
    });
    return (Array.isArray(measurements) ? results : results[0]) as Results<M>;
  }
  const estimateMemory = (batch: number): number => {
    let bytes = exactProgram?.estimateMemory(batch) ?? 0;
    // One program runs at a time, in the engine's memory; probabilities and outcomes of all are kept.
    let kept = 0;
    compiled.forEach(({ wires, program }, g) => {
      const probabilities = 8 * batch * 2 ** wires.length;
      const { shots } = settings[g]!;
      if (program !== undefined)
        bytes = Math.max(bytes, program.estimateMemory(batch) - probabilities);
      kept += probabilities + 4 * batch * shots;
    });
    for (const m of list) {
      if (m.type !== 'samples' && m.type !== 'probabilities') continue;
      const k = wiresRead(m, circuit.qubits).length;
      kept += m.type === 'samples' ? batch * m.shots * k : 8 * batch * 2 ** k;
    }
    return bytes + kept;
  };
  const dispose = (): void => {
    exactProgram?.dispose();
    for (const c of compiled) {
      c.program?.dispose();
      c.source?.dispose();
    }
  };
  return { steps, estimateMemory, dispose };
}

/** Samples, counts or estimated probabilities of some qubits and bits. */
function readOutcomes(
  m: Measurement,
  wires: readonly number[],
  examples: readonly Shots[],
  options: CompileOptions,
): Uint8Array | Counts[] | Float64Array {
  if (m.type === 'samples') {
    const size = m.shots * wires.length;
    const bits = new Uint8Array(examples.length * size);
    examples.forEach((example, e) =>
      writeSamples(example, wires, bits.subarray(e * size, (e + 1) * size)),
    );
    return bits;
  }
  if (m.type === 'counts') return examples.map((example) => countsOf(example, wires, m.shots));
  const size = 2 ** wires.length;
  const frequencies = new Float64Array(examples.length * size);
  examples.forEach((example, e) =>
    writeFrequencies(
      example,
      wires,
      options.shots!,
      frequencies.subarray(e * size, (e + 1) * size),
    ),
  );
  return frequencies;
}

function eigenOf(
  block: Block,
  slotValues: ((name: string) => Float64Array) | undefined,
  cache: Map<string, HermitianEigen>,
): HermitianEigen {
  const name = JSON.stringify(block);
  let eigen = cache.get(name);
  if (eigen === undefined) {
    const matrix = 'slot' in block.matrix ? slotValues!(block.matrix.slot) : block.matrix;
    eigen = hermitianEigen(matrix, 2 ** block.qubits.length);
    cache.set(name, eigen);
  }
  return eigen;
}

/** The values of a slot in one example. */
function sliceOf(circuit: Circuit, read: SlotValues, name: string, example: number): Float64Array {
  const slot = circuit.slots.find((s) => s.name === name)!;
  const array = read.get(name);
  if (slot.axis === 'shared') return array;
  const size = sizeOf(slot.shape);
  return array.subarray(example * size, (example + 1) * size);
}
