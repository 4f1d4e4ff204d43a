/**
 * The numbers that all examples of a call share: coefficients, the Pauli frame that folding angles leaves behind, and the
 * scales that rotations without their cosines bring along. What differs from example to example is worked out in
 * WebAssembly (`fold-code.ts`), unless examples come one at a time.
 */
import { elementary } from '@ketwork/base';
import { coefficientsOf } from './element.ts';
import type { Coefficient, Element } from './element.ts';
import { anticommute, parity, Passages } from './frame.ts';
import type { LocalMap, Pauli } from './frame.ts';
import type { Lowered } from './lower.ts';
import type { Weight } from './main-code.ts';

/** What a walk through the circuit does at an element. */
type Visit =
  | {
      readonly type: 'turn';
      readonly axis: Pauli;
      readonly coefficient: Coefficient;
      readonly form: 'plain' | 'tangent' | 'rescaling';
    }
  | {
      readonly type: 'table';
      readonly parts: readonly { readonly mask: number; readonly index: number }[];
    }
  | { readonly type: 'map'; readonly map: LocalMap };

/**
 * Coefficients of a run. A rotation `exp(-itP) = cos t (1 - i tan(t) P)` in tangent form is applied without its cosine.
 * The product of these cosines is the amplitude the first state begins with, or (for later stretches of the circuit) is
 * part of a rescaling rotation's coefficient, so that the final state has length 1. So that no tangent exceeds 1, t is
 * folded to |t| ≤ π/4: `exp(-itP)` is `exp(-i(t ∓ π/2)P)` behind P, up to a phase. P moves on to the end of the circuit,
 * where only the Pauli frame, the product of all of them, is left, and on its way changes signs of angles.
 */
export class RunCoefficients {
  /**
   * Per shared coefficient its cosine and sine, or 1 and the tangent of the folded angle; behind them, where examples come
   * one at a time, those of the batch.
   */
  readonly pairs: Float64Array;
  /** Signs of the angles, 1 or -1, by the index of their coefficients. */
  readonly signs: { readonly shared: Float64Array; readonly batch: Float64Array };
  /** Amplitude of |0…0⟩ to begin with. */
  initial = 1;
  /** Whether signs and scales differ from 1 in some runs. */
  readonly framed: boolean;
  /** What remains in front of the read-outs. */
  #frame: Pauli = { x: 0, z: 0 };
  readonly #lowered: Lowered;
  readonly #visits: readonly Visit[];
  /** Coefficients whose pairs are needed: those of tables enter as phases. */
  readonly #turns: readonly Coefficient[];
  readonly #angles: readonly Coefficient[];
  /** Cosine and sine of the angles in use, shared ones by source, then those of the batch. */
  readonly #turned: Float64Array;
  /** By the position of the pair, what applying the coefficient leaves out (tangents) or takes back (rescaling). */
  readonly #cosines: Float64Array;
  /** Whether this is about one example at a time, so that its angles are among those that all examples share. */
  readonly #single: boolean;

  constructor(lowered: Lowered, single = false) {
    this.#lowered = lowered;
    this.#single = single;
    const { shared, batch, sources, qubits, filters } = lowered;
    const elements = [...lowered.prefix, ...lowered.elements];
    this.pairs = new Float64Array(2 * (shared.length + (single ? batch.length : 0)));
    this.signs = {
      shared: new Float64Array(shared.length).fill(1),
      batch: new Float64Array(batch.length).fill(1),
    };
    this.#cosines = new Float64Array(shared.length + batch.length).fill(1);
    this.#turned = new Float64Array(2 * (sources.shared.length + sources.batch.length));
    const uses = elements.flatMap((element) =>
      element.type === 'table' ? [] : coefficientsOf(element),
    );
    // Where angles of single examples are folded elsewhere, shared ones are handed over as they are.
    const elsewhere = lowered.folded && !single;
    if (elsewhere) this.#turns = shared;
    else this.#turns = uses.filter(({ axis }) => single || axis === 'shared');
    const used = new Set(this.#turns.map((use) => this.#sourceAt(use)));
    this.#angles = [...sources.shared, ...(single ? sources.batch : [])].filter((angle) =>
      used.has(this.#sourceAt(angle)),
    );
    const passages = new Passages(qubits, filters);
    this.framed = !elsewhere && elements.some(isTangent);
    this.#visits = this.framed ? elements.flatMap((element) => visitsOf(element, passages)) : [];
  }

  /**
   * Works all numbers out anew, from the angles last evaluated.
   *
   * @param position of the example among these, where examples come one at a time
   */
  update(position = 0): void {
    const { angles } = this.#lowered;
    const turned = this.#turned;
    for (const angle of this.#angles) {
      const { node, scale } = angle;
      const at = 2 * this.#sourceAt(angle);
      const row = angles.isBatch(node) ? position : 0;
      turned[at] = scale * (angles.column(node)[row] as number);
      elementary.cosSin(turned, at);
    }
    if (this.framed) this.#walk();
    else
      for (const use of this.#turns) {
        const at = 2 * this.#sourceAt(use);
        this.#setPair(this.pairAt(use), turned[at] as number, turned[at + 1] as number);
      }
  }

  /** Position of a coefficient's pair. */
  pairAt({ axis, index }: Coefficient): number {
    return axis === 'shared' ? index : this.#lowered.shared.length + index;
  }

  #sourceAt({ node, source }: Coefficient): number {
    const { angles, sources } = this.#lowered;
    return angles.isBatch(node) ? sources.shared.length + source : source;
  }

  /** Bits of basis states that the frame flips in front of the read-outs. */
  get flips(): number {
    return this.#frame.x;
  }

  /** The weight of a Pauli operator's mean in this run: negative where the operator anticommutes with the frame. */
  signed({ x, z, value }: Weight): number {
    return anticommute(this.#frame, { x, z }) === 1 ? -value : value;
  }

  #setPair(position: number, first: number, second: number): void {
    this.pairs[2 * position] = first;
    this.pairs[2 * position + 1] = second;
  }

  #walk(): void {
    const turned = this.#turned;
    const { signs } = this;
    let [x, z] = [0, 0];
    // The stretch of tangents in work: their cosines, and whose coefficient takes them (-1: the first amplitude).
    let [product, owner] = [1, -1];
    const close = (): void => {
      if (owner < 0) this.initial = product;
      else {
        this.#cosines[owner] = product;
        const [cos, sin] = [this.pairs[2 * owner] as number, this.pairs[2 * owner + 1] as number];
        this.#setPair(owner, product * cos, product * sin);
      }
    };
    for (const visit of this.#visits) {
      if (visit.type === 'map') {
        const { map } = visit;
        if (((x | z) & map.mask) !== 0) ({ x, z } = map.image({ x, z }));
      } else if (visit.type === 'table') {
        for (const { mask, index } of visit.parts) signs.shared[index] = 1 - 2 * parity(x & mask);
      } else {
        const { axis, coefficient, form } = visit;
        const sign = 1 - 2 * parity((x & axis.z) ^ (z & axis.x));
        signs[coefficient.axis][coefficient.index] = sign;
        if (coefficient.axis === 'batch' && !this.#single) continue;
        const index = this.pairAt(coefficient);
        const source = this.#sourceAt(coefficient);
        const [cos, sin] = [turned[2 * source] as number, turned[2 * source + 1] as number];
        if (form === 'tangent') {
          // A quarter turn has tangent -cos/sin and cosine sin, and leaves P behind.
          const folded = Math.abs(sin) > Math.abs(cos);
          const left = Math.abs(folded ? sin : cos);
          this.#cosines[index] = left;
          product *= left;
          this.#setPair(index, 1, sign * (folded ? -cos / sin : sin / cos));
          if (folded) {
            x ^= axis.x;
            z ^= axis.z;
          }
        } else {
          if (form === 'rescaling') {
            close();
            [product, owner] = [1, index];
          }
          this.#setPair(index, cos, sign * sin);
        }
      }
    }
    close();
    this.#frame = { x, z };
  }

  /**
   * How to read the gradient cells of a program that undoes elements in this order. Cells hold half of the derivative
   * with respect to what the coefficient turns by, times the scales of psi and lambda there.
   */
  unwinding(undone: readonly Element[]): Unwinding {
    return new Unwinding(undone, this, this.#cosines);
  }
}

/** Factors of the gradient cells of one backward pass. */
export class Unwinding {
  /** By the index of the coefficient: derivative with respect to the coefficient's angle over the number in its cell. */
  readonly shared: Float64Array;
  readonly batch: Float64Array;
  /** True lambda over computed lambda, when all is undone. */
  end = 1;
  readonly #steps: readonly { readonly coefficient: Coefficient; readonly power: number }[];
  readonly #source: RunCoefficients;
  readonly #cosines: Float64Array;

  /** @param cosines by the position of the pair, what tangents leave out and rescaling rotations take back */
  constructor(undone: readonly Element[], source: RunCoefficients, cosines: Float64Array) {
    this.#source = source;
    this.#cosines = cosines;
    this.shared = new Float64Array(source.signs.shared.length);
    this.batch = new Float64Array(source.signs.batch.length);
    this.#steps = undone.flatMap((element) =>
      coefficientsOf(element).map((coefficient) => ({ coefficient, power: powerOf(element) })),
    );
    this.update();
  }

  /** Works the factors out anew, after the coefficients. */
  update(): void {
    const { signs } = this.#source;
    let scale = 1;
    for (const { coefficient, power } of this.#steps) {
      const { axis, index } = coefficient;
      this[axis][index] = 2 * coefficient.scale * (signs[axis][index] as number) * scale * scale;
      // Undoing a tangent lengthens both vectors by 1 / cos, undoing a rescaling rotation shortens them.
      const cosine = power === 0 ? 1 : (this.#cosines[this.#source.pairAt(coefficient)] as number);
      if (power > 0) scale *= cosine;
      else if (power < 0) scale /= cosine;
    }
    this.end = scale;
  }
}

const isTangent = (element: Element): boolean =>
  element.type === 'rotation' && element.form === 'tangent';

function powerOf(element: Element): number {
  if (element.type !== 'rotation' || element.form === undefined) return 0;
  return element.form === 'tangent' ? 1 : -1;
}

function visitsOf(element: Element, passages: Passages): Visit[] {
  if (element.type === 'table') {
    const parts = element.parts.map(({ mask, coefficient: { index } }) => ({ mask, index }));
    return [{ type: 'table', parts }];
  }
  const passage = passages.of(element);
  if (passage.type === 'map') return [{ type: 'map', map: passage.map }];
  if (element.type === 'matrix' || passage.type !== 'turn') return [];
  const { coefficient } = element;
  const form = (element.type === 'rotation' ? element.form : undefined) ?? 'plain';
  return [{ type: 'turn', axis: passage.axis, coefficient, form }];
}
