/**
 * Gradients of single examples, from cells that lie block by block to rows that lie example by example, or to their
 * squared norms: in WebAssembly, since it is a good part of the time of a small circuit's gradient.
 */
import { valueType } from '@ketwork/base';
import { exactRounding, VectorCode } from './arithmetic.ts';
import { instantiate, link } from './link.ts';
import type { LinkedModule } from './link.ts';
import type { EngineMemory } from './memory.ts';

const { i32, v128 } = valueType;

/** Coefficients of a slot's elements: gradient cells go straight into the slot's gradient. */
export interface PlainCoefficients {
  readonly slot: string;
  readonly cells: Int32Array;
  readonly elements: Int32Array;
  /** Whether these are all that the slot's gradient consists of, one for each element. */
  readonly whole: boolean;
  /** Of these cells, taken from the executor's factors in every run. */
  readonly factors: Float64Array;
}

/** Rows of a call that take more than this are written one number after the other. */
const MOST_BYTES = 2 ** 18;
/** Bytes of a table's entry: offsets of two cells and of the first element, then the factors of both. */
const ENTRY = 32;
/** Lane 0 of two vectors, and lane 1 of both. */
const FIRST = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const SECOND = FIRST.map((byte) => byte + 8);

type Gather = (
  cells: number,
  stride: number,
  blocks: number,
  table: number,
  pairs: number,
  singles: number,
  out: number,
  rowBytes: number,
) => void;

let linked: LinkedModule | undefined;
const functions = new WeakMap<EngineMemory, Record<'rows' | 'norms', Gather>>();

function functionsFor(memory: EngineMemory): Record<'rows' | 'norms', Gather> {
  let made = functions.get(memory);
  if (made === undefined) {
    linked ??= link(
      [
        { name: 'rows', body: gather(writeRows) },
        { name: 'norms', body: gather(addSquares) },
      ],
      true,
    );
    made = instantiate(linked, memory) as Record<'rows' | 'norms', Gather>;
    functions.set(memory, made);
  }
  return made;
}

/** The elements of a slot, cell by cell, in the engine's memory. */
export class ExampleRows {
  readonly #memory: EngineMemory;
  readonly #plain: PlainCoefficients;
  readonly #size: number;
  readonly #table: number;
  readonly #rows: number;
  readonly #norms: number;
  /** By entry, positions of the coefficient of the first and of the second element; pairs first, then single ones. */
  readonly #entries: readonly (readonly [first: number, second: number | undefined])[];
  readonly #pairs: number;
  /** Where the next one's memory begins. */
  readonly end: number;
  /** When its table was written. */
  #since = -1;

  /**
   * @param size numbers of a row
   * @param at address of its memory
   * @param examples of a call
   */
  constructor(
    memory: EngineMemory,
    plain: PlainCoefficients,
    size: number,
    at: number,
    examples: number,
  ) {
    this.#memory = memory;
    this.#plain = plain;
    this.#size = size;
    const pairs: [number, number][] = [];
    const singles: [number, undefined][] = [];
    const { elements } = plain;
    for (let k = 0; k < elements.length; k++) {
      if (elements[k + 1] === (elements[k] as number) + 1) {
        pairs.push([k, k + 1]);
        k++;
      } else singles.push([k, undefined]);
    }
    this.#entries = [...pairs, ...singles];
    this.#pairs = pairs.length;
    this.#table = at;
    this.#rows = at + ENTRY * this.#entries.length;
    this.#norms = this.#rows + 8 * size * examples;
    this.end = Math.ceil((this.#norms + 8 * examples) / 64) * 64;
  }

  /** Whether it can take a slot's gradient. */
  static suits(
    { numerics, wide }: EngineMemory,
    plain: PlainCoefficients,
    size: number,
    examples: number,
  ): boolean {
    return (
      plain.whole && numerics.precision === 'f64' && !wide && 8 * size * examples <= MOST_BYTES
    );
  }

  /**
   * Readies its memory for a run.
   *
   * @param since a number that changes when others may have written there
   */
  begin(since: number): void {
    const { doubles } = this.#memory;
    const { cells, elements, factors } = this.#plain;
    if (this.#since !== since) {
      this.#since = since;
      const integers = new Int32Array(this.#memory.memory.buffer);
      this.#entries.forEach(([first, second], e) => {
        const at = (this.#table + ENTRY * e) / 4;
        integers[at] = 8 * (cells[first] as number);
        if (second !== undefined) integers[at + 1] = 8 * (cells[second] as number);
        integers[at + 2] = 8 * (elements[first] as number);
      });
      // Elements without a cell stay zero.
      doubles.fill(0, this.#rows / 8, this.#norms / 8);
    }
    for (let e = 0; e < this.#entries.length; e++) {
      const [first, second] = this.#entries[e] as readonly [number, number | undefined];
      const at = (this.#table + ENTRY * e + 16) / 8;
      doubles[at] = factors[first] as number;
      if (second !== undefined) doubles[at + 1] = factors[second] as number;
    }
  }

  /** Writes the gradients of `count` examples, row by row. */
  rows(cells: number, stride: number, count: number, into: Float64Array, start: number): void {
    this.#call('rows', cells, stride, count, this.#rows);
    const from = this.#rows / 8;
    into.set(this.#memory.doubles.subarray(from, from + count * this.#size), start);
  }

  /** Writes the squared norms of `count` examples' gradients. */
  norms(cells: number, stride: number, count: number, into: Float64Array, start: number): void {
    this.#call('norms', cells, stride, count, this.#norms);
    const from = this.#norms / 8;
    into.set(this.#memory.doubles.subarray(from, from + count), start);
  }

  #call(name: 'rows' | 'norms', cells: number, stride: number, count: number, out: number): void {
    functionsFor(this.#memory)[name](
      cells,
      stride,
      (count + 1) >> 1,
      this.#table,
      this.#pairs,
      this.#entries.length - this.#pairs,
      out,
      8 * this.#size,
    );
  }
}

/** What is done with the cells of an entry, and of a block. */
interface Use {
  /** @param push pushes a vector: an element of both examples */
  pair(push: readonly [first: () => void, second: () => void]): void;
  single(push: () => void): void;
  open(): void;
  close(): void;
}

const argument = {
  cells: 0,
  stride: 1,
  blocks: 2,
  table: 3,
  pairs: 4,
  singles: 5,
  out: 6,
  rowBytes: 7,
} as const;

/** A loop over blocks of two examples, and in each over the entries of the table. */
function gather(use: (f: VectorCode, entry: number) => Use): VectorCode {
  const f = new VectorCode(exactRounding, Array(Object.keys(argument).length).fill(i32));
  const [entry, left] = [f.local(i32), f.local(i32)];
  const { pair, single, open, close } = use(f, entry);
  const element = (place: 0 | 1) => (): void => {
    f.get(argument.cells)
      .get(entry)
      .i32Load(4 * place)
      .op('i32Add')
      .load();
    f.get(entry)
      .loadSplat(16 + 8 * place)
      .mul();
  };
  const forEntries = (count: number, body: () => void): void => {
    f.get(count).tee(left).if().loop();
    body();
    f.get(entry).i32(ENTRY).op('i32Add').set(entry);
    f.get(left).i32(1).op('i32Sub').tee(left).brIf(0).op('end').op('end');
  };
  f.loop();
  f.get(argument.table).set(entry);
  open();
  forEntries(argument.pairs, () => pair([element(0), element(1)]));
  forEntries(argument.singles, () => single(element(0)));
  close();
  f.get(argument.cells).get(argument.stride).op('i32Add').set(argument.cells);
  f.get(argument.blocks).i32(1).op('i32Sub').tee(argument.blocks).brIf(0).op('end');
  return f;
}

/** Puts elements where they belong in the rows of both examples. */
function writeRows(f: VectorCode, entry: number): Use {
  const [first, second] = [f.local(i32), f.local(i32)];
  const [a, b] = [f.local(v128), f.local(v128)];
  const places = (): void => {
    f.get(argument.out).get(entry).i32Load(8).op('i32Add').tee(first);
    f.get(argument.rowBytes).op('i32Add').set(second);
  };
  return {
    open() {},
    pair([one, other]) {
      places();
      one();
      f.set(a);
      other();
      f.set(b);
      f.get(first).get(a).get(b).shuffle(FIRST).store();
      f.get(second).get(a).get(b).shuffle(SECOND).store();
    },
    single(one) {
      places();
      one();
      f.set(a);
      f.get(first).get(a).f64x2Lane(0).f64Store();
      f.get(second).get(a).f64x2Lane(1).f64Store();
    },
    close() {
      f.get(argument.out).get(argument.rowBytes).i32(1).op('i32Shl').op('i32Add').set(argument.out);
    },
  };
}

/** Adds up squares, two sums at once since each addition waits for the one before. */
function addSquares(f: VectorCode): Use {
  const [a, b, x] = [f.local(v128), f.local(v128), f.local(v128)];
  const add = (sum: number, push: () => void): void => {
    push();
    f.set(x).get(sum).get(x).get(x).mul().add().set(sum);
  };
  return {
    open() {
      f.vector(0).set(a).vector(0).set(b);
    },
    pair([one, other]) {
      add(a, one);
      add(b, other);
    },
    single: (one) => add(a, one),
    close() {
      f.get(argument.out).get(a).get(b).add().store();
      f.get(argument.out).i32(16).op('i32Add').set(argument.out);
    },
  };
}
