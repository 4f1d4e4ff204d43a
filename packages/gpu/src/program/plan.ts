/** A circuit as the steps that a GPU takes: few, each over the whole state. */
import type { Control } from '@ketwork/circuit';
import { groupElements } from '@ketwork/simulator/lowering';
import type { Element, Group, Lowered } from '@ketwork/simulator/lowering';
import { affineMaps, renaming } from './affine.ts';
import type { AffineMap } from './affine.ts';

/** Whose numbers a step has: the circuit's, those of a run, or those of an example. */
export type Axis = 'constant' | 'shared' | 'batch';

/** Where a step acts: bits of the basis index that have to have these values. */
export interface Condition {
  readonly mask: number;
  readonly value: number;
}

/** A matrix on a few qubits, the product of elements. */
export interface UnitaryStep {
  readonly type: 'unitary';
  /** Ascending: the first one is the most significant in rows and columns. */
  readonly qubits: readonly number[];
  readonly condition: Condition;
  readonly elements: readonly Element[];
  readonly axis: Axis;
  /** Where its matrix begins in the data of its axis, in complex numbers: row-major, `4^k` of them. */
  readonly offset: number;
  /** Where its gradient matrix begins among the cells of an example, in complex numbers; undefined where none is taken. */
  readonly cells: number | undefined;
}

/** Basis states renamed: one gather. */
export interface PermutationStep {
  readonly type: 'permutation';
  /** Where the amplitude of each index comes from. */
  readonly source: AffineMap;
  /** The inverse map. */
  readonly target: AffineMap;
  /** Gates it stands for. */
  readonly count: number;
}

/** A factor of a diagonal: where the condition holds, one of two numbers, by the parity of the index under a mask. */
export interface DiagonalPart {
  readonly condition: Condition;
  readonly parity: number;
  readonly element: Exclude<Element, { type: 'matrix' | 'table' }>;
}

/** A product of phases on any qubits. */
export interface DiagonalStep {
  readonly type: 'diagonal';
  readonly parts: readonly DiagonalPart[];
  readonly axis: Axis;
  /** Where its factors begin: two complex numbers per part, for even and for odd parity. */
  readonly offset: number;
  /** Where its gradient cells begin, two per part: sums over even and over odd indices. */
  readonly cells: number | undefined;
}

/** One pass over a state. */
export type Step = UnitaryStep | PermutationStep | DiagonalStep;

/**
 * What the first gates make of |0…0⟩ where they are gates on single qubits and renamings after them: a product of states of
 * qubits, renamed. It takes one pass, without matrices.
 */
export interface ProductStart {
  /** Gates of each qubit, before the renaming. */
  readonly qubits: readonly (readonly Element[])[];
  /** Where the amplitude of each index of the product goes. */
  readonly target: AffineMap;
  /** Bits that may be set in indices of amplitudes that are not zero. */
  readonly touched: number;
  readonly axis: Axis;
  /**
   * Where its tables begin in the data of its axis, in complex numbers: products of the qubits of the lower half of the bits of
   * an index, rounded up, then of those of the upper half.
   */
  readonly offset: number;
}

/** Bits of an index that the first table of a {@link ProductStart} is for. */
export const lowerBits = (qubits: number): number => Math.ceil(qubits / 2);

/** A planned circuit. */
export interface Plan {
  readonly qubits: number;
  readonly lowered: Lowered;
  /** What comes before the steps, where that is not |0…0⟩ or what the circuit prepares. */
  readonly start: ProductStart | undefined;
  readonly steps: readonly Step[];
  /** How many of the first steps are matrices on qubits of their own that are |0⟩ until then: their first columns are states. */
  readonly leading: number;
  /** Complex numbers in the data of constants, of a run, and of each example. */
  readonly sizes: Readonly<Record<Axis, number>>;
  /** Gradient cells of an example, in complex numbers. */
  readonly cells: number;
  /** Elements (rotations, phases, matrices) that the steps stand for. */
  readonly elements: number;
}

/** How far steps are merged. */
export interface FusionOptions {
  /** Most qubits of a merged matrix, 1 to 4; 0 makes a step of every element. */
  readonly fusion: number;
  /** Whether layers of CNOTs may become a permutation, which needs room for a second state. Default true. */
  readonly permutations?: boolean;
  /** Whether the engine starts with the states of leading steps, and permutes where it applies the next matrix. Default false. */
  readonly together?: boolean;
  /** Whether the first gates may become a {@link ProductStart}, where no gradients are taken by their angles. Default false. */
  readonly product?: boolean;
  /** Slots that gradients may be taken by: what does not depend on them has no cells. By default all. */
  readonly wrt?: ReadonlySet<string>;
  /** Whether the host makes the state after the first steps, for runs without gradients. Default false. */
  readonly head?: boolean;
}

/** From this many qubits on a step costs more than its matrix does on the host, even one matrix per example. */
const LARGE = 14;
/** Most qubits of a matrix that every example has its own of, in smaller circuits. */
const OWN = 2;

/** Plans a lowered circuit. Only the circuit decides, never the batch. */
export function planCircuit(lowered: Lowered, options: FusionOptions): Plan {
  const { fusion, product = false, wrt } = options;
  const { qubits, elements } = lowered;
  const depends = wrt === undefined ? undefined : lowered.angles.dependsOn(wrt);
  const learns = (element: Element): boolean =>
    'coefficient' in element && depends?.[element.coefficient.node] !== false;
  const made = { qubits, lowered, elements: elements.length };
  const whole = bestOf(lowered, elements, options);
  const found = product && fusion > 0 ? productOf(lowered, learns) : undefined;
  if (found !== undefined) {
    const { start, rest } = found;
    const steps = bestOf(lowered, rest, options);
    const costs = [
      START + sparseCost(steps, start.touched, qubits) + backCost(steps, learns),
      sparseCost(whole, 0, qubits) + backCost(whole, learns),
    ] as const;
    if (costs[0] < costs[1]) return { ...made, leading: 0, ...place(steps, start, qubits, learns) };
  }
  return {
    ...made,
    leading: leadingOf(whole, lowered),
    ...place(whole, undefined, qubits, learns),
  };
}

/** The cheapest way to merge elements. */
function bestOf(lowered: Lowered, elements: readonly Element[], options: FusionOptions): Draft[] {
  const { fusion, permutations = true, together = false } = options;
  const candidates = [stepsOf(lowered, elements, fusion, false, false)];
  if (fusion > 0) {
    if (permutations) candidates.push(stepsOf(lowered, elements, fusion, true, false));
    candidates.push(stepsOf(lowered, elements, fusion, false, true));
    if (permutations) candidates.push(stepsOf(lowered, elements, fusion, true, true));
  }
  const costs = candidates.map((steps) => {
    const passes = together ? steps.slice(leadingOf(steps, lowered)) : steps;
    return passes.reduce((sum, step) => sum + costOf(step, together), 0);
  });
  return candidates[costs.indexOf(Math.min(...costs))] as Draft[];
}

function leadingOf(steps: readonly Draft[], { preparations }: Lowered): number {
  const touched = new Set(preparations.flatMap(({ qubits }) => qubits));
  const end = steps.findIndex((step) => {
    if (step.type !== 'unitary' || step.condition.mask !== 0) return true;
    const free = step.qubits.every((qubit) => !touched.has(qubit));
    for (const qubit of step.qubits) touched.add(qubit);
    return !free;
  });
  return end < 0 ? steps.length : end;
}

/** A step without its place in the data. */
type Draft =
  | Omit<UnitaryStep, 'offset' | 'cells'>
  | PermutationStep
  | Omit<DiagonalStep, 'offset' | 'cells'>;

/** What a step takes, in passes over the state: a pass, and multiplications. Measured on software adapters. */
function costOf(step: Draft, together: boolean): number {
  if (step.type === 'permutation') return together ? 0.2 : 1.2;
  if (step.type === 'diagonal') return 0.8 + 0.15 * step.parts.length;
  return 0.8 + 0.08 * 2 ** step.qubits.length;
}

/** What a {@link ProductStart} takes, and what any step does, of the same. */
const START = 0.7;
const STEP = 0.3;

/** What steps take that pass over amplitudes that are still zero; for small circuits. */
function sparseCost(steps: readonly Draft[], touched: number, qubits: number): number {
  const everything = 2 ** qubits - 1;
  let cost = 0;
  for (const step of steps) {
    let zero = 0;
    if (step.type === 'unitary') {
      const own = step.qubits.reduce((mask, qubit) => mask | (2 ** (qubits - 1 - qubit)), 0);
      for (let bits = everything & ~(touched | own); bits !== 0; bits &= bits - 1) zero++;
      touched |= own;
    } else if (step.type === 'permutation') touched = everything;
    cost += STEP + (costOf(step, false) - STEP) / 2 ** zero;
  }
  return cost;
}

/** What steps take to be undone, as far as gradients are taken by them or by earlier ones: two states, and sums. */
function backCost(steps: readonly Draft[], learns: Learns): number {
  let cost = 0;
  let needed = false;
  for (const step of steps) {
    const cells = step.type !== 'permutation' && elementsOf(step).some(learns);
    needed ||= cells;
    if (needed) cost += (cells ? 3 : 2) * costOf(step, false);
  }
  return cost;
}

const elementsOf = (step: Exclude<Draft, PermutationStep>): readonly Element[] =>
  step.type === 'unitary' ? step.elements : step.parts.map(({ element }) => element);

/** Whether gradients may be taken by an element's angle. */
type Learns = (element: Element) => boolean;

/** The first gates as a product, and the elements after them; undefined where there are no such gates. */
function productOf(
  { elements, preparations, qubits, angles }: Lowered,
  learns: Learns,
): { readonly start: StartDraft; readonly rest: readonly Element[] } | undefined {
  if (preparations.length > 0) return undefined;
  const own = Array.from({ length: qubits }, (): Element[] => []);
  const maps: ((index: number) => number)[] = [];
  const rest: Element[] = [];
  const renamed = new Set<number>();
  const blocked = new Set<number>();
  for (const element of elements) {
    const touched = [...element.qubits, ...element.controls.map(({ qubit }) => qubit)];
    const [qubit = -1] = touched;
    const free =
      element.type !== 'table' && !learns(element) && touched.every((q) => !blocked.has(q));
    if (free && touched.length === 1 && !renamed.has(qubit)) {
      (own[qubit] as Element[]).push(element);
      continue;
    }
    const map = free ? renaming(element, qubits) : undefined;
    if (map === undefined) rest.push(element);
    else maps.push(map);
    for (const q of touched) (map === undefined ? blocked : renamed).add(q);
  }
  const first = own.flat();
  if (first.length === 0) return undefined;
  const { target } = affineMaps(maps, qubits);
  const touched = own.reduce(
    (mask, { length }, qubit) =>
      length > 0 ? mask | (target.columns[qubits - 1 - qubit] as number) : mask,
    target.flip,
  );
  return { start: { qubits: own, target, touched, axis: axisOf(first, angles) }, rest };
}

type StartDraft = Omit<ProductStart, 'offset'>;

function place(
  drafts: readonly Draft[],
  product: StartDraft | undefined,
  qubits: number,
  learns: Learns,
): Pick<Plan, 'start' | 'steps' | 'sizes' | 'cells'> {
  const sizes: Record<Axis, number> = { constant: 0, shared: 0, batch: 0 };
  let start: ProductStart | undefined;
  if (product !== undefined) {
    start = { ...product, offset: 0 };
    const lower = lowerBits(qubits);
    sizes[product.axis] = 2 ** lower + 2 ** (qubits - lower);
  }
  let cells = 0;
  const steps = drafts.map((draft): Step => {
    if (draft.type === 'permutation') return draft;
    const size = draft.type === 'unitary' ? 4 ** draft.qubits.length : 2 * draft.parts.length;
    const offset = sizes[draft.axis];
    sizes[draft.axis] += size;
    if (draft.axis === 'constant' || !elementsOf(draft).some(learns))
      return { ...draft, offset, cells: undefined };
    const placed = { ...draft, offset, cells };
    cells += size;
    return placed;
  });
  return { start, steps, sizes, cells };
}

function stepsOf(
  lowered: Lowered,
  elements: readonly Element[],
  fusion: number,
  withPermutations: boolean,
  withDiagonals: boolean,
): Draft[] {
  const { qubits } = lowered;
  const steps: Draft[] = [];
  let waiting: Element[] = [];
  const flush = (): void => {
    if (fusion === 0)
      for (const element of waiting) steps.push(...unitaries([element], lowered, 1));
    else steps.push(...unitaries(waiting, lowered, fusion));
    waiting = [];
  };
  const kindOf = (element: Element): 'renaming' | 'diagonal' | 'other' => {
    if (withPermutations && renaming(element, qubits) !== undefined) return 'renaming';
    return withDiagonals && isDiagonal(element) ? 'diagonal' : 'other';
  };
  for (let i = 0; i < elements.length;) {
    const kind = kindOf(elements[i] as Element);
    let end = i + 1;
    while (end < elements.length && kindOf(elements[end] as Element) === kind) end++;
    const run = elements.slice(i, end);
    i = end;
    const touched = new Set(
      run.flatMap(({ qubits: on, controls }) => [...on, ...controls.map((c) => c.qubit)]),
    );
    const several = run.filter((e) => e.qubits.length + e.controls.length > 1).length;
    if (kind === 'other' || touched.size <= fusion || several < 3) {
      waiting.push(...run);
      continue;
    }
    flush();
    if (kind === 'renaming') {
      const maps = run.map((element) => renaming(element, qubits) as (index: number) => number);
      steps.push({ type: 'permutation', ...affineMaps(maps, qubits), count: run.length });
    } else steps.push(diagonalOf(run as DiagonalPart['element'][], lowered));
  }
  flush();
  return steps;
}

const isDiagonal = (element: Element): boolean =>
  element.type === 'phase' || (element.type === 'rotation' && /^Z+$/.test(element.word));

/** Whether an element's numbers are the circuit's own, a run's, or an example's. */
export function axisOf(elements: readonly Element[], angles: Lowered['angles']): Axis {
  let axis: Axis = 'constant';
  for (const element of elements) {
    if (element.type === 'matrix' || element.type === 'table') continue;
    const { coefficient } = element;
    if (angles.isBatch(coefficient.node)) return 'batch';
    // Only plain numbers are constant.
    if (angles.constant(coefficient.node) === undefined) axis = 'shared';
  }
  return axis;
}

function unitaries(elements: readonly Element[], lowered: Lowered, size: number): Draft[] {
  const { qubits } = lowered;
  return groupElements(elements, qubits, Math.min(size, qubits))
    .flatMap((group): Group[] => {
      const { register, controls, elements: all } = group;
      if (axisOf(all, lowered.angles) !== 'batch' || register.length <= OWN || qubits >= LARGE)
        return [group];
      if (controls.length > 0 || all.length === 1) return [group];
      // Matrices of examples are kept small: what all examples share before and after them stays together.
      const own = all.map((element) => axisOf([element], lowered.angles) === 'batch');
      const first = own.indexOf(true);
      const last = own.lastIndexOf(true) + 1;
      return [
        ...groupElements(all.slice(0, first), qubits, size),
        ...groupElements(all.slice(first, last), qubits, OWN),
        ...groupElements(all.slice(last), qubits, size),
      ];
    })
    .map((group) => unitary(group, lowered));
}

function unitary(group: Group, lowered: Lowered): Omit<UnitaryStep, 'offset' | 'cells'> {
  let { register, controls, elements } = group;
  if (register.length === 0) {
    // A phase on controls alone, or on everything: a matrix on one of them, or on any qubit.
    const [first, ...others] = controls;
    register = [first?.qubit ?? 0];
    controls = others;
    if (first !== undefined)
      elements = elements.map((element) => ({ ...element, controls: [first] }));
  }
  return {
    type: 'unitary',
    qubits: register,
    condition: conditionOf(controls, lowered.qubits),
    elements,
    axis: axisOf(elements, lowered.angles),
  };
}

function conditionOf(controls: readonly Control[], qubits: number): Condition {
  let mask = 0;
  let value = 0;
  for (const control of controls) {
    const bit = 2 ** (qubits - 1 - control.qubit);
    mask |= bit;
    if (control.value === 1) value |= bit;
  }
  return { mask, value };
}

function diagonalOf(
  elements: readonly DiagonalPart['element'][],
  lowered: Lowered,
): Omit<DiagonalStep, 'offset' | 'cells'> {
  const { qubits } = lowered;
  const parts = elements.map((element): DiagonalPart => {
    const bits = element.qubits.reduce((mask, qubit) => mask | (2 ** (qubits - 1 - qubit)), 0);
    const { mask, value } = conditionOf(element.controls, qubits);
    return element.type === 'phase' && element.odd !== true
      ? { element, condition: { mask: mask | bits, value: value | bits }, parity: 0 }
      : { element, condition: { mask, value }, parity: bits };
  });
  return { type: 'diagonal', parts, axis: axisOf(elements, lowered.angles) };
}
