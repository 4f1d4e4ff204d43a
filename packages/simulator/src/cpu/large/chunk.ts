/** Elements as a chunk sees them: only local qubits, the others being constant over the chunk. */
import type { Control } from '@ketwork/circuit';
import { bitsOf } from '../element.ts';
import type { Coefficient, Element } from '../element.ts';
import type { Lowered } from '../lower.ts';
import { phaseOf } from './action.ts';
import type { Item } from './action.ts';

/** A condition on a chunk's number: these bits have this value. */
export interface Condition {
  readonly mask: number;
  readonly value: number;
}

/** A coefficient that depends on the chunk: (cos, ±sin) where the condition holds, else (1, 0). */
export interface ChunkCoefficient extends Condition {
  /** Position among the program's coefficients. */
  readonly base: number;
  /** The sine changes its sign where an odd number of these bits is set. */
  readonly sign: number;
}

/** An element on local qubits, numbered by their place among them, and when it runs. */
export interface LocalElement {
  readonly element: Element;
  /** For elements without a coefficient, which cannot be switched off by it. */
  readonly condition: Condition;
}

/** The coefficients of a large program: those of the circuit, one value each, and those of chunks. */
export class Coefficients {
  /** All coefficients of the circuit; the position is the index in kernels. */
  readonly base: Coefficient[] = [];
  /** Which coefficient of the circuit, by {@link Coefficient.source}, each of them is made of; undefined for constants. */
  readonly uses: (Coefficient | undefined)[] = [];
  /** Those of the stage in work. */
  chunk: ChunkCoefficient[] = [];
  readonly #lowered: Lowered;
  /** Coefficients made so far, by the index of the use in each axis, by the node of a constant, and those of the stage. */
  readonly #known: Record<'shared' | 'batch' | 'constant', Coefficient[][]> = {
    shared: [],
    batch: [],
    constant: [],
  };
  #made: Coefficient[][] = [];

  constructor(lowered: Lowered) {
    this.#lowered = lowered;
  }

  /** Starts a stage. */
  openStage(): void {
    this.chunk = [];
    this.#made = [];
  }

  /** The coefficient of an angle, the same for all chunks; for every use its own, since signs and scales differ. */
  of(use: Coefficient, scale: number): Coefficient {
    return this.#of((this.#known[use.axis][use.index] ??= []), use.node, scale, use);
  }

  #of(known: Coefficient[], node: number, scale: number, use?: Coefficient): Coefficient {
    let coefficient = known.find((one) => one.scale === scale);
    if (coefficient === undefined) {
      const index = this.base.length;
      coefficient = { node, scale, axis: 'shared', index, source: index };
      this.base.push(coefficient);
      this.uses.push(use);
      known.push(coefficient);
    }
    return coefficient;
  }

  /** The coefficient of a constant angle. */
  constant(angle: number, scale: number, operation: number): Coefficient {
    const node = this.#lowered.angles.add(angle, operation);
    return this.#of((this.#known.constant[node] ??= []), node, scale);
  }

  /** A coefficient that depends on the chunk. It lies among the coefficients "of the batch", one value for both lanes. */
  onChunks(base: Coefficient, condition: Condition, sign: number): Coefficient {
    const { mask, value } = condition;
    const made = (this.#made[base.index] ??= []);
    for (const known of made) {
      const one = this.chunk[known.index] as ChunkCoefficient;
      if (one.mask === mask && one.value === value && one.sign === sign) return known;
    }
    const { node, scale, source } = base;
    const one: Coefficient = { node, scale, axis: 'batch', index: this.chunk.length, source };
    this.chunk.push({ base: base.index, mask, value, sign });
    made.push(one);
    return one;
  }
}

/** Rewrites an element for a stage's chunks. */
export function localize(
  { element, touched }: Item,
  local: readonly number[],
  qubits: number,
  coefficients: Coefficients,
): LocalElement {
  const { place, outside, bits: localBits } = placesOf(local, qubits);
  if (element.type === 'table') throw new Error('tables are for small states');
  if ((touched & ~localBits) === 0) {
    const there = element.qubits.map((qubit) => place[qubit] as number);
    const controls =
      element.controls.length === 0
        ? NO_CONTROLS
        : element.controls.map(({ qubit, value }): Control => ({
            qubit: place[qubit] as number,
            value,
          }));
    const { operation } = element;
    if (element.type === 'matrix') {
      const { type, matrix } = element;
      const moved = { type, qubits: there, controls, matrix, operation };
      return { element: moved, condition: ALWAYS };
    }
    const { coefficient: use } = element;
    const coefficient = coefficients.of(use, use.scale);
    return { element: { ...element, qubits: there, controls, coefficient }, condition: ALWAYS };
  }
  const always = ALWAYS;
  const inside = (qubit: number): boolean => place[qubit] !== undefined;
  const on = (list: readonly number[]): number[] =>
    list.filter(inside).map((qubit) => place[qubit] as number);
  const controls = element.controls
    .filter(({ qubit }) => inside(qubit))
    .map(({ qubit, value }): Control => ({ qubit: place[qubit] as number, value }));
  const outer: Control[] = element.controls.filter(({ qubit }) => !inside(qubit));

  if (element.type === 'matrix') {
    const angle = phaseOf(element);
    const local1 = on(element.qubits);
    if (angle !== undefined && (outer.length > 0 || local1.length === 0)) {
      const phase = coefficients.constant(angle, 1, element.operation);
      if (local1.length === 0) outer.push({ qubit: element.qubits[0] as number, value: 1 });
      const coefficient = coefficients.onChunks(phase, conditionOf(outer, outside), 0);
      const { operation } = element;
      return {
        element: { type: 'phase', qubits: local1, controls, coefficient, operation },
        condition: always,
      };
    }
    return {
      element: { ...element, qubits: local1, controls },
      condition: conditionOf(outer, outside),
    };
  }
  const use = element.coefficient;
  const { scale } = use;
  const away = element.qubits.filter((qubit) => !inside(qubit));
  const bits = away.reduce((sum, qubit) => sum | (outside[qubit] as number), 0);
  if (element.type === 'phase' && element.odd === true && away.length > 0) {
    // The parity of the chunk's bits exchanges even and odd, which the symmetric form takes as a sign.
    const coefficient = coefficients.onChunks(
      coefficients.of(use, scale / 2),
      conditionOf(outer, outside),
      bits,
    );
    const letters = on(element.qubits);
    return {
      element: {
        type: 'rotation',
        word: 'Z'.repeat(letters.length),
        qubits: letters,
        controls,
        coefficient,
        operation: element.operation,
      },
      condition: always,
    };
  }
  const base = coefficients.of(use, scale);
  if (element.type === 'phase') {
    outer.push(...away.map((qubit): Control => ({ qubit, value: 1 })));
    const coefficient =
      outer.length === 0 ? base : coefficients.onChunks(base, conditionOf(outer, outside), 0);
    return {
      element: { ...element, qubits: on(element.qubits), controls, coefficient },
      condition: always,
    };
  }
  const word = [...element.word].filter((_, i) => inside(element.qubits[i] as number)).join('');
  const coefficient =
    outer.length + away.length === 0
      ? base
      : coefficients.onChunks(base, conditionOf(outer, outside), bits);
  return {
    element: { ...element, word, qubits: on(element.qubits), controls, coefficient },
    condition: always,
  };
}

const ALWAYS: Condition = { mask: 0, value: 0 };
const NO_CONTROLS: readonly Control[] = [];

/** Where qubits are: the place of each local one, and the bit of the chunk's number that each other one is. */
interface Places {
  readonly place: readonly (number | undefined)[];
  readonly outside: readonly (number | undefined)[];
  /** The local qubits as bits. */
  readonly bits: number;
}

/** By the list of local qubits, which all elements of a stage share. */
const known = new WeakMap<readonly number[], Places>();

function placesOf(local: readonly number[], qubits: number): Places {
  let places = known.get(local);
  if (places === undefined) {
    const place: (number | undefined)[] = new Array<undefined>(qubits).fill(undefined);
    const outside: (number | undefined)[] = new Array<undefined>(qubits).fill(undefined);
    local.forEach((qubit, i) => (place[qubit] = i));
    let bit = 1 << (qubits - local.length);
    for (let q = 0; q < qubits; q++) if (place[q] === undefined) outside[q] = bit >>= 1;
    places = { place, outside, bits: bitsOf(local) };
    known.set(local, places);
  }
  return places;
}

/** Controls outside the chunk as a condition on its number. */
function conditionOf(controls: readonly Control[], outside: Places['outside']): Condition {
  let mask = 0;
  let value = 0;
  for (const control of controls) {
    const bit = outside[control.qubit] as number;
    mask |= bit;
    if (control.value === 1) value |= bit;
  }
  return { mask, value };
}
