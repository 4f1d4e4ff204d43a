/** Carries examples into the engine's memory, calls the module block by block and brings results back. */
import { elementary } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import type { SlotValues } from '../values.ts';
import { CHUNK, PIECE } from './angles.ts';
import { bytesOf, lanesOf } from './arithmetic.ts';
import type { NumberArray } from './arithmetic.ts';
import { pairsLayout } from './fold-code.ts';
import { instantiate } from './link.ts';
import { RunCoefficients } from './coefficients.ts';
import type { Unwinding } from './coefficients.ts';
import type { Lowered } from './lower.ts';
import { Layout } from './memory.ts';
import type { EngineMemory } from './memory.ts';
import { isPacked } from './module.ts';
import type { EngineModule } from './module.ts';
import { factorBytes } from './prefix-code.ts';
import { cotangentBytes, inputLayout } from './readout-code.ts';
import type { Readout } from './readout.ts';
import { Preparation, stageMatrix } from './staging.ts';

/** Addresses, in bytes, of everything a call needs. */
interface Addresses {
  readonly constants: number;
  readonly shared: number;
  readonly pairs: number;
  readonly scratch: number;
  readonly state: number;
  readonly angles: number;
  readonly input: number;
  /** Columns of results, or cotangents. */
  readonly columns: number;
  readonly sharedCells: number;
  readonly batchCells: number;
  readonly tables: number;
  /** Phases of the tables while they are made, then their gradient cells. */
  readonly tableCells: number;
  /** The state (and lambda) with the last qubit in the lanes, where the program packs it. */
  readonly packed: number;
  readonly bytes: number;
}

type Entry = (...args: number[]) => void;

/** Blocks per call: about a hundred microseconds of work, so that compiled code can be replaced between calls. */
const blocksPerCall = (qubits: number, examples: number, lanes: number): number =>
  Math.min(examples / lanes, Math.max(1, 2 ** (11 - qubits)));

/** One module of a program, ready to run. */
export class Executor {
  readonly #memory: EngineMemory;
  readonly #lowered: Lowered;
  readonly #gradient: boolean;
  #functions: Readonly<Record<string, Entry>> | undefined;
  readonly #addresses: Addresses;
  readonly #coefficients: RunCoefficients;
  /** How gradient cells are read, since the last {@link begin}. */
  readonly factors: Unwinding;
  readonly built: EngineModule;
  /** Whether both lanes belong to one example, see `isPacked`. */
  readonly packed: boolean;
  /** Examples in a block, the power of two that is, and bytes of a number. */
  readonly lanes: 2 | 4;
  readonly shift: 1 | 2;
  readonly numberBytes: 8 | 4;
  /** Blocks per call. */
  readonly blocks: number;
  /** Bytes of columns (results or cotangents) per block. */
  readonly columnBytes: number;
  readonly preparations: readonly Preparation[];
  readonly #matrices: {
    stage: (values: SlotValues, example: number, at: number, lane: number) => void;
    offset: number;
  }[];
  readonly #preparationOffsets: readonly number[];

  /** @param single one block per call, for callers that read the state between calls */
  constructor(
    circuit: Circuit,
    lowered: Lowered,
    readout: Readout,
    memory: EngineMemory,
    built: EngineModule,
    single: boolean,
  ) {
    this.#memory = memory;
    this.lanes = lanesOf(memory.numerics);
    this.numberBytes = bytesOf(memory.numerics);
    this.shift = this.lanes === 2 ? 1 : 2;
    this.#lowered = lowered;
    this.#gradient = built.gradient;
    this.blocks = single
      ? 1
      : blocksPerCall(lowered.qubits, this.#gradient ? CHUNK : PIECE, this.lanes);
    this.built = built;
    this.#coefficients = new RunCoefficients(lowered);
    this.factors = this.#coefficients.unwinding(this.built.undone);
    this.packed = isPacked(lowered, memory.numerics);
    this.columnBytes = this.#gradient ? cotangentBytes({ lowered, readout }) : 16 * readout.columns;
    this.preparations = lowered.preparations.map(
      (op) => new Preparation(op, circuit.slots, this.lanes),
    );
    const layout = inputLayout({ lowered, readout });
    this.#preparationOffsets = layout.preparations;
    this.#matrices = [...layout.matrices].flatMap(([step, offset]) => {
      if (step.type !== 'hermitian' || !('slot' in step.matrix)) return [];
      const { matrix, qubits } = step;
      const shared = circuit.slots.find(({ name }) => name === matrix.slot)?.axis === 'shared';
      const stage = (values: SlotValues, example: number, at: number, lane: number): void =>
        stageMatrix(
          matrix,
          2 ** qubits.length,
          shared,
          values,
          example,
          memory.numbers,
          at,
          lane,
          this.lanes,
        );
      return [{ stage, offset }];
    });
    this.#addresses = this.#place();
  }

  #place(): Addresses {
    const { blocks, built } = this;
    const { shared, batch, sources, qubits } = this.#lowered;
    const layout = new Layout();
    const addresses = {
      constants: layout.take(built.constants.length),
      // The amplitude to begin with lies behind the coefficients.
      shared: layout.take(16 * shared.length + 8),
      pairs: layout.take(pairsLayout(this.#lowered).end + factorBytes(this.#lowered)),
      scratch: layout.take(built.scratchBytes),
      state: layout.take((this.#gradient ? 2 : 1) * 2 ** (qubits + 5)),
      angles: layout.take(8 * this.lanes * sources.batch.length * blocks),
      input: layout.take(built.inputBytes * blocks),
      columns: layout.take(this.columnBytes * blocks),
      sharedCells: layout.take(this.#gradient ? 16 * shared.length * blocks : 0),
      batchCells: layout.take(this.#gradient ? 16 * batch.length * blocks : 0),
      tables: layout.take(2 ** (qubits + 5) * built.tables.length),
      tableCells: layout.take(2 ** (qubits + 4) * built.tables.length),
      packed: layout.take(this.packed ? (this.#gradient ? 2 : 1) * 2 ** (qubits + 4) : 0),
    };
    return { ...addresses, bytes: layout.bytes };
  }

  /** The module's functions, compiled at the first call. */
  #call(name: 'run' | 'gradient' | 'tabulate' | 'contract', ...values: number[]): void {
    this.#functions ??= instantiate(this.built.linked, this.#memory) as Record<string, Entry>;
    this.#functions[name]?.(...values);
  }

  /** Bytes of memory this module needs. */
  get bytes(): number {
    return this.#addresses.bytes;
  }

  /** How often it took the memory over, in which others may have written before. */
  taken = 0;

  /** Readies memory for a run: constants, and coefficients that all examples share. */
  begin(values: SlotValues): void {
    const { constants, shared, bytes } = this.#addresses;
    this.#memory.reserve(bytes);
    if (this.#memory.owner !== this) {
      new Uint8Array(this.#memory.memory.buffer).set(this.built.constants, constants);
      this.#memory.owner = this;
      this.taken++;
    }
    this.#lowered.angles.evaluate(values, 'fixed');
    const { numbers } = this.#memory;
    const { numberBytes } = this;
    const coefficients = this.#coefficients;
    coefficients.update();
    // A coefficient takes 16 bytes, two or four numbers.
    const step = 16 / numberBytes;
    const { pairs } = coefficients;
    const base = shared / numberBytes;
    if (step === 2) numbers.set(pairs, base);
    else
      for (let i = 0; i < pairs.length; i += 2) {
        numbers[base + 2 * i] = pairs[i] as number;
        numbers[base + 2 * i + 1] = pairs[i + 1] as number;
      }
    numbers[base + (step / 2) * pairs.length] = coefficients.initial;
    if (coefficients.framed) {
      const { weights, repeats } = this.built;
      this.factors.update();
      for (const weight of weights)
        numbers[(constants + weight.at) / numberBytes] = coefficients.signed(weight);
      if (repeats !== undefined)
        coefficients.signs.batch.forEach((sign, i) => {
          numbers[(constants + repeats + 16 * i + 8) / numberBytes] = sign;
        });
    }
    if (this.built.tables.length > 0) this.#fillTables();
  }

  /** Makes the tables of merged diagonals: phases as Walsh–Hadamard coefficients, transformed and tabulated. */
  #fillTables(): void {
    const { tables, tableCells } = this.#addresses;
    const { angles, qubits } = this.#lowered;
    const { doubles } = this.#memory;
    const size = 2 * 2 ** qubits;
    const base = tableCells / 8;
    doubles.fill(0, base, base + size * this.built.tables.length);
    this.built.tables.forEach(({ parts }, t) => {
      const add = (index: number, amount: number): void => {
        for (const lane of [0, 1]) {
          const at = base + t * size + 2 * index + lane;
          doubles[at] = (doubles[at] as number) + amount;
        }
      };
      for (const { mask, weight, offset, coefficient } of parts) {
        let angle = angles.column(coefficient.node)[0] as number;
        // An entry holds the angle or not, so whole turns do not matter; sums of small numbers are exact.
        if (Math.abs(angle) > 8) angle = elementary.withoutTurns(angle);
        // A Pauli frame turns parities around: a sign, and a global phase where nobody reads the state.
        const sign = this.#coefficients.signs.shared[coefficient.index] as number;
        add(0, (offset + weight / 2) * angle);
        add(mask, ((-weight * sign) / 2) * angle);
      }
    });
    this.#call('tabulate', tableCells, tables);
  }

  /** Adds the gradients gathered in the tables' cells to the cells of shared coefficients. */
  contractTables(): void {
    const { tableCells, constants, sharedCells } = this.#addresses;
    this.#call('contract', tableCells, constants, sharedCells);
  }

  /** Stages the data of examples `start + first` … of a chunk whose angles were evaluated from `start` on. */
  stage(values: SlotValues, start: number, first: number, count: number): void {
    const { doubles, numbers } = this.#memory;
    const { shift, numberBytes } = this;
    const inside = this.lanes - 1;
    const { sources, angles } = this.#lowered;
    const { batch } = this.#coefficients.signs;
    const signed = this.built.repeats === undefined;
    const lanes = this.lanes * Math.ceil(count / this.lanes);
    const at = this.#addresses.angles / 8;
    const nextBlock = 1 + (sources.batch.length - 1) * this.lanes;
    for (const { node, scale: size, source, index } of sources.batch) {
      const column = angles.column(node);
      const scale = signed ? size * (batch[index] as number) : size;
      let to = at + source * this.lanes;
      for (let lane = 0; lane < lanes; lane++) {
        // An idle lane repeats the last example.
        let angle = scale * (column[first + (lane < count ? lane : count - 1)] as number);
        if (Math.abs(angle) > 1e5) angle = elementary.withoutTurns(angle);
        doubles[to] = angle;
        to += (lane & inside) === inside ? nextBlock : 1;
      }
    }
    if (this.built.inputBytes === 0) return;
    for (let lane = 0; lane < lanes; lane++) {
      const example = start + first + Math.min(lane, count - 1);
      const base = (this.#addresses.input + (lane >> shift) * this.built.inputBytes) / numberBytes;
      const side = lane & inside;
      this.preparations.forEach((preparation, p) =>
        preparation.stage(
          values,
          example,
          numbers,
          base + (this.#preparationOffsets[p] as number) / numberBytes,
          side,
        ),
      );
      for (const { stage, offset } of this.#matrices)
        stage(values, example, base + offset / numberBytes, side);
    }
  }

  /** Position, in numbers, of the columns of a block. */
  columnsAt(block: number): number {
    return (this.#addresses.columns + block * this.columnBytes) / this.numberBytes;
  }

  /** Clears columns (results or cotangents) of the first blocks. */
  clearColumns(blocks: number): void {
    this.#memory.numbers.fill(0, this.columnsAt(0), this.columnsAt(blocks));
  }

  /** Clears the gradient cells of tables, which gather over all calls of a chunk. */
  clearTableCells(): void {
    const { tableCells } = this.#addresses;
    const length = this.lanes * 2 ** this.#lowered.qubits * this.built.tables.length;
    this.#memory.numbers.fill(
      0,
      tableCells / this.numberBytes,
      tableCells / this.numberBytes + length,
    );
  }

  /** Clears gradient cells: of all blocks, or only those that are never summed over blocks. */
  clearCells(blocks: number, shared: boolean): void {
    const { sharedCells, batchCells } = this.#addresses;
    const { numbers } = this.#memory;
    const { shared: sharedList, batch } = this.#lowered;
    const clear = (from: number, count: number): unknown =>
      numbers.fill(
        0,
        from / this.numberBytes,
        from / this.numberBytes + this.lanes * count * blocks,
      );
    if (shared) clear(sharedCells, sharedList.length);
    clear(batchCells, batch.length);
  }

  /** Position, in numbers, of a coefficient's gradient cell (all lanes). */
  cellAt(axis: 'shared' | 'batch', index: number, block: number): number {
    const { sharedCells, batchCells } = this.#addresses;
    return axis === 'shared'
      ? sharedCells / this.numberBytes + this.lanes * (block * this.#lowered.shared.length + index)
      : batchCells / this.numberBytes + this.lanes * (block * this.#lowered.batch.length + index);
  }

  /** Runs the staged blocks; `perBlock` keeps the cells of shared coefficients apart. */
  call(blocks: number, perBlock = false): void {
    const a = this.#addresses;
    const common = [
      a.state,
      a.shared,
      a.pairs,
      a.constants,
      a.angles,
      a.input,
      a.scratch,
      blocks,
      a.columns,
    ] as const;
    const stride = perBlock ? 16 * this.#lowered.shared.length : 0;
    const cells = [a.sharedCells, a.batchCells, stride, a.tables, a.tableCells] as const;
    this.#call(this.#gradient ? 'gradient' : 'run', ...common, ...cells, a.packed);
  }

  /** Position, in numbers, of amplitude `index` of psi or lambda: re at +lane, im behind all lanes. */
  amplitudeAt(index: number, vector: 'psi' | 'lambda' = 'psi'): number {
    const { state } = this.#addresses;
    return (
      (state + (vector === 'lambda' ? 2 ** (this.#lowered.qubits + 5) : 0)) / this.numberBytes +
      2 * this.lanes * index
    );
  }

  /** True lambda over computed lambda, when all is undone, in the lane of an example of the last block. */
  endScale(lane: number): number {
    if (!this.#lowered.folded) return this.factors.end;
    const at = this.#addresses.pairs + pairsLayout(this.#lowered).end - 16;
    return this.#memory.numbers[at / this.numberBytes + lane] as number;
  }

  /** Memory as numbers in the format of amplitudes. */
  get numbers(): NumberArray {
    return this.#memory.numbers;
  }
}
