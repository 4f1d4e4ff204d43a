/**
 * What programs of one structure share: the circuit in the engine's terms after the compiler's passes, and the modules
 * made of it. Nothing in it changes from run to run, so that a circuit compiled again, or built anew with the same
 * operations, slots and measurements, costs no more than finding its plan.
 */
import type { Circuit, Measurement } from '@ketwork/circuit';
import type { ExplainedPass } from '../contract.ts';
import { AngleTable } from './angles.ts';
import { numericsId } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { isLarge, largeSizes } from './large/module.ts';
import type { LargeSizes } from './large/module.ts';
import { textOfNumbers } from './link.ts';
import { lower, withoutPrefix } from './lower.ts';
import type { Lowered } from './lower.ts';
import { optimize, passes } from './passes/sequence.ts';
import { shortTangents, tangentForm } from './passes/tangents.ts';
import { planReadout } from './readout.ts';
import type { Readout } from './readout.ts';

/** A structure, planned. */
export interface Plan {
  readonly lowered: Lowered;
  readonly readout: Readout;
  /** What each pass made of the number of elements. */
  readonly passes: readonly ExplainedPass[];
  /** Whether the state is worked on chunk by chunk. */
  readonly isLarge: boolean;
  readonly modules: PlannedModules;
}

/** Modules made of a plan, each once. */
export class PlannedModules {
  readonly #made = new Map<string, unknown>();

  /** The module of this name, of which there is one type. */
  once<Module>(name: string, make: () => Module): Module {
    let made = this.#made.get(name) as Module | undefined;
    if (made === undefined) {
      made = make();
      this.#made.set(name, made);
    }
    return made;
  }
}

/** What is planned. */
interface Structure {
  readonly circuit: Circuit;
  readonly measurements: readonly Measurement[];
  readonly readsState: boolean;
  readonly numerics: Numerics;
  /** Compiler passes, and what counts as a large state: tests have others. */
  readonly sequence?: typeof passes;
  readonly large?: LargeSizes;
}

/** Plans by structure, in the order of use. */
const plans = new Map<string, Plan>();
/** Most plans kept, and most characters of the texts that name them. */
const PLAN_LIMIT = 256;
const TEXT_LIMIT = 2 ** 23;
let characters = 0;

/** How many plans are kept, and how many at most. */
export const keptPlans = (): { readonly count: number; readonly limit: number } => ({
  count: plans.size,
  limit: PLAN_LIMIT,
});

/** The plan of a structure: one made before, or a new one. The table of angles in it has columns of its own. */
export function planOf(structure: Structure): Plan {
  const id = idOf(structure);
  const plan = (id === undefined ? undefined : plans.get(id)) ?? makePlan(structure);
  if (id !== undefined) keep(id, plan);
  const angles = new AngleTable(plan.lowered.angles);
  return { ...plan, lowered: { ...plan.lowered, angles } };
}

function keep(id: string, plan: Plan): void {
  // Last in the order of use.
  if (!plans.delete(id)) characters += id.length;
  plans.set(id, plan);
  for (const oldest of plans.keys()) {
    if (plans.size <= PLAN_LIMIT && characters <= TEXT_LIMIT) break;
    plans.delete(oldest);
    characters -= oldest.length;
  }
}

/** Longest constant array of a structure that is shared: naming it must not take longer than planning it. */
const DATA_LIMIT = 4096;

/**
 * All that planning depends on, as text (circuits hold nothing that JSON cannot); undefined where plans are not shared. Circuits that are not frozen may change.
 */
function idOf({
  circuit,
  measurements,
  readsState,
  numerics,
  sequence,
  large,
}: Structure): string | undefined {
  const usual = largeSizes[numerics.precision];
  if ((sequence ?? passes) !== passes || (large ?? usual) !== usual) return undefined;
  if (!Object.isFrozen(circuit) || circuit.ops.some(isLong)) return undefined;
  const matrices: (readonly number[])[] = [];
  const ops = circuit.ops.map((op) => {
    if (op.type !== 'matrix') return op;
    matrices.push(op.matrix);
    return { ...op, matrix: op.matrix.length };
  });
  const text = JSON.stringify([
    { ...circuit, ops },
    measurements,
    readsState,
    numericsId(numerics),
  ]);
  return matrices.length === 0 ? text : text + textOfNumbers(matrices);
}

const isLong = (op: Circuit['ops'][number]): boolean =>
  op.type === 'statePreparation' &&
  'values' in op.amplitudes &&
  op.amplitudes.values.length > DATA_LIMIT;

function makePlan(structure: Structure): Plan {
  const { circuit, measurements, readsState, numerics } = structure;
  const { sequence = passes, large = largeSizes[numerics.precision] } = structure;
  const written = {
    lowered: lower(circuit, readsState),
    readout: planReadout(circuit, measurements),
  };
  const rewrites =
    numerics.precision === 'f64'
      ? sequence
      : sequence.map(
          ([name, pass]) => [name, pass === tangentForm ? shortTangents : pass] as const,
        );
  const history: ExplainedPass[] = [];
  const { lowered, readout } = optimize(written, rewrites, history);
  const whole = withoutPrefix(lowered);
  const chunked = isLarge(whole, readout, large, numerics);
  return {
    // A large state is made of its prefix stage by stage, like all else.
    lowered: chunked ? whole : lowered,
    readout,
    passes: history,
    isLarge: chunked,
    modules: new PlannedModules(),
  };
}
