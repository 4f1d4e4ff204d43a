/**
 * The numbers of a run that all examples share: coefficients, the Pauli frame that folding angles leaves behind, and the
 * scales that rotations without their cosines bring along.
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
  /** Per shared coefficient its cosine and sine, or 1 and the tangent of the folded angle. */
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
  /** Shared coefficients whose pairs are needed: those of tables enter as phases. */
  readonly #turns: readonly Coefficient[];
  readonly #angles: readonly Coefficient[];
  /** Cosine and sine of the shared angles in use, by source. */
  readonly #turned: Float64Array;
  /** By shared index, what applying the coefficient leaves out (tangents) or takes back (rescaling). */
  readonly #cosines: Float64Array;

  constructor(lowered: Lowered) {
    this.#lowered = lowered;
    const { shared, batch, qubits, filters } = lowered;
    const elements = [...lowered.prefix, ...lowered.elements];
    this.pairs = new Float64Array(2 * shared.length);
    this.signs = {
      shared: new Float64Array(shared.length).fill(1),
      batch: new Float64Array(batch.length).fill(1),
    };
    this.#cosines = new Float64Array(shared.length).fill(1);
    this.#turned = new Float64Array(2 * lowered.sources.shared.length);
    this.#turns = elements.flatMap((element) =>
      element.type === 'table'
        ? []
        : coefficientsOf(element).filter(({ axis }) => axis === 'shared'),
    );
    const used = new Set(this.#turns.map(({ source }) => source));
    this.#angles = lowered.sources.shared.filter(({ source }) => used.has(source));
    const passages = new Passages(qubits, filters);
    this.framed = elements.some(isTangent);
    this.#visits = this.framed ? elements.flatMap((element) => visitsOf(element, passages)) : [];
  }

  /** Works all numbers out anew, from the angles last evaluated. */
  update(): void {
    const { angles } = this.#lowered;
    const turned = this.#turned;
    for (const { node, scale, source } of this.#angles) {
      turned[2 * source] = scale * (angles.column(node)[0] as number);
      elementary.cosSin(turned, 2 * source);
    }
    if (this.framed) this.#walk();
    else
      for (const { source, index } of this.#turns)
        this.#setPair(index, turned[2 * source] as number, turned[2 * source + 1] as number);
  }

  /** Bits of basis states that the frame flips in front of the read-outs. */
  get flips(): number {
    return this.#frame.x;
  }

  /** The weight of a Pauli operator's mean in this run: negative where the operator anticommutes with the frame. */
  signed({ x, z, value }: Weight): number {
    return anticommute(this.#frame, { x, z }) === 1 ? -value : value;
  }

  #setPair(index: number, first: number, second: number): void {
    this.pairs[2 * index] = first;
    this.pairs[2 * index + 1] = second;
  }

  #walk(): void {
    const turned = this.#turned;
    const { shared, batch } = this.signs;
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
        for (const { mask, index } of visit.parts) shared[index] = 1 - 2 * parity(x & mask);
      } else {
        const { axis, coefficient, form } = visit;
        const { index, source } = coefficient;
        const sign = 1 - 2 * parity((x & axis.z) ^ (z & axis.x));
        if (coefficient.axis === 'batch') {
          batch[index] = sign;
          continue;
        }
        shared[index] = sign;
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

  /** @param cosines by the index of shared coefficients, what tangents leave out and rescaling rotations take back */
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
      if (power > 0) scale *= this.#cosines[index] as number;
      else if (power < 0) scale /= this.#cosines[index] as number;
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
