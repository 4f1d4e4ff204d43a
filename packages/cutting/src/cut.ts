import { UnsupportedError, ValueError } from '@ketwork/base';
import { expval } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import type { DifferentiateOptions } from '@ketwork/gradients';
import { checkProgram, measurementSettings } from '@ketwork/simulator';
import type {
  AsyncEngine,
  AsyncProgram,
  Capabilities,
  Engine,
  Measurements,
  Program,
} from '@ketwork/simulator';
import type { Plan } from './computation.ts';
import type { Cut } from './cuts.ts';
import { findCuts, overheadOf } from './find-cuts.ts';
import type { FindCutsOptions } from './find-cuts.ts';
import { fragmentsOf } from './fragments.ts';
import { observablesOf } from './jobs.ts';
import { Outputs } from './outputs.ts';
import { partsOf } from './parts.ts';
import type { CutProgramParts, CutSummary } from './program.ts';
import { LocalCutProgram, RemoteCutProgram } from './program.ts';

/** Most elementary cuts: reconstruction sums 4^cuts products. */
const MAX_CUTS = 10;

/** Options of {@link cutCircuit}. */
export interface CutOptions extends FindCutsOptions {
  /** Where to cut. Found by {@link findCuts} when absent, which then needs `maxQubits`. */
  readonly cuts?: readonly Cut[];
  /** Shots per example for all runs together, divided evenly among them; exact when absent. */
  readonly shots?: number;
  /** How the fragments are differentiated, see `differentiate` of `@ketwork/gradients`. `best` by default. */
  readonly method?: DifferentiateOptions['method'];
}

/** A program that runs a circuit in fragments. */
export interface CutProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> extends Program<Names, M> {
  /** How the circuit was cut. */
  readonly cut: CutSummary;
}

/** A {@link CutProgram} whose fragments run elsewhere, side by side; it returns promises. */
export interface AsyncCutProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> extends AsyncProgram<Names, M> {
  /** How the circuit was cut. */
  readonly cut: CutSummary;
}

/**
 * Cuts a circuit into fragments of fewer qubits and puts expectation values, variances and probabilities together from
 * theirs, with gradients. Without shots the results are those of the whole circuit to rounding.
 *
 * A cut wire is measured as I, X, Y and Z on one side and prepared as |0⟩, |1⟩, |+⟩ and |+i⟩ on the other (Peng, Harrow,
 * Ozols and Wu, Phys. Rev. Lett. 125, 150504 (2020), eq. 2): `ρ = ½ Σ_P tr(Pρ) P`. A cut gate `exp(-iθ/2 P⊗Q)` becomes
 * local rotations and signed projective measurements (Mitarai and Fujii, New J. Phys. 23, 023021 (2021), eq. 5). All
 * settings of a fragment run as one batch. Reconstruction takes `4^cuts` products; shots spread with the sampling
 * overhead, 16 per wire and `(1 + 2|sin θ|)²` per gate.
 *
 * @returns A program like the engine's own: results `[batch, …]`, gradients by slot.
 * @throws CircuitError for cuts that are no places of the circuit; UnsupportedError for more than 10 cuts, observables
 * that are matrices, other measurements, or where no cuts are found; ValueError for a budget of less than one shot per run.
 *
 * @example
 * ```ts
 * import { circuit, expval, Z } from '@ketwork/circuit';
 * import { cutCircuit } from '@ketwork/cutting';
 * import { cpu } from '@ketwork/simulator';
 * const chain = circuit(3, (q) => q.ry(0.4, 0).cnot(0, 1).ry(0.3, 1).cnot(1, 2));
 * const program = cutCircuit(await cpu(), chain, expval(Z(2)), { maxQubits: 2 });
 * console.log(program.cut.fragments, program.run()); // [ 2, 1 ] [0.8799…]
 * ```
 */
export function cutCircuit<Names extends string, const M extends Measurements>(
  engine: Engine,
  circuit: Circuit<Names>,
  measurements: M,
  options: CutOptions,
): CutProgram<Names, M>;
export function cutCircuit<Names extends string, const M extends Measurements>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  measurements: M,
  options: CutOptions,
): AsyncCutProgram<Names, M>;
export function cutCircuit<Names extends string, const M extends Measurements>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  measurements: M,
  options: CutOptions,
): CutProgram<Names, M> | AsyncCutProgram<Names, M> {
  const compileOptions = options.shots === undefined ? {} : { shots: options.shots };
  const checked = checkProgram(circuit, measurements, compileOptions, whole(engine.capabilities));
  const cuts = options.cuts ?? findCuts(circuit, options).cuts;
  const taken = fragmentsOf(circuit, cuts);
  if (taken.cuts.length > MAX_CUTS) {
    throw new UnsupportedError(
      `${taken.cuts.length} cuts take ${4 ** taken.cuts.length} products per result`,
      { remedy: `Use at most ${MAX_CUTS} cuts, or larger fragments` },
    );
  }
  const outputs = new Outputs(circuit, checked.measurements);
  const { parts, local } = partsOf(circuit, taken, outputs.strings);
  const readings = parts.map((part) => observablesOf(part.fragment, part.strings));
  const runs = parts.reduce(
    (sum, part, p) =>
      sum +
      measurementSettings(readings[p]!) * part.jobs.reduce((lanes, job) => lanes + job.lanes, 0),
    0,
  );
  const perRun = options.shots === undefined ? undefined : Math.floor(options.shots / runs);
  if (perRun === 0) {
    throw new ValueError(`${options.shots} shots do not go round ${runs} runs`, {
      remedy: `Give at least ${runs}`,
    });
  }
  const plan: Plan = { circuit, cuts: taken.cuts, parts, local, outputs };
  const jobs = parts.flatMap((part, p) =>
    part.jobs.map((job) => ({ circuit: job.circuit, reading: expval(...readings[p]!) })),
  );
  const settings: DifferentiateOptions = {
    ...(options.method === undefined ? {} : { method: options.method }),
    ...(perRun === undefined ? {} : { shots: perRun }),
  };
  const shared: CutProgramParts<Names, M> = {
    plan,
    circuit,
    measurements,
    outputShapes: checked.outputShapes,
    outputSizes: checked.outputSizes,
    single: checked.single,
    options: compileOptions,
    cut: {
      cuts,
      fragments: taken.fragments.map(({ wires }) => wires.length),
      runs,
      ...(perRun === undefined ? {} : { shotsPerRun: perRun }),
      overhead: overheadOf(taken.cuts),
    },
    rows: parts.flatMap((part) => part.jobs.map(({ lanes }) => ({ lanes, batched: part.batched }))),
  };
  // Two branches, so that the types of engine and programs stay together.
  return engine.synchronous
    ? new LocalCutProgram(
        shared,
        jobs.map((job) => differentiate(engine, job.circuit, job.reading, settings)),
      )
    : new RemoteCutProgram(
        shared,
        jobs.map((job) => differentiate(engine, job.circuit, job.reading, settings)),
      );
}

/** What can be asked of a whole circuit: its size is no matter, and what is put together comes from strings. */
export function whole(capabilities: Capabilities): Capabilities {
  const types = ['expval', 'variance', 'probabilities'] as const;
  return { ...capabilities, maxQubits: Infinity, analytic: types, shots: types };
}
