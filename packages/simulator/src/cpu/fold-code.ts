/**
 * Code that folds angles example by example: what `coefficients.ts` does for angles that all examples share, in the lanes
 * of vectors. A Pauli frame is here two vectors for each qubit, of X and of Z, with the sign bit set in the lanes whose
 * frame has the letter; propagating it through a circuit is a handful of exclusive-ors, written out.
 */
import { valueType } from '@ketwork/base';
import { coefficientsOf } from './element.ts';
import type { Coefficient, Element } from './element.ts';
import { Passages } from './frame.ts';
import type { LocalMap, Pauli } from './frame.ts';
import type { Lowered } from './lower.ts';
import { argument } from './main-code.ts';
import type { ExampleFrames, MainCode } from './main-code.ts';

const { v128 } = valueType;

/** What the way back must know of a use of an angle: its sign bits and what applying it left out or took back. */
const NOTE_BYTES = 32;

/** Byte offsets of what lies behind the coefficients of a block. */
export interface PairsLayout {
  /** Cosines and sines of the examples' angles, where they are not made in place. */
  readonly sources: number;
  /** Notes for the way back, and behind them the last scale. */
  readonly notes: number;
  readonly end: number;
}

/** Where things lie behind a block's coefficients. */
export function pairsLayout({ batch, sources, folded }: Lowered): PairsLayout {
  const apart = folded || sources.batch.length < batch.length;
  const first = apart ? 32 * batch.length : 0;
  const notes = first + 32 * sources.batch.length;
  return { sources: first, notes, end: folded ? notes + NOTE_BYTES * batch.length + 16 : notes };
}

/** The vector of a letter in the frame: a local, or undefined where no example can have it. */
type Bit = number | undefined;

/** Writes the folding of a program's angles, and what follows from it. */
export class FoldCode implements ExampleFrames {
  readonly #code: MainCode;
  readonly #lowered: Lowered;
  readonly #passages: Passages;
  readonly #layout: PairsLayout;
  /** Whether a way back follows. */
  readonly #gradient: boolean;
  /** X of all qubits, then Z of all qubits. */
  #frame: Bit[];
  /** Locals made for frames. */
  readonly #locals: number[] = [];
  readonly #signed = new Set<number>();
  /** Coefficients that leave out or take back something. */
  readonly #scaled = new Map<number, 'tangent' | 'rescaling'>();
  readonly #cos: number;
  readonly #sin: number;
  readonly #folded: number;
  readonly #product: number;
  readonly #initial: number;

  constructor(code: MainCode, lowered: Lowered, gradient: boolean) {
    this.#code = code;
    this.#lowered = lowered;
    this.#gradient = gradient;
    this.#passages = new Passages(lowered.qubits, lowered.filters);
    this.#layout = pairsLayout(lowered);
    this.#frame = Array<Bit>(2 * lowered.qubits).fill(undefined);
    const local = (): number => code.main.local(v128);
    [this.#cos, this.#sin, this.#folded] = [local(), local(), local()];
    [this.#product, this.#initial] = [local(), local()];
  }

  /** Makes the coefficients of all uses of the cosines and sines of angles. */
  write(): void {
    const { main } = this.#code;
    const { prefix, elements } = this.#lowered;
    /** Whose coefficient takes the product of the cosines since then; at first the amplitude to begin with. */
    let owner: number | undefined;
    const close = (): void => {
      if (owner === undefined) main.get(this.#product).set(this.#initial);
      else {
        for (const part of [0, 16]) {
          this.#code.push(argument.pairs);
          this.#code.push(argument.pairs);
          main
            .load(32 * owner + part)
            .get(this.#product)
            .mul()
            .store(32 * owner + part);
        }
        this.#note(owner, 16, () => main.get(this.#product));
      }
      main.vector(1).set(this.#product);
    };
    main.vector(1).set(this.#product);
    for (const element of [...prefix, ...elements]) {
      const passage = this.#passages.of(element);
      if (passage.type === 'map') {
        this.#map(passage.map);
        continue;
      }
      if (element.type === 'matrix' || element.type === 'table' || passage.type !== 'turn')
        continue;
      const { coefficient } = element;
      const { index } = coefficient;
      const form = element.type === 'rotation' ? element.form : undefined;
      if (form === 'rescaling') {
        close();
        owner = index;
      }
      if (form !== undefined) this.#scaled.set(index, form);
      this.#load(coefficient);
      const sign = this.sign(passage.axis);
      if (sign !== undefined) {
        this.#signed.add(index);
        this.#note(index, 0, sign);
      }
      if (form === 'tangent') this.#tangent(index, passage.axis, sign);
      else {
        this.#code.push(argument.pairs);
        main.get(this.#cos).store(32 * index);
        this.#code.push(argument.pairs);
        main.get(this.#sin);
        if (sign !== undefined) {
          sign();
          main.op('v128Xor');
        }
        main.store(32 * index + 16);
      }
    }
    close();
  }

  /** Pushes the amplitude of |0…0⟩ to begin with. */
  pushInitial(): void {
    this.#code.main.get(this.#initial);
  }

  /** Pushes the sign bit that a Pauli operator behind all elements so far has in each lane; undefined where it has none. */
  sign({ x, z }: Pauli): (() => void) | undefined {
    const { qubits } = this.#lowered;
    const bits: number[] = [];
    for (let qubit = 0; qubit < qubits; qubit++) {
      const mask = 2 ** (qubits - 1 - qubit);
      const [ownX, ownZ] = [this.#frame[qubit], this.#frame[qubits + qubit]];
      if ((z & mask) !== 0 && ownX !== undefined) bits.push(ownX);
      if ((x & mask) !== 0 && ownZ !== undefined) bits.push(ownZ);
    }
    return bits.length === 0 ? undefined : () => this.#pushSum(bits);
  }

  /** Pushes the bits of basis states, those of `kept` moved together, that the frame flips in each lane, times 16. */
  flips(kept: number): (() => void) | undefined {
    const { main } = this.#code;
    const { qubits } = this.#lowered;
    const moved: (() => void)[] = [];
    const high = 8 * main.bytes - 1;
    let place = 4;
    for (let qubit = qubits - 1; qubit >= 0; qubit--) {
      if ((kept & (2 ** (qubits - 1 - qubit))) === 0) continue;
      const bit = this.#frame[qubit];
      const shift = high - place++;
      if (bit === undefined) continue;
      moved.push(
        () =>
          void main
            .get(bit)
            .i32(shift)
            .op(main.bytes === 8 ? 'i64x2ShrU' : 'i32x4ShrU'),
      );
    }
    if (moved.length === 0) return undefined;
    return () =>
      moved.forEach((push, i) => {
        push();
        if (i > 0) main.op('v128Or');
      });
  }

  /** Gives the gradient cells of a block their signs and scales, in the order in which elements were undone. */
  unwind(undone: readonly Element[], wanted: (coefficient: Coefficient) => boolean): void {
    const { main } = this.#code;
    const [scale, square] = [main.local(v128), main.local(v128)];
    main.vector(1).tee(scale).set(square);
    let unit = true;
    for (const coefficient of undone.flatMap(coefficientsOf)) {
      const { index } = coefficient;
      const signed = this.#signed.has(index);
      if (wanted(coefficient) && (signed || !unit)) {
        this.#code.push(argument.batchCells);
        this.#code.push(argument.batchCells);
        main.load(16 * index);
        if (signed) {
          this.#loadNote(index, 0);
          main.op('v128Xor');
        }
        if (!unit) main.get(square).mul();
        main.store(16 * index);
      }
      const form = this.#scaled.get(index);
      if (form === undefined) continue;
      // Undoing a tangent lengthens both vectors by 1 / cos, undoing a rescaling rotation shortens them.
      main.get(scale);
      this.#loadNote(index, 16);
      if (form === 'tangent') main.mul();
      else main.div();
      main.tee(scale).get(scale).mul().set(square);
      unit = false;
    }
    this.#code.push(argument.pairs);
    main.get(scale).store(this.#layout.end - 16);
  }

  #note(index: number, part: 0 | 16, push: () => unknown): void {
    if (!this.#gradient) return;
    this.#code.push(argument.pairs);
    push();
    this.#code.main.store(this.#layout.notes + NOTE_BYTES * index + part);
  }

  #loadNote(index: number, part: 0 | 16): void {
    this.#code.push(argument.pairs);
    this.#code.main.load(this.#layout.notes + NOTE_BYTES * index + part);
  }

  /** Cosine and sine of a use's angle, as they are. */
  #load({ node, source }: Coefficient): void {
    const { main } = this.#code;
    [this.#cos, this.#sin].forEach((local, i) => {
      if (this.#lowered.angles.isBatch(node)) {
        this.#code.push(argument.pairs);
        main.load(this.#layout.sources + 32 * source + 16 * i);
      } else {
        this.#code.push(argument.shared);
        main.loadSplat(16 * source + main.bytes * i);
      }
      main.set(local);
    });
  }

  /** A quarter turn has tangent -cos/sin and cosine sin, and leaves the axis behind. */
  #tangent(index: number, axis: Pauli, sign: (() => void) | undefined): void {
    const { main } = this.#code;
    const [cos, sin, folded] = [this.#cos, this.#sin, this.#folded];
    const left = this.#gradient ? cos : undefined;
    main.get(sin).abs().get(cos).abs().greater().set(folded);
    this.#code.push(argument.pairs);
    main.get(cos).get(sin).get(folded).op('v128Bitselect');
    main.get(sin).get(cos).get(folded).op('v128Bitselect').tee(cos);
    main.div();
    main.get(folded).vector(-0).op('v128And').tee(folded).op('v128Xor');
    if (sign !== undefined) {
      sign();
      main.op('v128Xor');
    }
    main.store(32 * index + 16);
    main.get(cos).abs();
    if (left !== undefined) main.tee(left);
    main.get(this.#product).mul().set(this.#product);
    if (left !== undefined) this.#note(index, 16, () => main.get(left));
    const { qubits } = this.#lowered;
    this.#assign(
      this.#frame.map((bit, i) => {
        const mask = 2 ** (qubits - 1 - (i % qubits));
        const has = ((i < qubits ? axis.x : axis.z) & mask) !== 0;
        const before = bit === undefined ? [] : [bit];
        return has ? [...before, folded] : before;
      }),
    );
  }

  /** Takes the frame through a matrix: the new letter of a qubit is what the old frame does to one operator. */
  #map(map: LocalMap): void {
    const { qubits } = this.#lowered;
    const next = this.#frame.map((bit, i): number[] => {
      const mask = 2 ** (qubits - 1 - (i % qubits));
      if ((map.mask & mask) === 0) return bit === undefined ? [] : [bit];
      const before = map.pullBack(i < qubits ? { x: 0, z: mask } : { x: mask, z: 0 });
      return this.#bitsAgainst(before);
    });
    this.#assign(next);
  }

  /** The letters that decide whether the frame anticommutes with an operator. */
  #bitsAgainst({ x, z }: Pauli): number[] {
    const { qubits } = this.#lowered;
    return this.#frame.flatMap((bit, i) => {
      const mask = 2 ** (qubits - 1 - (i % qubits));
      return bit !== undefined && ((i < qubits ? z : x) & mask) !== 0 ? [bit] : [];
    });
  }

  /**
   * Sets the frame to sums of locals. Where that is one local, only names change, unless it is the one that the next
   * tangent overwrites.
   */
  #assign(sums: readonly (readonly number[])[]): void {
    const { main } = this.#code;
    const isNew = (sum: readonly number[]): boolean => sum.length > 1 || sum[0] === this.#folded;
    const made = sums.flatMap((sum, i) => (isNew(sum) ? [i] : []));
    for (const i of made) this.#pushSum(sums[i] as readonly number[]);
    const next = sums.map((sum) => (isNew(sum) ? undefined : sum[0]));
    const used = new Set(next);
    const free = this.#locals.filter((local) => !used.has(local));
    for (const i of made.toReversed()) {
      let local = free.pop();
      if (local === undefined) {
        local = main.local(v128);
        this.#locals.push(local);
      }
      main.set(local);
      next[i] = local;
    }
    this.#frame = next;
  }

  #pushSum(locals: readonly number[]): void {
    locals.forEach((local, i) => {
      this.#code.main.get(local);
      if (i > 0) this.#code.main.op('v128Xor');
    });
  }
}
