import { sizeOf } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import type { AngleTable } from './angles.ts';
import { lanesOf } from './arithmetic.ts';
import type { Coefficient } from './element.ts';
import { ExampleRows } from './example-rows.ts';
import type { PlainCoefficients } from './example-rows.ts';
import { Executor } from './executor.ts';
import type { Lowered } from './lower.ts';
import type { EngineMemory } from './memory.ts';
import { buildModule } from './module.ts';
import type { PlannedModules } from './plan.ts';
import type { Readout } from './readout.ts';

/** A gradient module and what it differentiates by. */
export interface Differentiator {
  readonly executor: Executor;
  /** Nodes of the angle table that depend on a wanted slot. */
  readonly depends: readonly boolean[];
  /** Whether embedded amplitudes are differentiated. */
  readonly embedded: boolean;
  /** Coefficients whose gradients are wanted. */
  readonly active: {
    readonly shared: readonly Coefficient[];
    readonly batch: readonly Coefficient[];
  };
  /** For gradients of each example: shared coefficients that are slot elements as they stand, by slot, and the others. */
  readonly perExample: {
    readonly plain: readonly PlainCoefficients[];
    readonly others: readonly Coefficient[];
    readonly depends: readonly boolean[];
  };
  /** How the engine's memory hands out gradients of examples, by the position of the plain slot, where it does. */
  readonly rows: readonly (ExampleRows | undefined)[];
}

/** Builds the gradient module for some slots and sorts what it has to collect. */
export function makeDifferentiator(
  circuit: Circuit,
  lowered: Lowered,
  readout: Readout,
  modules: PlannedModules,
  memory: EngineMemory,
  wrt: readonly Slot[],
): Differentiator {
  const { angles } = lowered;
  const embedded = wrt.some(({ kind }) => kind === 'amplitudes');
  const depends = angles.dependsOn(new Set(wrt.map(({ name }) => name)));
  const wants = { nodes: depends, amplitudes: embedded };
  const built = modules.once(`gradient ${wrt.map(({ name }) => name).join('\n')}`, () =>
    buildModule(lowered, readout, memory.numerics, wants),
  );
  // Where examples fold angles for themselves all coefficients are theirs.
  const shared = lowered.folded
    ? []
    : lowered.shared.filter((coefficient) => depends[coefficient.node]);
  const batch = lowered.batch.filter((coefficient) => depends[coefficient.node]);
  const executor = new Executor(circuit, lowered, readout, memory, built, embedded);
  const lanes = lanesOf(memory.numerics);
  const perExample = directCoefficients(angles, shared, batch, depends, lanes);
  // Behind all that the executor keeps in memory.
  let end = executor.bytes;
  const rows = perExample.plain.map((plain) => {
    const slot = wrt.find(({ name }) => name === plain.slot);
    const size = slot === undefined ? 0 : sizeOf(slot.shape);
    const examples = lanes * executor.blocks;
    if (!ExampleRows.suits(memory, plain, size, examples)) return undefined;
    const made = new ExampleRows(memory, plain, size, end, examples);
    ({ end } = made);
    return made;
  });
  return { executor, depends, embedded, active: { shared, batch }, perExample, rows };
}

/** Sorts shared coefficients into those that are slot elements as they stand, and others. */
function directCoefficients(
  angles: AngleTable,
  shared: readonly Coefficient[],
  batch: readonly Coefficient[],
  depends: readonly boolean[],
  lanes: number,
): Differentiator['perExample'] {
  const bySlot = new Map<string, { cell: number; element: number }[]>();
  const others: Coefficient[] = [];
  for (const coefficient of shared) {
    const element = angles.plainElement(coefficient.node);
    if (element === undefined) {
      others.push(coefficient);
      continue;
    }
    const { name } = element.slot;
    if (!bySlot.has(name)) bySlot.set(name, []);
    bySlot.get(name)?.push({ cell: lanes * coefficient.index, element: element.index });
  }
  for (const entries of bySlot.values()) entries.sort((a, b) => a.element - b.element);
  const alone = others.length === 0 && batch.length === 0;
  const plain = [...bySlot].map(([slot, entries]) => ({
    slot,
    whole: alone && new Set(entries.map(({ element }) => element)).size === entries.length,
    cells: Int32Array.from(entries, ({ cell }) => cell),
    elements: Int32Array.from(entries, ({ element }) => element),
    factors: new Float64Array(entries.length),
  }));
  const needed = angles.neededBy([...others, ...batch].map(({ node }) => node));
  return { plain, others, depends: depends.map((one, node) => one && needed[node] === true) };
}
