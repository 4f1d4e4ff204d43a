/**
 * Assembles the WebAssembly module of a program: the fixed functions, one kernel per group structure, and `run`, which
 * takes a number of blocks (two examples each) through the whole circuit, or `gradient`, which also walks back.
 */
import type { FunctionBuilder } from '@ketwork/base';
import { lanesOf } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { coefficientsOf, support } from './element.ts';
import type { Coefficient, Element } from './element.ts';
import { flopsOf, movedBytes } from './flops.ts';
import { FoldCode, pairsLayout } from './fold-code.ts';
import { groupElements, isDense } from './group.ts';
import type { Group } from './group.ts';
import { kernelArguments, kernelCall, kernelId } from './kernel-spec.ts';
import type { KernelCall } from './kernel-spec.ts';
import { link } from './link.ts';
import type { LinkedFunction, LinkedModule } from './link.ts';
import type { Lowered } from './lower.ts';
import { MainCode, argument } from './main-code.ts';
import type { Weight } from './main-code.ts';
import { adjoint } from './pattern.ts';
import { PrefixCode } from './prefix-code.ts';
import { cotangentBytes, inputLayout, writeReadout, writeSeed } from './readout-code.ts';
import type { ReadoutPlan } from './readout-code.ts';
import type { Readout } from './readout.ts';
import { runtime } from './runtime.ts';
import { contraction, tabulation } from './table-code.ts';
import type { Table } from './table-code.ts';
import { fixedFunctions, kernelOnce } from './written.ts';

/**
 * Register qubits of a group, as measured on V8 13: three save memory traffic once a state no longer fits the first
 * cache next to its coefficients; the backward pass holds two states and takes two.
 */
const forwardGroup = (qubits: number): number => (qubits > 6 ? 3 : 2);
const BACKWARD_GROUP = 2;
/** Up to here a kernel does so little per call that passing its arguments shows; they become part of its code. */
const FIXED_QUBITS = 4;
/** Up to here a kernel does so little that calling it in another module shows. */
const WHOLE_QUBITS = 6;

/** What a module was built for. */
export interface GradientWants {
  /** Nodes of the angle table that need a gradient. */
  readonly nodes: readonly boolean[];
  /** Whether lambda must reach the beginning, for gradients of embedded amplitudes. */
  readonly amplitudes: boolean;
}

/** A compiled module with the sizes its caller needs to lay out memory. */
export interface EngineModule {
  /** Compiled when first asked for: sizes are known before. */
  readonly linked: LinkedModule;
  /** Whether it walks back, in `gradient`, or only forward, in `run`. */
  readonly gradient: boolean;
  readonly constants: Uint8Array;
  readonly scratchBytes: number;
  readonly inputBytes: number;
  /** Merged diagonals; the caller fills in their phases before each run. */
  readonly tables: readonly Table[];
  /** Constants whose signs depend on the run. */
  readonly weights: readonly Weight[];
  /** Offset of the constants that say whose cosine and sine, with what sign, each batch coefficient takes; see `isRepeated`. */
  readonly repeats: number | undefined;
  /** Elements in the order in which the backward pass undoes them. */
  readonly undone: readonly Element[];
  readonly groups: number;
  readonly kernels: number;
  /** Arithmetic of all groups, and bytes they load and store, per example. */
  readonly flops: number;
  readonly moved: number;
}

/**
 * Whether a program holds its state packed: a circuit run on one example at a time uses both lanes for the values of its
 * last qubit. Small circuits, and operations on all qubits, lack the spare address bit that exchanging qubit and lane needs.
 */
export const isPacked = (
  { batched, qubits, preparations, elements }: Lowered,
  { precision }: Numerics,
): boolean =>
  precision === 'f64' &&
  !batched &&
  qubits >= 4 &&
  preparations.length === 0 &&
  elements.every((element) => !isDense(element) && support(element).length < qubits);

/** Whether some angles of single examples are used more than once, so that their cosines and sines are copied. */
const isRepeated = ({ batch, sources, folded }: Lowered): boolean =>
  !folded && sources.batch.length < batch.length;

/** Builds the module of a circuit: forward only, or with the backward pass for what `wants` names. */
export function buildModule(
  lowered: Lowered,
  readout: Readout,
  numerics: Numerics,
  wants?: GradientWants,
): EngineModule {
  const writer = new ProgramWriter(lowered, readout, numerics, wants !== undefined);
  writer.forward();
  if (wants === undefined) writer.readOut();
  else writer.backward(wants);
  return writer.finish(wants === undefined ? 'run' : 'gradient');
}

class ProgramWriter {
  readonly #plan: ReadoutPlan;
  readonly #code: MainCode;
  readonly #numerics: Numerics;
  readonly #functions: LinkedFunction[];
  readonly #kernels = new Map<FunctionBuilder, number>();
  readonly #packed: boolean;
  readonly #tables: Table[];
  readonly #prefix: PrefixCode;
  readonly #fold: FoldCode | undefined;
  #groups = 0;
  #flops = 0;
  #moved = 0;
  #repeats: number | undefined;
  readonly #undone: Element[] = [];
  #gradient = false;
  #wanted: (coefficient: Coefficient) => boolean = () => false;

  constructor(lowered: Lowered, readout: Readout, numerics: Numerics, gradient: boolean) {
    this.#plan = { lowered, readout };
    this.#numerics = numerics;
    this.#functions = [...fixedFunctions(numerics)];
    this.#code = new MainCode(lowered.qubits, numerics);
    this.#tables = lowered.elements.filter((element) => element.type === 'table');
    this.#packed = isPacked(lowered, numerics);
    this.#prefix = new PrefixCode(
      this.#code,
      lowered,
      this.#packed,
      pairsLayout(lowered).end,
      (group, state, backward) =>
        this.#call(kernelCall(group, 1, [], backward, this.#wanted), state, backward),
    );
    if (lowered.folded) this.#fold = new FoldCode(this.#code, lowered, gradient);
    this.#code.frames = this.#fold;
    this.#code.main.loop();
  }

  /** From |0…0⟩ to the final state. */
  forward(): void {
    const { main } = this.#code;
    const { elements, qubits } = this.#plan.lowered;
    this.#turnExamples();
    if (this.#packed) {
      this.#begin();
      for (const group of this.#group(elements, forwardGroup(qubits))) this.#apply(group, false);
      main
        .get(argument.state)
        .get(argument.packed)
        .i32(this.#code.stateBytes / 2)
        .call(runtime.spread);
      return;
    }
    this.#begin();
    this.#prepare();
    for (const group of this.#group(elements, forwardGroup(qubits))) this.#apply(group, false);
  }

  /** |0…0⟩, or the product state behind the prefix. */
  #begin(): void {
    const { main, stateBytes } = this.#code;
    const { prefix, qubits, shared } = this.#plan.lowered;
    const initial = 16 * shared.length;
    const first = (): void => {
      if (this.#fold === undefined) main.get(argument.shared).loadSplat(initial);
      else this.#fold.pushInitial();
    };
    if (prefix.length > 0) {
      this.#prefix.make(first);
      this.#flops += this.#prefix.flops;
      this.#moved += movedBytes(this.#numerics) * 2 ** qubits;
    } else if (this.#packed) {
      main
        .get(argument.packed)
        .i32(stateBytes / 2)
        .call(runtime.clear);
      main.get(argument.packed).get(argument.shared).f64Load(initial).f64Store();
    } else {
      if (qubits <= FIXED_QUBITS) {
        for (let at = 16; at < stateBytes; at += 16) main.get(argument.state).vector(0).store(at);
      } else main.get(argument.state).i32(stateBytes).call(runtime.clear);
      main.get(argument.state);
      first();
      main.store();
    }
  }

  /** Cosines and sines of the examples' angles: each once, then copied to where it is used, with the sign of that use. */
  #turnExamples(): void {
    const { main, constants } = this.#code;
    const { lowered } = this.#plan;
    const { batch, sources } = lowered;
    const count = sources.batch.length;
    if (count === 0) return;
    const repeated = isRepeated(lowered);
    const pairs = (): void => this.#code.push(argument.pairs, pairsLayout(lowered).sources);
    main.get(argument.angles);
    pairs();
    main.i32(count).call(runtime.sincos);
    this.#fold?.write();
    if (!repeated) return;
    this.#repeats = constants.table(
      batch.map(({ index, source }) => ({ value: 32 * source, column: 32 * index, weight: 1 })),
    );
    pairs();
    this.#code.pushConstant(this.#repeats);
    main.i32(batch.length).get(argument.pairs).call(runtime.repeat);
  }

  #group(elements: readonly Element[], size: number): Group[] {
    const { qubits } = this.#plan.lowered;
    return groupElements(elements, qubits, size, this.#packed ? qubits - 1 : undefined);
  }

  #prepare(): void {
    const layout = inputLayout(this.#plan);
    let before = 0;
    this.#plan.lowered.preparations.forEach(({ qubits }, i) => {
      const mask = this.#code.mask(qubits);
      this.#code.main
        .get(argument.state)
        .get(argument.input)
        .i32(layout.preparations[i] as number)
        .op('i32Add');
      this.#code.main.i32(mask).i32(before).call(runtime.expand);
      before |= mask;
    });
  }

  #apply(group: Group, backward: boolean): void {
    this.#groups++;
    const [only] = group.elements;
    if (only !== undefined && isDense(only)) {
      this.#dense(group, only, backward);
      return;
    }
    const { qubits } = this.#plan.lowered;
    const call = this.#packed
      ? kernelCall(group, qubits - 1, [qubits - 1], backward, this.#wanted)
      : kernelCall(group, qubits, [], backward, this.#wanted);
    const free = qubits - group.register.length - group.controls.length;
    this.#flops += flopsOf(call.spec) * 2 ** free;
    this.#moved += movedBytes(this.#numerics) * 2 ** (qubits - group.controls.length);
    const state = this.#packed ? argument.packed : argument.state;
    this.#call(call, () => this.#code.push(state), backward);
  }

  /** Calls the kernel of a structure, written at its first use, on the state that `state` pushes. */
  #call(call: KernelCall, state: () => void, backward: boolean): void {
    const constants = call.constants.map((values) =>
      values.length === 0 ? 0 : this.#code.constants.numbers(values),
    );
    const table =
      call.table === undefined
        ? undefined
        : this.#tables.indexOf(call.table) * this.#code.stateBytes;
    const values = kernelArguments(call, constants, table);
    const fixed = this.#plan.lowered.qubits <= FIXED_QUBITS;
    const structure = kernelId(call.spec);
    const id = fixed ? `${structure} = ${values.join()}` : structure;
    const body = kernelOnce(id, call.spec, this.#numerics, fixed ? values : undefined);
    let kernel = this.#kernels.get(body);
    if (kernel === undefined) {
      kernel = this.#functions.push({ body }) - 1;
      this.#kernels.set(body, kernel);
    }
    const { main } = this.#code;
    state();
    main.get(argument.shared).get(argument.pairs).get(argument.constants).get(argument.tables);
    if (backward) main.get(argument.sharedCells).get(argument.batchCells).get(argument.tableCells);
    if (!fixed) for (const value of values) main.i32(value);
    main.call(kernel);
  }

  #dense(group: Group, element: Element & { type: 'matrix' }, backward: boolean): void {
    const matrix = backward ? adjoint(element.matrix) : element.matrix;
    const size = 2 ** element.qubits.length;
    const base = this.#code.mask(
      group.controls.filter(({ value }) => value === 1).map(({ qubit }) => qubit),
    );
    const offsets = this.#code.offsets(element.qubits, base);
    const rest = this.#code.rest(
      this.#code.mask(element.qubits) | this.#code.mask(group.controls.map(({ qubit }) => qubit)),
    );
    const at = this.#code.constants.numbers(matrix);
    const touched = 2 ** (this.#plan.lowered.qubits - group.controls.length);
    this.#flops += 8 * size * touched;
    this.#moved += movedBytes(this.#numerics) * touched;
    this.#code.needScratch(32 * size);
    for (const state of backward ? [0, this.#code.stateBytes] : [0]) {
      this.#code.main.get(argument.state).i32(state).op('i32Add');
      this.#code.pushConstant(at);
      this.#code.pushConstant(offsets);
      this.#code.main
        .i32(4 * size)
        .i32(rest)
        .get(argument.scratch)
        .call(runtime.dense);
    }
  }

  /** Fills the (cleared) columns of a block. */
  readOut(): void {
    writeReadout(this.#code, this.#plan);
  }

  /** lambda, then back through the circuit. */
  backward(wants: GradientWants): void {
    this.#gradient = true;
    writeSeed(this.#code, this.#plan);
    const { elements, prefix } = this.#plan.lowered;
    const wanted = (coefficient: Coefficient): boolean => wants.nodes[coefficient.node] === true;
    this.#wanted = wanted;
    const isWanted = (element: Element): boolean => coefficientsOf(element).some(wanted);
    const first = wants.amplitudes || prefix.some(isWanted) ? 0 : elements.findIndex(isWanted);
    if (first < 0) return;
    const half = this.#code.stateBytes / 2;
    if (this.#packed) {
      this.#code.main.get(argument.packed).i32(half).op('i32Add');
      this.#code.main
        .get(argument.state)
        .i32(this.#code.stateBytes)
        .op('i32Add')
        .i32(half)
        .call(runtime.gather);
    }
    for (const group of this.#group(elements.slice(first).toReversed(), BACKWARD_GROUP)) {
      this.#apply(group, true);
      this.#undone.push(...group.elements);
    }
    this.#prefix.contract(wanted);
    this.#undone.push(...this.#prefix.undone);
    this.#fold?.unwind(this.#undone, wanted);
    if (this.#tables.length > 0) this.#contractBlock();
  }

  get #readsState(): boolean {
    return this.#plan.readout.steps.some(({ type }) => type === 'state');
  }

  /** Where cells of shared coefficients are kept per block, those of tables must be contracted block by block too. */
  #contractBlock(): void {
    const { main } = this.#code;
    const contract =
      this.#functions.push({
        name: 'contract',
        body: contraction(this.#code, this.#tables, this.#readsState, this.#wanted),
      }) - 1;
    main.get(argument.sharedCellStride).if();
    main.get(argument.tableCells).get(argument.constants).get(argument.sharedCells).call(contract);
    main.op('end');
  }

  /** Moves on to the next block and encodes the module. */
  finish(name: 'run' | 'gradient'): EngineModule {
    const { main } = this.#code;
    const { batch, sources } = this.#plan.lowered;
    const input = inputLayout(this.#plan).bytes;
    const advance = (local: number, bytes: number): void => {
      if (bytes > 0) main.get(local).i32(bytes).op('i32Add').set(local);
    };
    advance(argument.angles, 8 * lanesOf(this.#numerics) * sources.batch.length);
    advance(argument.input, input);
    if (this.#gradient) {
      advance(argument.dy, cotangentBytes(this.#plan));
      advance(argument.batchCells, 16 * batch.length);
      main
        .get(argument.sharedCells)
        .get(argument.sharedCellStride)
        .op('i32Add')
        .set(argument.sharedCells);
    }
    main.get(argument.count).i32(1).op('i32Sub').tee(argument.count).brIf(0).op('end');
    if (this.#tables.length > 0)
      this.#functions.push({ name: 'tabulate', body: tabulation(this.#code, this.#tables) });
    const functions = [...this.#functions, { name, body: main }];
    const whole = this.#plan.lowered.qubits <= WHOLE_QUBITS;
    let linked: LinkedModule | undefined;
    return {
      get linked(): LinkedModule {
        return (linked ??= link(functions, whole));
      },
      gradient: this.#gradient,
      constants: this.#code.constants.bytes.slice(),
      scratchBytes: this.#code.scratchBytes,
      inputBytes: input,
      tables: this.#tables,
      weights: this.#code.weights,
      repeats: this.#repeats,
      undone: this.#undone,
      groups: this.#groups,
      flops: this.#flops,
      moved: this.#moved,
      kernels: this.#kernels.size,
    };
  }
}
