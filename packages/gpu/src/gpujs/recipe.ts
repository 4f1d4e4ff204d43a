// What is recorded for a program: plain data without numbers, so that equal texts mean equal plans.
import type { HostProgram } from '../program/host.ts';
import type { RealLayers, RealNumbers } from './layers.ts';
import type { Condition, LinearMap, Part, Word } from './recorder.ts';

/** Where a step's numbers begin, in reals, among those all examples share or among those of each. */
export interface Numbers {
  readonly axis: 'shared' | 'batch';
  readonly offset: number;
}

/** A step of a recipe; `cells`: where its gradient sums go, in reals, undefined without parameters. */
export type RecipeStep =
  | {
      readonly type: 'matrix';
      readonly positions: readonly number[];
      readonly condition: Condition;
      readonly numbers: Numbers;
      readonly cells: number | undefined;
      /** What takes its place in runs, {@link RealLayers}: where its numbers and phases before it begin, among those all examples share. */
      readonly real: RealNumbers | undefined;
    }
  | { readonly type: 'gather'; readonly source: LinearMap; readonly target: LinearMap }
  | {
      readonly type: 'diagonal';
      readonly parts: readonly Part[];
      readonly numbers: Numbers;
      readonly cells: number | undefined;
    };

/** Numbers of an example that are read or weighted together. */
interface Section {
  readonly start: number;
  readonly size: number;
}

/** Everything that decides a plan but for the size of its batch. */
export interface Recipe {
  readonly qubits: number;
  /** Reals that examples share, and of each example. */
  readonly sizes: { readonly shared: number; readonly batch: number };
  /** States that the circuit starts with, their amplitudes `step` reals apart. */
  readonly prepared: readonly {
    readonly positions: readonly number[];
    readonly numbers: Numbers;
    readonly step: number;
  }[];
  readonly steps: readonly RecipeStep[];
  /** How many of the first steps `prepared` stands for already. */
  readonly leading: number;
  readonly strings: { readonly words: readonly Word[]; readonly section: Section };
  readonly marginals: readonly {
    readonly positions: readonly number[];
    readonly section: Section;
  }[];
  readonly densities: readonly {
    readonly positions: readonly number[];
    readonly section: Section;
  }[];
  readonly state: Section | undefined;
  /** Reals of an example that are read, and (in the same places) weighted. */
  readonly record: number;
  /** Reals of an example's gradient sums. */
  readonly cells: number;
}

/** Bits ascending number outcomes from the least significant on; positions from the most significant. */
const positionsOf = (bits: readonly number[]): number[] => bits.toReversed();
const sectionOf = ({ start, size }: Section): Section => ({ start, size });

/** The recipe of a lowered circuit; `merged`: steps may be taken together; `layers`: those that are real in runs. */
export function recipeOf(host: HostProgram, merged: boolean, layers?: RealLayers): Recipe {
  const { plan, readings, preparations } = host;
  const layout = readings.layout();
  const numbersOf = (step: Parameters<HostProgram['offsetOf']>[0]): Numbers => ({
    axis: step.axis === 'batch' ? 'batch' : 'shared',
    offset: 2 * host.offsetOf(step),
  });
  const cellsOf = ({ cells }: { readonly cells: number | undefined }): number | undefined =>
    cells === undefined ? undefined : 2 * cells;
  const steps = plan.steps.map((step): RecipeStep => {
    if (step.type === 'permutation')
      return { type: 'gather', source: step.source, target: step.target };
    const numbers = numbersOf(step);
    const cells = cellsOf(step);
    if (step.type === 'diagonal') {
      const parts = step.parts.map(({ condition, parity }) => ({ condition, parity }));
      return { type: 'diagonal', parts, numbers, cells };
    }
    const positions = step.qubits.map((qubit) => plan.qubits - 1 - qubit);
    const own = layers?.numbers.get(step);
    const real = own && {
      matrix: 2 * host.sharedSize + own.matrix,
      phases: own.phases === undefined ? undefined : 2 * host.sharedSize + own.phases,
    };
    return { type: 'matrix', positions, condition: step.condition, numbers, cells, real };
  });
  const leading = merged ? plan.leading : 0;
  return {
    qubits: plan.qubits,
    sizes: { shared: 2 * host.sharedSize + (layers?.size ?? 0), batch: 2 * host.batchSize },
    prepared: [
      ...preparations.map(({ bits, axis, offset }) => ({
        positions: positionsOf(bits),
        numbers: { axis, offset: 2 * offset },
        step: 2,
      })),
      ...steps.slice(0, leading).flatMap((step) => {
        if (step.type !== 'matrix') return [];
        const { positions, numbers } = step;
        return [{ positions, numbers, step: 2 * 2 ** positions.length }];
      }),
    ],
    steps,
    leading,
    strings: { words: readings.strings, section: sectionOf(layout.strings) },
    marginals: readings.marginals.map(({ bits }, i) => ({
      positions: positionsOf(bits),
      section: sectionOf(layout.marginals[i]!),
    })),
    densities: readings.densities.map(({ bits }, i) => ({
      positions: positionsOf(bits),
      section: sectionOf(layout.densities[i]!),
    })),
    state: layout.state === undefined ? undefined : sectionOf(layout.state),
    record: layout.size,
    cells: 2 * plan.cells,
  };
}
