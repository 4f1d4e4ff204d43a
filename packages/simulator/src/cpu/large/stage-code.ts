/**
 * Code of one stage: for each chunk of a range, the coefficients that depend on the chunk, then its work. The first kernel
 * of a chunk loads from the state, the last one stores there; between them the chunk lies in scratch memory that fits the
 * second-level cache. Flips cost nothing: they only change where the next kernel looks.
 */
import { valueType } from '@ketwork/base';
import type { FunctionBuilder } from '@ketwork/base';
import { laneQubitsOf, lanesOf, VectorCode } from '../arithmetic.ts';
import type { Numerics } from '../arithmetic.ts';
import type { Coefficient } from '../element.ts';
import { flopsOf, movedBytes } from '../flops.ts';
import type { Group } from '../group.ts';
import { kernelCall } from '../kernel-spec.ts';
import type { KernelSpec } from '../kernel-spec.ts';
import { bitCount } from '../../bits.ts';
import { AddressMap, ascending, composeFlips } from './address-map.ts';
import type { Shift } from './address-map.ts';
import type { ChunkCoefficient, Condition } from './chunk.ts';
import type { LocalFlip, Work } from './schedule.ts';

const { i32 } = valueType;

/** Parameters of a stage's function, in order. */
const stageArgument = {
  state: 0,
  scratch: 1,
  shared: 2,
  pairs: 3,
  constants: 4,
  from: 5,
  to: 6,
  /** Backward only: gradient cells of the program's and of the chunk's coefficients. */
  sharedCells: 7,
  pairCells: 8,
} as const;

/** What the code of a stage refers to. */
export interface StageContext {
  /** Local qubits in order; the last ones lie in the lanes. */
  readonly local: readonly number[];
  readonly qubits: number;
  readonly backward: boolean;
  readonly numerics: Numerics;
  readonly chunk: readonly ChunkCoefficient[];
  readonly wants: (coefficient: Coefficient) => boolean;
  /** Index of the function of a kernel. */
  readonly kernel: (spec: KernelSpec) => number;
  readonly doubles: (values: readonly number[]) => number;
  readonly integers: (values: readonly number[]) => number;
  /** Counts the arithmetic of a group, and the bytes it loads and stores, on the whole state. */
  readonly count: (flops: number, bytes: number) => void;
}

/** Where a chunk lies: an address, held by a local, of index 0, and the map of the other indices. */
interface Location {
  readonly address: number;
  readonly map: AddressMap;
}

/** Amplitudes that a kernel without elements copies at a time: two local qubits. */
const COPY_QUBITS = 2;

/** Bytes of a state of n qubits, the last ones in the lanes. */
export const packedBytes = (qubits: number, numerics: Numerics): number =>
  2 ** (qubits + 5) / lanesOf(numerics);

/** Writes a stage's function. */
export function writeStage(work: readonly Work[], context: StageContext): FunctionBuilder {
  const addressed = context.local.length - laneQubitsOf(context.numerics);
  return new StageWriter(context).write(withCopies(work, addressed));
}

/** Makes the first and the last kernel ones that pass every amplitude, and not the same where amplitudes change places. */
function withCopies(work: readonly Work[], addressed: number): Work[] {
  const register = Array.from({ length: Math.min(COPY_QUBITS, addressed) }, (_, q) => q);
  const copy: Work = {
    type: 'group',
    group: { register, controls: [], elements: [] },
    condition: { mask: 0, value: 0 },
  };
  const whole = (entry: Work): boolean =>
    entry.type === 'group' && entry.group.controls.length === 0 && entry.condition.mask === 0;
  const out = [...work];
  const groups = out.filter(({ type }) => type === 'group');
  const [first] = groups;
  const last = groups.at(-1);
  if (first === undefined || last === undefined) return [copy, ...out, copy];
  if (!whole(first)) out.unshift(copy);
  if (!whole(last)) out.push(copy);
  else if (first === last && out.some(({ type }) => type === 'flip')) out.push(copy);
  return out;
}

class StageWriter {
  readonly #context: StageContext;
  readonly #f: VectorCode;
  /** How many qubits lie in the lanes. */
  readonly #inLanes: number;
  readonly #lanes: readonly number[];
  readonly #chunk: number;
  /** Addresses of the chunk's index 0 in the state, in scratch memory, and where it goes back to. */
  readonly #origin: number;
  readonly #inner: number;
  readonly #target: number;
  readonly #columns: readonly number[];
  readonly #scratchColumns: readonly number[];

  constructor(context: StageContext) {
    this.#context = context;
    const { local, qubits, backward, numerics } = context;
    this.#inLanes = laneQubitsOf(numerics);
    this.#f = new VectorCode(numerics, Array(backward ? 9 : 7).fill(i32));
    this.#chunk = this.#f.local(i32);
    this.#origin = this.#f.local(i32);
    this.#inner = this.#f.local(i32);
    this.#target = this.#f.local(i32);
    const bits = local.length - this.#inLanes;
    this.#lanes = range(bits, local.length);
    this.#columns = local.slice(0, bits).map((qubit) => 2 ** (qubits + 4 - this.#inLanes - qubit));
    this.#scratchColumns = Array.from({ length: bits }, (_, p) => 2 ** (bits + 4 - p));
  }

  write(work: readonly Work[]): FunctionBuilder {
    const f = this.#f;
    f.get(stageArgument.from).set(this.#chunk).loop();
    this.#findChunk();
    this.#coefficients();
    const groups = work.flatMap((entry, at) => (entry.type === 'group' ? [at] : []));
    const last = groups.at(-1) as number;
    let here: Location = { address: this.#origin, map: new AddressMap(this.#columns) };
    work.forEach((entry, at) => {
      if (entry.type === 'flip') {
        if (at < last) this.#shift(here.address, here.map.flip(entry.flip));
        return;
      }
      let there = here;
      if (at === last && here.address === this.#origin && at === groups[0]) {
        // A single kernel that moves nothing works in place.
      } else if (at === last) {
        there = this.#out(work.slice(at + 1).flatMap((w) => (w.type === 'flip' ? [w.flip] : [])));
      } else if (at === groups[0]) {
        f.get(stageArgument.scratch).set(this.#inner);
        there = { address: this.#inner, map: new AddressMap(this.#scratchColumns) };
      }
      this.#call(entry.group, entry.condition, here, there);
      here = there;
    });
    if (this.#context.backward) this.#chunkGradients();
    f.get(this.#chunk).i32(1).op('i32Add').tee(this.#chunk).get(stageArgument.to).op('i32LtU');
    f.brIf(0).op('end');
    return f;
  }

  /** Spreads the bits of the chunk's number over the qubits that are not local. */
  #findChunk(): void {
    const f = this.#f;
    const { local, qubits } = this.#context;
    const outside = Array.from({ length: qubits }, (_, q) => q).filter((q) => !local.includes(q));
    f.get(stageArgument.state);
    outside.forEach((qubit, i) => {
      const bit = outside.length - 1 - i;
      f.get(this.#chunk)
        .i32(1 << bit)
        .op('i32And');
      const move = qubits + 4 - this.#inLanes - qubit - bit;
      f.i32(move).op('i32Shl').op('i32Or');
    });
    f.tee(this.#origin).set(this.#target);
  }

  /** Pushes whether the chunk satisfies a condition. */
  #pushCondition({ mask, value }: Condition): void {
    this.#f.get(this.#chunk).i32(mask).op('i32And').i32(value).op('i32Eq');
  }

  /** Works out the coefficients that depend on the chunk. */
  #coefficients(): void {
    const f = this.#f;
    if (this.#context.chunk.length === 0) return;
    this.#context.chunk.forEach((coefficient, i) => {
      const { base, mask, sign } = coefficient;
      f.get(stageArgument.pairs);
      f.get(stageArgument.shared).loadSplat(16 * base);
      if (mask !== 0) {
        f.vector(1);
        this.#pushCondition(coefficient);
        f.op('select');
      }
      f.store(32 * i);
      f.get(stageArgument.pairs);
      f.get(stageArgument.shared).loadSplat(16 * base + f.bytes);
      if (sign !== 0) this.#applySign(sign);
      if (mask !== 0) {
        f.vector(0);
        this.#pushCondition(coefficient);
        f.op('select');
      }
      f.store(32 * i + 16);
    });
  }

  /** Changes the sign of the popped vector where the chunk's number has an odd number of these bits. */
  #applySign(bits: number): void {
    this.#f.get(this.#chunk).i32(bits).op('i32And').op('i32Popcnt').sign().op('v128Xor');
  }

  /** Adds what the chunk's gradient cells gathered to those of the program's coefficients, and clears them. */
  #chunkGradients(): void {
    const f = this.#f;
    this.#context.chunk.forEach((coefficient, i) => {
      const { base, mask, sign } = coefficient;
      if (mask !== 0) {
        this.#pushCondition(coefficient);
        f.if();
      }
      f.get(stageArgument.sharedCells)
        .get(stageArgument.sharedCells)
        .load(16 * base);
      f.get(stageArgument.pairCells).load(16 * i);
      if (sign !== 0) this.#applySign(sign);
      f.add().store(16 * base);
      if (mask !== 0) f.op('end');
      f.get(stageArgument.pairCells)
        .vector(0)
        .store(16 * i);
    });
  }

  #shift(address: number, shift: Shift | undefined): void {
    if (shift === undefined) return;
    const f = this.#f;
    f.get(address).i32(shift.offset >>> 0);
    if (shift.mask !== 0) {
      this.#pushCondition(shift);
      f.op('i32Mul');
    }
    f.op('i32Xor').set(address);
  }

  /** Where the last kernel puts amplitudes so that the flips behind it are done. */
  #out(flips: readonly LocalFlip[]): Location {
    const { columns, shifts } = composeFlips(flips, this.#columns);
    for (const shift of shifts) this.#shift(this.#target, shift);
    return { address: this.#target, map: new AddressMap(columns) };
  }

  #call(group: Group, condition: Condition, from: Location, to: Location): void {
    const f = this.#f;
    const { local, backward, wants, qubits, numerics } = this.#context;
    const bits = local.length - this.#inLanes;
    const call = kernelCall(group, bits, this.#lanes, backward, wants);
    const behind = (at: Location): number =>
      packedBytes(at.address === this.#inner ? local.length : qubits, numerics);
    const moves = from !== to;
    const outer = group.controls.map(({ qubit }) => qubit);
    // Neighbours in memory first.
    const rest: number[] = [];
    for (let p = bits - 1; p >= 0; p--)
      if (!call.addresses.includes(p) && !outer.includes(p)) rest.push(p);
    const { qubits: addressed, width, lanes, axes, steps } = call.spec;
    const spec: KernelSpec = {
      qubits: addressed,
      width,
      backward,
      lanes,
      axes,
      steps,
      walk: {
        rounds: rest.length,
        moves,
        lambda: { from: backward ? behind(from) : 0, to: backward ? behind(to) : 0 },
      },
    };
    // In the order of the state, which lies farther away than scratch memory.
    const loading = to.address !== this.#target;
    const [first, second] = loading ? [from, to] : [to, from];
    const { ordered, others } = ascending(columnsOf(first, rest), columnsOf(second, rest));
    const [loads, stores] = loading ? [ordered, others] : [others, ordered];
    // From one round to the next, counting flips all bits up to the lowest that was 0.
    const numbers: number[] = [];
    let [load, store] = [0, 0];
    for (let i = 0; i < loads.length; i++) {
      load ^= loads[i] as number;
      store ^= stores[i] as number;
      numbers.push(load, store);
    }
    for (const p of call.addresses)
      numbers.push(from.map.columns[p] as number, to.map.columns[p] as number);
    const table = this.#context.integers(numbers);
    // All lanes of a vector; a condition holds in some chunks only.
    const share = 2 ** (qubits - bits - bitCount(condition.mask));
    const amplitudes = share * 2 ** (rest.length + call.addresses.length);
    this.#context.count(
      flopsOf(spec) * share * 2 ** rest.length,
      movedBytes(numerics) * amplitudes,
    );
    const kernel = this.#context.kernel(spec);
    const constants = call.constants.map((values) =>
      values.length === 0 ? 0 : this.#context.doubles(values),
    );
    if (condition.mask !== 0) {
      this.#pushCondition(condition);
      f.if();
    }
    const controls = group.controls.filter(({ value }) => value === 1);
    const push = ({ address, map }: Location): void => {
      const base = controls.reduce((sum, { qubit }) => sum ^ (map.columns[qubit] as number), 0);
      f.get(address);
      if (base !== 0) f.i32(base >>> 0).op('i32Xor');
    };
    push(from);
    f.get(stageArgument.shared).get(stageArgument.pairs).get(stageArgument.constants);
    push(to);
    if (backward) f.get(stageArgument.sharedCells).get(stageArgument.pairCells).i32(0);
    f.i32(table);
    for (const { axis, index } of call.coefficients) f.i32(index * (axis === 'shared' ? 16 : 32));
    for (const at of constants) f.i32(at);
    f.call(kernel);
    if (condition.mask !== 0) f.op('end');
  }
}

/** Where the map of a location leads some local qubits. */
const columnsOf = ({ map }: Location, list: readonly number[]): number[] =>
  list.map((p) => map.columns[p] as number);

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
