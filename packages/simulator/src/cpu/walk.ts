/** How a kernel goes through the amplitudes of a state, one register full after the other. */
import { valueType } from '@ketwork/base';
import type { FunctionBuilder } from '@ketwork/base';
import type { KernelSpec, MapWalk } from './kernel-spec.ts';

const { i32 } = valueType;

/** An address: a local plus an offset known when the code is written. */
export interface Place {
  readonly local: number;
  readonly offset: number;
}

/** The loop of a kernel while it is written. */
export interface Walk {
  /** Bytes from psi to lambda where both are loaded and where they are stored. */
  readonly lambda: { readonly from: number; readonly to: number };
  /** Opens the loop; returns where the register's amplitudes are loaded. */
  open(): readonly Place[];
  /** Returns where they are stored. */
  turn(): readonly Place[];
  /** Closes the loop. */
  close(): void;
}

/**
 * All of a state whose amplitudes lie in the order of basis indices. Run-time arguments: a byte mask of the register and
 * outer controls, the byte offset of the controls' values, and a stride for each register bit.
 */
export function strideWalk(
  f: FunctionBuilder,
  spec: KernelSpec,
  fixed: readonly number[] | undefined,
  push: (argument: number) => unknown,
  pointers: number,
): Walk {
  const { width, qubits } = spec;
  const [mask, base, strides] = [0, 1, 2];
  const end = 2 ** (qubits + 5);
  const single = fixed !== undefined && width === qubits;
  const offset = f.local(i32);
  const { first, amplitudes, advance } = writePlaces(
    f,
    width,
    fixed,
    (argument) => pointers + argument,
    strides,
  );
  return {
    lambda: { from: end, to: end },
    open() {
      if (!single) f.i32(0).set(offset).loop();
      f.get(0);
      push(base);
      f.op('i32Add');
      if (!single) f.get(offset).op('i32Add');
      f.set(first);
      advance();
      return amplitudes;
    },
    turn: () => amplitudes,
    close() {
      if (single) return;
      // The next index with zeros in all masked bits.
      f.get(offset);
      push(mask);
      f.op('i32Or').i32(32).op('i32Add');
      push(mask);
      f.i32(-1).op('i32Xor').op('i32And').tee(offset).i32(end).op('i32LtU').brIf(0).op('end');
    },
  };
}

/** Addresses of the register's amplitudes: one local and fixed offsets, or a local each from run-time strides. */
function writePlaces(
  f: FunctionBuilder,
  width: number,
  fixed: readonly number[] | undefined,
  parameter: (argument: number) => number,
  strides: number,
): { first: number; amplitudes: Place[]; advance: () => void } {
  const first = f.local(i32);
  const amplitudes: Place[] = [{ local: first, offset: 0 }];
  const relative: number[] = [];
  for (let a = 1; a < 1 << width; a++) {
    const low = a & -a;
    const stride = strides + Math.log2(low);
    if (fixed !== undefined) {
      const rest = amplitudes[a ^ low] as Place;
      amplitudes.push({ local: first, offset: rest.offset + (fixed[stride] as number) });
      continue;
    }
    const bytes = f.local(i32);
    relative[a] = bytes;
    f.get(parameter(stride));
    if (a !== low) f.get(relative[a ^ low] as number).op('i32Add');
    f.set(bytes);
    amplitudes.push({ local: f.local(i32), offset: 0 });
  }
  const advance = (): void => {
    relative.forEach((bytes, a) =>
      f
        .get(first)
        .get(bytes)
        .op('i32Add')
        .set((amplitudes[a] as Place).local),
    );
  };
  return { first, amplitudes, advance };
}

/** Kernels of chunks store at this parameter, where others take tables. */
const DESTINATION = 4;

/**
 * A chunk whose amplitudes lie where an affine map over GF(2) puts them. Counting from one round to the next flips the
 * bits up to the lowest zero, so that the next address is the last one exclusive-or one of as many vectors as there are
 * bits. The run-time argument is the offset among the constants of a table: these vectors, then those of the register's
 * bits, each where amplitudes are loaded and where they are stored (two 32-bit integers).
 */
export function mapWalk(
  f: FunctionBuilder,
  { width }: KernelSpec,
  { rounds, moves, lambda }: MapWalk,
  pushTable: () => unknown,
): Walk {
  const [table, round, entry] = [f.local(i32), f.local(i32), f.local(i32)];
  const size = 1 << width;
  const vectors = (part: 0 | 4): number[] => {
    const relative: number[] = [-1];
    for (let a = 1; a < size; a++) {
      const low = a & -a;
      relative.push(f.local(i32));
      f.get(table).i32Load(8 * (rounds + Math.log2(low)) + part);
      if (a !== low) f.get(relative[a ^ low] as number).op('i32Xor');
      f.set(relative[a] as number);
    }
    return relative;
  };
  const places = (first: number): Place[] =>
    Array.from({ length: size }, (_, a) => ({ local: a === 0 ? first : f.local(i32), offset: 0 }));
  const advance = (first: number, relative: readonly number[], list: readonly Place[]): void => {
    for (let a = 1; a < size; a++)
      f.get(first)
        .get(relative[a] as number)
        .op('i32Xor')
        .set((list[a] as Place).local);
  };
  const from = places(0);
  const to = moves
    ? from.map(({ local }, a) => ({ local: a === 0 ? DESTINATION : local, offset: 0 }))
    : from;
  pushTable();
  f.get(3).op('i32Add').set(table);
  const loads = vectors(0);
  const stores = moves ? vectors(4) : loads;
  return {
    lambda,
    open() {
      f.i32(1).set(round).loop();
      advance(0, loads, from);
      return from;
    },
    turn() {
      if (moves) advance(DESTINATION, stores, to);
      return to;
    },
    close() {
      f.get(table).get(round).op('i32Ctz').i32(3).op('i32Shl').op('i32Add').tee(entry);
      f.i32Load(0).get(0).op('i32Xor').set(0);
      if (moves) f.get(entry).i32Load(4).get(DESTINATION).op('i32Xor').set(DESTINATION);
      f.get(round).i32(1).op('i32Add').tee(round);
      f.i32((1 << rounds) + 1)
        .op('i32LtU')
        .brIf(0)
        .op('end');
    },
  };
}
