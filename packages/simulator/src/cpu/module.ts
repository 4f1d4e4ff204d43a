/**
 * Assembles the WebAssembly module of a program: the fixed functions, one kernel per group structure, and `run`, which
 * takes a number of blocks (two examples each) through the whole circuit, or `gradient`, which also walks back.
 */
import { FunctionBuilder, compileWasm, encodeModule, valueType } from '@ketwork/base';
import { ConstantData } from './constant-data.ts';
import { coefficientsOf, support } from './element.ts';
import type { Coefficient, Element } from './element.ts';
import { groupElements, isDense } from './group.ts';
import type { Group } from './group.ts';
import { kernelArguments, kernelCall, stride } from './kernel-spec.ts';
import { writeKernel } from './kernel.ts';
import type { Lowered } from './lower.ts';
import { bitCount } from './readout.ts';
import type { DiagonalEntry, Readout, ReadoutStep } from './readout.ts';
import { runtime, runtimeFunctions } from './runtime.ts';
import { isSmall, writeSmallMeans, writeSmallSeed } from './small-readout.ts';
import type { SmallReadout } from './small-readout.ts';

const { i32 } = valueType;

/**
 * Register qubits of a group, as measured on V8 13: three save memory traffic once a state no longer fits the first
 * cache next to its coefficients; the backward pass holds two states and takes two.
 */
const forwardGroup = (qubits: number): number => (qubits > 6 ? 3 : 2);
const BACKWARD_GROUP = 2;
/** Up to here a kernel does so little per call that passing its arguments shows; they become part of its code. */
const FIXED_QUBITS = 4;

/** What a module was built for. */
export interface GradientWants {
  /** Nodes of the angle table that need a gradient. */
  readonly nodes: readonly boolean[];
  /** Whether lambda must reach the beginning, for gradients of embedded amplitudes. */
  readonly amplitudes: boolean;
}

/** A compiled module with the sizes its caller needs to lay out memory. */
export interface EngineModule {
  readonly module: WebAssembly.Module;
  readonly constants: Uint8Array;
  readonly scratchBytes: number;
  readonly inputBytes: number;
  /** Merged diagonals; the caller fills in their phases before each run. */
  readonly tables: readonly Table[];
  readonly groups: number;
  readonly kernels: number;
  readonly codeBytes: number;
}

/** Bytes of staged data per block: prepared amplitudes and Hermitian matrices that come with the data, then nothing else. */
export function inputLayout(
  lowered: Lowered,
  readout: Readout,
): { preparations: number[]; matrices: Map<ReadoutStep, number>; bytes: number } {
  let bytes = 0;
  const preparations = lowered.preparations.map(({ qubits }) => {
    const at = bytes;
    bytes += 32 * 2 ** qubits.length;
    return at;
  });
  const matrices = new Map<ReadoutStep, number>();
  for (const step of readout.steps) {
    if (step.type !== 'hermitian' || !('slot' in step.matrix)) continue;
    matrices.set(step, bytes);
    bytes += 32 * 4 ** step.qubits.length;
  }
  return { preparations, matrices, bytes };
}

/** Parameters of `run` and `gradient`, in order. */
const argument = {
  state: 0,
  shared: 1,
  pairs: 2,
  constants: 3,
  angles: 4,
  input: 5,
  scratch: 6,
  count: 7,
  out: 8, // run
  dy: 8, // gradient
  sharedCells: 9,
  batchCells: 10,
  sharedCellStride: 11,
  tables: 12,
  tableCells: 13,
  packed: 14,
} as const;

/**
 * Whether a program holds its state packed: a circuit run on one example at a time uses both lanes for the values of its
 * last qubit. Small circuits, and operations on all qubits, lack the spare address bit that exchanging qubit and lane needs.
 */
export const isPacked = ({ batched, qubits, preparations, elements }: Lowered): boolean =>
  !batched &&
  qubits >= 4 &&
  preparations.length === 0 &&
  elements.every((element) => !isDense(element) && support(element).length < qubits);

/** A merged diagonal: a table of `e^{i Φ}`, 32 bytes per basis state, and its gradient cells, 16 bytes each. */
export type Table = Element & { readonly type: 'table' };

const cache = new Map<string, WebAssembly.Module>();
const CACHE_LIMIT = 256;

/** Compiles the module bytes, or takes the module of equal bytes from the process-wide cache. */
function compileCached(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  let id = '';
  for (let i = 0; i < bytes.length; i += 8192)
    id += String.fromCharCode(...bytes.subarray(i, i + 8192));
  const known = cache.get(id);
  if (known !== undefined) {
    cache.delete(id);
    cache.set(id, known);
    return known;
  }
  const module = compileWasm(bytes);
  cache.set(id, module);
  if (cache.size > CACHE_LIMIT) cache.delete(cache.keys().next().value as string);
  return module;
}

/** Builds the module of a circuit: forward only, or with the backward pass for what `wants` names. */
export function buildModule(
  lowered: Lowered,
  readout: Readout,
  wants?: GradientWants,
): EngineModule {
  const writer = new ProgramWriter(lowered, readout);
  writer.forward();
  if (wants === undefined) writer.readOut();
  else writer.backward(wants);
  return writer.finish(wants === undefined ? 'run' : 'gradient');
}

class ProgramWriter {
  readonly #lowered: Lowered;
  readonly #readout: Readout;
  readonly #functions: { name?: string; body: FunctionBuilder }[] = runtimeFunctions().map(
    (body) => ({ body }),
  );
  readonly #kernels = new Map<string, number>();
  readonly #constants = new ConstantData();
  readonly #main: FunctionBuilder;
  readonly #stateBytes: number;
  readonly #packed: boolean;
  #scratchBytes = 16;
  readonly #tables: Table[];
  #groups = 0;
  #gradient = false;

  constructor(lowered: Lowered, readout: Readout) {
    this.#lowered = lowered;
    this.#readout = readout;
    this.#stateBytes = 2 ** (lowered.qubits + 5);
    this.#tables = lowered.elements.filter((element) => element.type === 'table');
    this.#packed = isPacked(lowered);
    this.#main = new FunctionBuilder(Array(15).fill(i32));
    this.#main.loop();
  }

  /** From |0…0⟩ to the final state. */
  forward(): void {
    const main = this.#main;
    const { batch, elements, qubits } = this.#lowered;
    if (batch.length > 0) {
      main.get(argument.angles).get(argument.pairs).i32(batch.length).call(runtime.sincos);
    }
    if (this.#packed) {
      main
        .get(argument.packed)
        .i32(this.#stateBytes / 2)
        .call(runtime.clear);
      main.get(argument.packed).f64(1).f64Store();
      for (const group of this.#group(elements, forwardGroup(qubits)))
        this.#apply(group, false, () => false);
      main
        .get(argument.state)
        .get(argument.packed)
        .i32(this.#stateBytes / 2)
        .call(runtime.spread);
      return;
    }
    if (qubits <= FIXED_QUBITS) {
      for (let at = 16; at < this.#stateBytes; at += 16)
        main.get(argument.state).f64x2(0).store(at);
    } else main.get(argument.state).i32(this.#stateBytes).call(runtime.clear);
    main.get(argument.state).f64x2(1).store();
    this.#prepare();
    for (const group of this.#group(elements, forwardGroup(qubits)))
      this.#apply(group, false, () => false);
  }

  #group(elements: readonly Element[], size: number): Group[] {
    const { qubits } = this.#lowered;
    return groupElements(elements, qubits, size, this.#packed ? qubits - 1 : undefined);
  }

  #prepare(): void {
    const layout = inputLayout(this.#lowered, this.#readout);
    let before = 0;
    this.#lowered.preparations.forEach(({ qubits }, i) => {
      const mask = this.#mask(qubits);
      this.#main
        .get(argument.state)
        .get(argument.input)
        .i32(layout.preparations[i] as number)
        .op('i32Add');
      this.#main.i32(mask).i32(before).call(runtime.expand);
      before |= mask;
    });
  }

  /** Byte mask of qubits. */
  #mask(qubits: readonly number[]): number {
    return qubits.reduce((mask, qubit) => mask | stride(qubit, this.#lowered.qubits), 0);
  }

  /** Byte mask of the qubits not in a byte mask. */
  #rest(mask: number): number {
    return (this.#stateBytes - 32) & ~mask;
  }

  #apply(group: Group, backward: boolean, wants: (coefficient: Coefficient) => boolean): void {
    this.#groups++;
    const [only] = group.elements;
    if (only !== undefined && isDense(only)) {
      this.#dense(group, only, backward);
      return;
    }
    const { qubits } = this.#lowered;
    const call = this.#packed
      ? kernelCall(group, qubits - 1, qubits - 1, backward, wants)
      : kernelCall(group, qubits, undefined, backward, wants);
    const constants = call.constants.map((values) =>
      values.length === 0 ? 0 : this.#constants.doubles(values),
    );
    const table =
      call.table === undefined ? undefined : this.#tables.indexOf(call.table) * this.#stateBytes;
    const values = kernelArguments(call, constants, table);
    const fixed = this.#lowered.qubits <= FIXED_QUBITS;
    const id = JSON.stringify(fixed ? [call.spec, values] : call.spec);
    let kernel = this.#kernels.get(id);
    if (kernel === undefined) {
      kernel =
        this.#functions.push({ body: writeKernel(call.spec, fixed ? values : undefined) }) - 1;
      this.#kernels.set(id, kernel);
    }
    const main = this.#main;
    main.get(this.#packed ? argument.packed : argument.state);
    main.get(argument.shared).get(argument.pairs).get(argument.constants).get(argument.tables);
    if (backward) main.get(argument.sharedCells).get(argument.batchCells).get(argument.tableCells);
    if (!fixed) for (const value of values) main.i32(value);
    main.call(kernel);
  }

  #dense(group: Group, element: Element & { type: 'matrix' }, backward: boolean): void {
    let { matrix } = element;
    const size = 2 ** element.qubits.length;
    if (backward) {
      const original = matrix;
      matrix = Array.from({ length: 2 * size * size }, (_, i) => {
        const entry = i >> 1;
        const mirrored = original[
          2 * ((entry % size) * size + Math.floor(entry / size)) + (i & 1)
        ] as number;
        return (i & 1) === 1 ? -mirrored : mirrored;
      });
    }
    const base = this.#mask(
      group.controls.filter(({ value }) => value === 1).map(({ qubit }) => qubit),
    );
    const offsets = this.#offsets(element.qubits, base);
    const rest = this.#rest(
      this.#mask(element.qubits) | this.#mask(group.controls.map(({ qubit }) => qubit)),
    );
    const at = this.#constants.doubles(matrix);
    this.#scratchBytes = Math.max(this.#scratchBytes, 32 * size);
    for (const state of backward ? [0, this.#stateBytes] : [0]) {
      this.#main.get(argument.state).i32(state).op('i32Add');
      this.#constant(at);
      this.#constant(offsets);
      this.#main
        .i32(4 * size)
        .i32(rest)
        .get(argument.scratch)
        .call(runtime.dense);
    }
  }

  /** Byte offsets of the amplitudes of a set of qubits, first qubit most significant. */
  #offsets(qubits: readonly number[], base: number): number {
    const size = 2 ** qubits.length;
    const strides = qubits.map((qubit) => stride(qubit, this.#lowered.qubits));
    return this.#constants.integers(
      Array.from({ length: size }, (_, index) =>
        strides.reduce(
          (sum, bytes, i) => (((index >> (qubits.length - 1 - i)) & 1) === 1 ? sum + bytes : sum),
          base,
        ),
      ),
    );
  }

  /** Pushes the address of a constant. */
  #constant(offset: number): void {
    this.#main.get(argument.constants).i32(offset).op('i32Add');
  }

  /** Fills the (cleared) columns of a block. */
  readOut(): void {
    const main = this.#main;
    const column = (index: number): unknown =>
      main
        .get(argument.out)
        .i32(16 * index)
        .op('i32Add');
    for (const step of this.#readout.steps) {
      if (step.type === 'state') continue; // the caller reads the state itself
      if (step.type === 'probabilities') {
        main.get(argument.state);
        column(step.column);
        main
          .i32(32 * step.kept)
          .i32(this.#rest(32 * step.kept))
          .call(runtime.marginal);
      } else if (step.type === 'diagonal' && isSmall(this.#lowered.qubits, step.entries)) {
        writeSmallMeans(main, this.#small(step, argument.out));
      } else if (step.type === 'diagonal') {
        const { bytes, table } = this.#diagonal(step);
        main
          .get(argument.state)
          .get(argument.scratch)
          .i32(32 * step.kept)
          .i32(this.#rest(32 * step.kept));
        main.call(runtime.marginal);
        main.get(argument.scratch).i32(bytes).call(runtime.walshHadamard);
        main.get(argument.scratch);
        this.#constant(table);
        main.i32(step.entries.length).get(argument.out).call(runtime.pick);
      } else if (step.type === 'pauli') {
        const { odd, sign } = pauliPhase(step);
        // Pairs are enumerated by the highest flipped bit; without one every amplitude is its own partner.
        const top = step.x === 0 ? 0 : 2 ** (31 - Math.clz32(step.x));
        const count = step.x === 0 ? 1 : 2;
        main
          .get(argument.state)
          .i32(32 * step.x)
          .i32(32 * step.z)
          .i32(32 * top)
          .i32(this.#stateBytes);
        // Pairs count twice; the imaginary part of conj(psi_a) psi_b enters with a minus sign.
        this.#constant(this.#constants.doubles([count * (odd ? -sign : sign) * step.weight]));
        column(step.column);
        main.call(odd ? runtime.pauliOdd : runtime.pauliEven);
      } else {
        main.get(argument.state);
        this.#hermitian(step);
        column(step.column);
        main.call(runtime.hermitian);
      }
    }
    if (this.#readout.columns > 0) {
      main
        .get(argument.out)
        .i32(16 * this.#readout.columns)
        .op('i32Add')
        .set(argument.out);
    }
  }

  #small(step: ReadoutStep & { type: 'diagonal' }, columns: number): SmallReadout {
    const { qubits } = this.#lowered;
    const weights = this.#constants.doubles(step.entries.map(({ weight }) => weight));
    const pushWeight = (entry: DiagonalEntry): void => {
      this.#main.get(argument.constants).loadSplat(weights + 8 * step.entries.indexOf(entry));
    };
    return { qubits, state: argument.state, columns, entries: step.entries, pushWeight };
  }

  #diagonal(step: ReadoutStep & { type: 'diagonal' }): { bytes: number; table: number } {
    const bytes = 16 * 2 ** bitCount(step.kept);
    this.#scratchBytes = Math.max(this.#scratchBytes, bytes);
    const rows = step.entries.map(({ mask, column, weight }) => ({
      value: 16 * compress(mask, step.kept),
      column: 16 * column,
      weight,
    }));
    return { bytes, table: this.#constants.table(rows) };
  }

  /** Pushes matrix, offsets, their length and the mask of the other qubits. */
  #hermitian(step: ReadoutStep & { type: 'hermitian' }): void {
    const main = this.#main;
    const size = 2 ** step.qubits.length;
    if ('slot' in step.matrix) {
      const { matrices } = inputLayout(this.#lowered, this.#readout);
      main
        .get(argument.input)
        .i32(matrices.get(step) as number)
        .op('i32Add');
    } else {
      this.#constant(
        this.#constants.doubles(step.matrix.values.flatMap((value) => [value, value])),
      );
    }
    this.#constant(this.#offsets(step.qubits, 0));
    main.i32(4 * size).i32(this.#rest(this.#mask(step.qubits)));
  }

  /** lambda = Σ dy · O psi, then back through the circuit. */
  backward(wants: GradientWants): void {
    this.#gradient = true;
    this.#seed();
    const { elements } = this.#lowered;
    const wanted = (coefficient: Coefficient): boolean => wants.nodes[coefficient.node] === true;
    const first = wants.amplitudes
      ? 0
      : elements.findIndex((element) => coefficientsOf(element).some(wanted));
    if (first < 0) return;
    const half = this.#stateBytes / 2;
    if (this.#packed) {
      this.#main.get(argument.packed).i32(half).op('i32Add');
      this.#main
        .get(argument.state)
        .i32(this.#stateBytes)
        .op('i32Add')
        .i32(half)
        .call(runtime.gather);
    }
    for (const group of this.#group(elements.slice(first).toReversed(), BACKWARD_GROUP))
      this.#apply(group, true, wanted);
    if (this.#tables.length > 0) this.#contractBlock();
  }

  /** Where cells of shared coefficients are kept per block, those of tables must be contracted block by block too. */
  #contractBlock(): void {
    const main = this.#main;
    const contract = this.#functions.push({ name: 'contract', body: this.#contraction() }) - 1;
    main.get(argument.sharedCellStride).if();
    main.get(argument.tableCells).get(argument.constants).get(argument.sharedCells).call(contract);
    main
      .get(argument.tableCells)
      .i32((this.#stateBytes / 2) * this.#tables.length)
      .call(runtime.clear)
      .op('end');
  }

  /**
   * (table cells, constants, shared cells): gradients of the tables' coefficients. With the sum of cells under each
   * parity from one Walsh–Hadamard transform, dL/dθ = offset · W[0] + weight · (W[0] - W[mask]) / 2.
   */
  #contraction(): FunctionBuilder {
    const f = new FunctionBuilder([i32, i32, i32]);
    const bytes = this.#stateBytes / 2;
    this.#tables.forEach(({ parts }, t) => {
      const cells = (): unknown =>
        f
          .get(0)
          .i32(t * bytes)
          .op('i32Add');
      cells();
      f.i32(bytes).call(runtime.walshHadamard);
      const rows = parts.flatMap(({ mask, weight, offset, coefficient }) => [
        { value: 0, column: 16 * coefficient.index, weight: offset + weight / 2 },
        { value: 16 * mask, column: 16 * coefficient.index, weight: -weight / 2 },
      ]);
      cells();
      f.get(1)
        .i32(this.#constants.table(rows))
        .op('i32Add')
        .i32(rows.length)
        .get(2)
        .call(runtime.pick);
    });
    return f;
  }

  /** (phases, tables): turns each table's Walsh–Hadamard coefficients of Φ (16 bytes each) into cosines and sines. */
  #tabulate(): FunctionBuilder {
    const f = new FunctionBuilder([i32, i32]);
    const bytes = this.#stateBytes / 2;
    this.#tables.forEach((_, t) => {
      f.get(0)
        .i32(t * bytes)
        .op('i32Add')
        .i32(bytes)
        .call(runtime.walshHadamard);
      f.get(0)
        .i32(t * bytes)
        .op('i32Add')
        .get(1)
        .i32(t * this.#stateBytes)
        .op('i32Add');
      f.i32(2 ** this.#lowered.qubits).call(runtime.sincos);
    });
    return f;
  }

  /** Writes lambda. */
  #seed(): void {
    const main = this.#main;
    const { steps, columns } = this.#readout;
    const lambda = (): unknown => main.get(argument.state).i32(this.#stateBytes).op('i32Add');
    const column = (index: number): unknown =>
      main
        .get(argument.dy)
        .i32(16 * index)
        .op('i32Add');
    let written = false;
    const [head] = steps;
    if (head?.type !== 'diagonal' && head?.type !== 'probabilities') {
      lambda();
      main.i32(this.#stateBytes).call(runtime.clear);
      written = true;
    }
    for (const step of steps) {
      if (step.type === 'diagonal' && isSmall(this.#lowered.qubits, step.entries)) {
        // Writes lambda, so it comes first; a plan has no second diagonal step.
        writeSmallSeed(main, this.#small(step, argument.dy));
        written = true;
      } else if (step.type === 'diagonal' || step.type === 'probabilities') {
        if (step.type === 'diagonal') {
          const { bytes, table } = this.#diagonal(step);
          main.get(argument.scratch).i32(bytes).call(runtime.clear);
          main.get(argument.scratch);
          this.#constant(table);
          main.i32(step.entries.length).get(argument.dy).call(runtime.scatter);
          main.get(argument.scratch).i32(bytes).call(runtime.walshHadamard);
        }
        main.get(argument.state);
        lambda();
        if (step.type === 'diagonal') main.get(argument.scratch);
        else column(step.column);
        main.i32(32 * step.kept).i32(this.#rest(32 * step.kept));
        main.call(written ? runtime.addDiagonal : runtime.setDiagonal);
        written = true;
      } else if (step.type === 'pauli') {
        const { odd, sign } = pauliPhase(step);
        main.get(argument.state);
        lambda();
        main
          .i32(32 * step.x)
          .i32(32 * step.z)
          .i32(this.#stateBytes);
        this.#constant(this.#constants.doubles([sign * step.weight]));
        column(step.column);
        main.call(odd ? runtime.addPauliOdd : runtime.addPauliEven);
      } else if (step.type === 'hermitian') {
        main.get(argument.state);
        lambda();
        this.#hermitian(step);
        column(step.column);
        main.call(runtime.addHermitian);
      } else {
        // The cotangent of the state follows the columns, already halved and laid out like a state.
        lambda();
        column(columns);
        main.i32(this.#stateBytes).call(runtime.addVector);
      }
    }
  }

  /** Moves on to the next block and encodes the module. */
  finish(name: 'run' | 'gradient'): EngineModule {
    const main = this.#main;
    const { batch } = this.#lowered;
    const input = inputLayout(this.#lowered, this.#readout).bytes;
    const advance = (local: number, bytes: number): void => {
      if (bytes > 0) main.get(local).i32(bytes).op('i32Add').set(local);
    };
    advance(argument.angles, 16 * batch.length);
    advance(argument.input, input);
    if (this.#gradient) {
      advance(argument.dy, cotangentBytes(this.#lowered.qubits, this.#readout));
      advance(argument.batchCells, 16 * batch.length);
      main
        .get(argument.sharedCells)
        .get(argument.sharedCellStride)
        .op('i32Add')
        .set(argument.sharedCells);
    }
    main.get(argument.count).i32(1).op('i32Sub').tee(argument.count).brIf(0).op('end');
    if (this.#tables.length > 0) this.#functions.push({ name: 'tabulate', body: this.#tabulate() });
    const bytes = encodeModule({
      functions: [...this.#functions, { name, body: main }],
      memory: { minimum: 1 },
    });
    return {
      module: compileCached(bytes),
      constants: this.#constants.bytes.slice(),
      scratchBytes: this.#scratchBytes,
      inputBytes: input,
      tables: this.#tables,
      groups: this.#groups,
      kernels: this.#kernels.size,
      codeBytes: bytes.length,
    };
  }
}

/** Bytes of cotangents per block: the columns, then the state's where it is measured. */
export function cotangentBytes(qubits: number, readout: Readout): number {
  const state = readout.steps.some(({ type }) => type === 'state') ? 2 ** (qubits + 5) : 0;
  return 16 * readout.columns + state;
}

/** A Pauli string is i^|x&z| X^x Z^z: whether the power of i is odd, and the sign that remains. */
function pauliPhase({ x, z }: { x: number; z: number }): { odd: boolean; sign: number } {
  const power = bitCount(x & z) & 3;
  return { odd: (power & 1) === 1, sign: power >= 2 ? -1 : 1 };
}

/** The bits of `value` under `mask`, moved together. */
function compress(value: number, mask: number): number {
  let out = 0;
  let at = 1;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    if ((value & rest & -rest) !== 0) out |= at;
    at <<= 1;
  }
  return out;
}
