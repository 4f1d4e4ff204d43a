import { coefficientsOf } from '../element.ts';
import type { Element } from '../element.ts';
import { Passages, parity } from '../frame.ts';
import type { LocalMap, Pauli } from '../frame.ts';
import type { ReadoutStep } from '../readout.ts';
import { withElements } from './pass.ts';
import type { EngineProgram, Pass } from './pass.ts';

/** Rotations without their cosines lengthen the state by up to √2 each, so after this many they are made up for. */
const SEGMENT = 256;

/**
 * Folding an angle for every example takes about as long as this many amplitudes' multiplications, as measured: what a
 * rotation saves must be worth the signs and scales that all coefficients of the circuit then have per example.
 */
const WORTH = 28;

/**
 * Marks rotations to be applied without their cosine, as `1 - i tan(t) P`: half of the multiplications. This needs
 * |t| ≤ π/4; folding t there leaves the Pauli operator P behind, which must be able to move through all later elements and
 * read-outs, where it only changes signs. Going back from the end, the Pauli operators that can are those that commute with
 * a list of obstacles. Which P is left behind is found out anew in every run: for rotations that all examples share by
 * `cpu/coefficients.ts`, and where it pays for those of single examples too, by `cpu/fold-code.ts`.
 */
export const tangents = (
  program: EngineProgram,
  segment: number = SEGMENT,
  worth: number = WORTH,
): EngineProgram => {
  const { lowered } = program;
  const elements = folding(program, worth) ?? mark(program, false);
  const folded = elements.some((e) => isTangent(e) && lowered.angles.isBatch(e.coefficient.node));
  const marked = { ...program, lowered: { ...lowered, folded } };
  return withElements(marked, rescaled(elements, marked, segment));
};

/** The elements with tangents of single examples too, if that pays: the circuit alone decides, not the size of a batch. */
function folding(program: EngineProgram, worth: number): Element[] | undefined {
  const { qubits, elements, prefix, angles } = program.lowered;
  const isOwn = (e: Element): boolean =>
    e.type === 'rotation' && angles.isBatch(e.coefficient.node);
  const uses = [...prefix, ...elements].flatMap(coefficientsOf).length;
  const pays = (own: number): boolean => own > 0 && own * 2 ** qubits >= worth * uses;
  // A sign per example would take a table per example.
  if (elements.some(({ type }) => type === 'table')) return undefined;
  if (!pays(elements.filter(isOwn).length)) return undefined;
  const marked = mark(program, true);
  return pays(marked.filter((e) => isTangent(e) && isOwn(e)).length) ? marked : undefined;
}

const isTangent = (element: Element): element is Rotation =>
  element.type === 'rotation' && element.form === 'tangent';

/** Marks all tangents there can be, of single examples too or only shared ones. */
function mark(program: EngineProgram, single: boolean): Element[] {
  const { qubits, filters, elements } = program.lowered;
  const passages = new Passages(qubits, filters);
  const obstacles = new Basis();
  for (const step of program.readout.steps)
    for (const pauli of obstaclesOf(step, passages, qubits)) obstacles.add(pauli);
  const marked = [...elements];
  // Two for each qubit generate all Pauli operators, and nothing passes any more.
  for (let at = marked.length - 1; at >= 0 && obstacles.size < 2 * qubits; at--) {
    const element = marked[at] as Element;
    const passage = passages.of(element);
    if (passage.type === 'map') obstacles.pullBack(passage.map);
    const passes = passage.type === 'turn' && obstacles.commuteWith(passage.axis);
    for (const pauli of passage.obstacles) obstacles.add(pauli);
    if (passes && isFree(element, program, single)) marked[at] = { ...element, form: 'tangent' };
  }
  return marked;
}

/** {@link tangents} as it stands in the sequence. */
export const tangentForm: Pass = (program) => tangents(program);

/** The same for single precision, whose exponents end at 2^±126: the backward pass multiplies two lengthened states. */
export const shortTangents: Pass = (program) => tangents(program, 64);

type Rotation = Element & { readonly type: 'rotation' };

/** Whether this is a rotation without controls that all examples share, or perhaps one of single examples. */
const isFree = (
  element: Element,
  { lowered }: EngineProgram,
  single: boolean,
): element is Rotation =>
  element.type === 'rotation' &&
  element.controls.length === 0 &&
  (single || !lowered.angles.isBatch(element.coefficient.node));

/** Lets one rotation in so many take back what the others did to the length of the state. */
function rescaled(
  elements: readonly Element[],
  program: EngineProgram,
  segment: number,
): Element[] {
  let count = 0;
  return elements.map((element): Element => {
    if (!isFree(element, program, program.lowered.folded)) return element;
    if (count >= segment) {
      count = 0;
      return { ...element, form: 'rescaling' };
    }
    if (element.form === 'tangent') count++;
    return element;
  });
}

/** What a Pauli operator must commute with to change no more of a read-out than signs of weights and the order of outcomes. */
function obstaclesOf(step: ReadoutStep, passages: Passages, qubits: number): Pauli[] {
  const everywhere = Array.from({ length: qubits }, (_, qubit) => qubit);
  const all = (on: readonly number[]): Pauli[] =>
    on.flatMap((qubit) => [
      { x: passages.mask([qubit]), z: 0 },
      { x: 0, z: passages.mask([qubit]) },
    ]);
  switch (step.type) {
    case 'probabilities':
    case 'diagonal':
    case 'pauli':
    case 'flips':
    case 'basis':
      return [];
    case 'hermitian':
      return all(step.qubits);
    default:
      return all(everywhere);
  }
}

/**
 * A basis of what some Pauli operators generate, which restricts as much as all of them. Each has a bit, of x or of z,
 * that those behind it lack.
 */
class Basis {
  readonly #x: number[] = [];
  readonly #z: number[] = [];
  size = 0;

  /** Adds what it does not generate yet of a Pauli operator. */
  add(pauli: Pauli): void {
    let { x, z } = pauli;
    for (let i = 0; i < this.size; i++) {
      const ownX = this.#x[i] as number;
      const ownZ = this.#z[i] as number;
      // The highest bit of x, or of z where there is none.
      if (ownX === 0 ? topOf(ownZ) & ~z : topOf(ownX) & ~x) continue;
      x ^= ownX;
      z ^= ownZ;
    }
    if (x === 0 && z === 0) return;
    this.#x[this.size] = x;
    this.#z[this.size++] = z;
  }

  /** Whether a Pauli operator commutes with all. */
  commuteWith(axis: Pauli): boolean {
    for (let i = 0; i < this.size; i++)
      if (parity(((this.#x[i] as number) & axis.z) ^ ((this.#z[i] as number) & axis.x)) === 1)
        return false;
    return true;
  }

  /** What keeps operators in front of a map from becoming, behind it, ones that these do not commute with. */
  pullBack(map: LocalMap): void {
    const moved: Pauli[] = [];
    let kept = 0;
    for (let i = 0; i < this.size; i++) {
      const x = this.#x[i] as number;
      const z = this.#z[i] as number;
      if (((x | z) & map.mask) === 0) {
        this.#x[kept] = x;
        this.#z[kept++] = z;
      } else moved.push(map.pullBack({ x, z }));
    }
    this.size = kept;
    for (const pauli of moved) this.add(pauli);
  }
}

const topOf = (bits: number): number => 1 << (31 - Math.clz32(bits));
