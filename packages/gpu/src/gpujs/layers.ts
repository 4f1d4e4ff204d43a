// Layers of gates on single qubits as phases and real matrices. A gate is D R D' with a rotation R about Y and diagonals (Nielsen
// and Chuang, section 4.2): the D' of a whole layer are one table of phases, which its first matrix takes along, the D go into the
// table of the next layer, or nobody reads them. What is left, R, is real: a kernel reads half as much for it.
import type { Element } from '@ketwork/simulator/lowering';
import { imageOf } from '../program/affine.ts';
import type { HostProgram } from '../program/host.ts';
import { applyLeft, localElements, setIdentity, writeProducts } from '../program/matrices.ts';
import type { LocalElement } from '../program/matrices.ts';
import type { Step, UnitaryStep } from '../program/plan.ts';

/** Most qubits: a table of phases has a number for every basis state. */
const MOST_QUBITS = 10;
/** Fewest matrices of a layer that are worth a table. */
const FEWEST = 3;

/** Where the numbers of a step begin, in reals behind those that the host program has of all examples. */
export interface RealNumbers {
  readonly matrix: number;
  /** Of the first step of a layer: the phase of each basis state before it, interleaved. */
  readonly phases: number | undefined;
}

/** A step of a layer. */
interface LayerStep {
  readonly step: UnitaryStep;
  /** Gates of each of its qubits. */
  readonly gates: readonly (readonly LocalElement[])[];
  readonly numbers: RealNumbers;
}

interface Layer {
  readonly steps: readonly LayerStep[];
  /** Index behind the renaming before it of each index before that; undefined where the start of the circuit has it. */
  readonly target: readonly number[] | undefined;
  /** Whether the layer before it leaves its phases to this one. */
  readonly continues: boolean;
}

/** The layers of a program that are taken so, in runs. */
export class RealLayers {
  /** Reals that they take. */
  readonly size: number;
  readonly numbers: ReadonlyMap<Step, RealNumbers>;
  readonly #host: HostProgram;
  readonly #layers: readonly Layer[];
  /** All of them, the one with the lowest bit first. */
  readonly #qubits: readonly number[];
  readonly #gate = new Float64Array(8);
  readonly #matrix: Float64Array;
  /** Phases of |0⟩ and |1⟩ of each qubit before and behind a layer's rotations. */
  readonly #before: Float64Array;
  readonly #behind: Float64Array;
  /** Phases of all basis states before a layer's rotations, and those that the layer before it has left. */
  readonly #here: Float64Array;
  readonly #left: Float64Array;

  constructor(host: HostProgram) {
    this.#host = host;
    const { qubits } = host.plan;
    this.#qubits = Array.from({ length: qubits }, (_, bit) => qubits - 1 - bit);
    this.#before = new Float64Array(4 * qubits);
    this.#behind = new Float64Array(4 * qubits);
    let size = 0;
    this.#layers = layersOf(host).map(({ renaming, first, end, continues }): Layer => {
      const { steps, leading } = host.plan;
      const renamed = steps[renaming];
      const target =
        renaming === leading || renamed?.type !== 'permutation'
          ? undefined
          : Array.from({ length: 2 ** qubits }, (_, index) => imageOf(renamed.target, index));
      const phases = size;
      size += 2 * 2 ** qubits;
      const own = (steps.slice(first, end) as UnitaryStep[]).map((step, i): LayerStep => {
        const matrix = size;
        size += 4 ** step.qubits.length;
        const gates = step.qubits.map((qubit) =>
          localElements(
            step.elements.filter((element) => qubitOf(element) === qubit),
            [qubit],
          ),
        );
        return { step, gates, numbers: { matrix, phases: i === 0 ? phases : undefined } };
      });
      return { steps: own, target, continues };
    });
    this.size = size;
    const widest = Math.max(
      0,
      ...this.#layers.flatMap(({ steps }) => steps.map(({ gates }) => gates.length)),
    );
    this.#matrix = new Float64Array(4 ** widest);
    this.#here = new Float64Array(size === 0 ? 0 : 2 * 2 ** qubits);
    this.#left = this.#here.slice();
    this.numbers = new Map(
      this.#layers.flatMap(({ steps }) => steps.map(({ step, numbers }) => [step, numbers])),
    );
  }

  /** Writes the numbers, from `start` on; after {@link HostProgram.shared}. */
  write(out: Float32Array, start: number): void {
    const before = this.#before;
    const behind = this.#behind;
    const here = this.#here;
    const left = this.#left;
    for (const { steps, target, continues } of this.#layers) {
      for (let i = 0; i < before.length; i++) before[i] = behind[i] = i % 2 === 0 ? 1 : 0;
      for (const { step, gates, numbers } of steps) {
        const matrix = this.#matrix.subarray(0, 4 ** gates.length);
        matrix[0] = 1;
        gates.forEach((own, i) => {
          this.#split(own, step.qubits[i]!);
          widen(matrix, 2 ** i, this.#gate);
        });
        out.set(matrix, start + numbers.matrix);
      }
      writeProducts(before, this.#qubits, here);
      const at = start + steps[0]!.numbers.phases!;
      for (let i = 0; i < here.length; i += 2) {
        const from = target === undefined ? i : 2 * target[i >> 1]!;
        const re = here[from]!;
        const im = here[from + 1]!;
        const leftRe = continues ? left[i]! : 1;
        const leftIm = continues ? left[i + 1]! : 0;
        out[at + i] = re * leftRe - im * leftIm;
        out[at + i + 1] = re * leftIm + im * leftRe;
      }
      writeProducts(behind, this.#qubits, left);
    }
  }

  /**
   * Splits a qubit's gates into a rotation, whose cosine and sine become the first numbers of `#gate`, and phases on both sides of it:
   * `diag(1, p) [[cosine, -sine], [sine, cosine]] diag(f, g)`.
   */
  #split(gates: readonly LocalElement[], qubit: number): void {
    const u = this.#gate;
    setIdentity(u, 2);
    for (const gate of gates) applyLeft(u, 2, gate, this.#host.angleOf(gate, 0));
    const cosine = Math.hypot(u[0]!, u[1]!);
    const sine = Math.hypot(u[4]!, u[5]!);
    const at = 4 * qubit;
    const before = this.#before;
    const behind = this.#behind;
    // The entries are f cosine, -g sine; p f sine, p g cosine.
    setUnit(before, at, u[0]!, u[1]!);
    turnBack(behind, at + 2, u[4]!, u[5]!, before, at);
    // From the larger one of the two that say it.
    if (cosine >= sine) turnBack(before, at + 2, u[6]!, u[7]!, behind, at + 2);
    else setUnit(before, at + 2, -u[2]!, -u[3]!);
    u[0] = cosine;
    u[1] = sine;
  }
}

/** A layer: matrices without numbers of examples, on qubits of their own, of gates on single qubits. */
interface LayerRange {
  /** The renaming before it. */
  readonly renaming: number;
  readonly first: number;
  readonly end: number;
  readonly continues: boolean;
}

/** Layers whose phases may be left to what follows: such a layer again, or read-outs of probabilities. */
function layersOf({ plan, readings }: HostProgram): LayerRange[] {
  const { steps, qubits } = plan;
  if (qubits > MOST_QUBITS) return [];
  const found: { renaming: number; first: number; end: number }[] = [];
  const { strings, densities, readsState } = readings;
  let free = densities.length === 0 && !readsState && strings.every(({ x }) => x === 0);
  let end = steps.length;
  for (let renaming = steps.length - 1; renaming >= 0; renaming--) {
    if (steps[renaming]!.type !== 'permutation') continue;
    const layer = steps.slice(renaming + 1, end);
    free &&= layer.length >= FEWEST && isLayer(layer);
    if (free) found.unshift({ renaming, first: renaming + 1, end });
    end = renaming;
  }
  return found.map((layer, i) => ({ ...layer, continues: found[i - 1]?.end === layer.renaming }));
}

function isLayer(steps: readonly Step[]): boolean {
  const touched = new Set<number>();
  return steps.every((step) => {
    if (step.type !== 'unitary' || step.axis === 'batch' || step.condition.mask !== 0) return false;
    const own = step.qubits.every((qubit) => !touched.has(qubit));
    for (const qubit of step.qubits) touched.add(qubit);
    return own && step.elements.every((element) => qubitOf(element) !== undefined);
  });
}

/** The qubit of an element on a single one. */
const qubitOf = ({ type, qubits, controls }: Element): number | undefined =>
  type !== 'table' && controls.length === 0 && qubits.length === 1 ? qubits[0] : undefined;

/** Writes the phase of a number, 1 for 0. */
function setUnit(out: Float64Array, at: number, re: number, im: number): void {
  const size = Math.hypot(re, im);
  out[at] = size === 0 ? 1 : re / size;
  out[at + 1] = size === 0 ? 0 : im / size;
}

/** Writes the phase of a number without that of `from`. */
function turnBack(
  out: Float64Array,
  at: number,
  re: number,
  im: number,
  from: Float64Array,
  start: number,
): void {
  const c = from[start]!;
  const s = from[start + 1]!;
  setUnit(out, at, re * c + im * s, im * c - re * s);
}

/** Replaces a real d × d matrix by its Kronecker product with a rotation, whose rows and columns are the less significant ones. */
function widen(matrix: Float64Array, d: number, [cosine = 1, sine = 0]: Float64Array): void {
  const wide = 2 * d;
  // From the end on, so that no number is lost before it is read.
  for (let i = d * d - 1; i >= 0; i--) {
    const entry = matrix[i]!;
    const to = 2 * wide * Math.floor(i / d) + 2 * (i % d);
    matrix[to + wide + 1] = entry * cosine;
    matrix[to + wide] = entry * sine;
    matrix[to + 1] = -entry * sine;
    matrix[to] = entry * cosine;
  }
}
