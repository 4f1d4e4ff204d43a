/** Code that reads results from the final state, and that turns their cotangents into lambda. */
import type { Pauli } from './frame.ts';
import { lanesOf } from './arithmetic.ts';
import type { Lowered } from './lower.ts';
import { argument } from './main-code.ts';
import type { MainCode } from './main-code.ts';
import { bitCount, highestBit, parity } from '../bits.ts';
import { compress, pauliPhase } from './readout.ts';
import type { DiagonalEntry, Readout, ReadoutStep } from './readout.ts';
import { pauliFunction, runtime } from './runtime.ts';
import { isSmall, writeSmallMeans, writeSmallSeed } from './small-readout.ts';
import type { SmallReadout } from './small-readout.ts';

/** The parts of a program that say what is staged and what is read. */
export interface ReadoutPlan {
  readonly lowered: Lowered;
  readonly readout: Readout;
}

/** Bytes of staged data per block: prepared amplitudes and Hermitian matrices that come with the data. */
export function inputLayout({ lowered, readout }: ReadoutPlan): {
  preparations: number[];
  matrices: Map<ReadoutStep, number>;
  bytes: number;
} {
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

/** Fills the (cleared) columns of a block. */
export function writeReadout(code: MainCode, plan: ReadoutPlan): void {
  const { main } = code;
  const column = (index: number): void => code.push(argument.out, 16 * index);
  for (const step of plan.readout.steps) {
    if (step.type === 'state') continue; // the caller reads the state itself
    if (step.type === 'probabilities') {
      const exchange = exchanging(code, step);
      main.get(argument.state);
      if (exchange === undefined) column(step.column);
      else main.get(argument.scratch);
      main
        .i32(32 * step.kept)
        .i32(code.rest(32 * step.kept))
        .call(runtime.marginal);
      exchange?.(
        () => column(step.column),
        () => main.get(argument.scratch),
      );
    } else if (step.type === 'diagonal' && isSmall(code.qubits, step.entries)) {
      writeSmallMeans(main, small(code, step, argument.out));
    } else if (step.type === 'diagonal') {
      const table = entryTable(code, step, 1);
      main.get(argument.state);
      table.push();
      main.i32(32 * step.kept).i32(code.rest(32 * step.kept));
      main.call(runtime.marginal);
      table.pick();
    } else if (step.type === 'flips') {
      // Pairs count twice.
      const table = entryTable(code, step, 2);
      main.get(argument.state);
      table.push();
      pushPairs(code, step);
      main.call(step.odd ? runtime.flippedOdd : runtime.flippedEven);
      table.pick();
    } else if (step.type === 'basis') {
      const table = toBasis(code, step);
      main.get(argument.scratch);
      table.push();
      main.i32(32 * step.kept).i32(code.rest(32 * step.kept));
      main.call(runtime.marginal);
      table.pick();
    } else if (step.type === 'pauli') {
      const { odd, sign } = pauliPhase(step.x, step.z, step.last);
      // Pairs are enumerated by the highest flipped bit; without one every amplitude is its own partner.
      const top = highestBit(step.x);
      const count = step.x === 0 ? 1 : 2;
      turnColumn(code, step, argument.out, () => {
        main
          .get(argument.state)
          .i32(32 * step.x)
          .i32(32 * step.z)
          .i32(32 * top)
          .i32(code.stateBytes);
        // Pairs count twice; the imaginary part of conj(psi_a) psi_b enters with a minus sign.
        code.pushConstant(weight(code, step, count * (odd ? -sign : sign) * step.weight));
        column(step.column);
        main.call(pauliFunction({ odd, add: false, crossed: step.last?.x ?? 0 }));
      });
    } else {
      main.get(argument.state);
      hermitian(code, plan, step);
      column(step.column);
      main.call(runtime.hermitian);
    }
  }
  if (plan.readout.columns > 0) {
    main
      .get(argument.out)
      .i32(16 * plan.readout.columns)
      .op('i32Add')
      .set(argument.out);
  }
}

/** A constant that multiplies the mean of a Pauli operator: its offset. */
function weight(
  code: MainCode,
  { x, z, last }: ReadoutStep & { type: 'pauli' },
  value: number,
): number {
  const at = code.constants.numbers([value]);
  code.addWeight(at, value, { x, z }, last);
  return at;
}

function small(
  code: MainCode,
  step: ReadoutStep & { type: 'diagonal' },
  columns: number,
): SmallReadout {
  const { qubits } = code;
  const weights = code.constants.numbers(step.entries.map(({ weight: value }) => value));
  recordWeights(code, step, weights, code.main.bytes, 1);
  const pushWeight = (entry: DiagonalEntry): void => {
    code.main
      .get(argument.constants)
      .loadSplat(weights + code.main.bytes * step.entries.indexOf(entry));
    const sign = code.frames?.sign(stringOf(step, entry.mask));
    if (sign === undefined) return;
    sign();
    code.main.op('v128Xor');
  };
  return { qubits, state: argument.state, columns, entries: step.entries, pushWeight };
}

/**
 * Code that copies probabilities, or their cotangents, in the order that the frame of each example makes of outcomes;
 * undefined where there is no need. Both may be in scratch space.
 */
function exchanging(
  code: MainCode,
  { kept }: ReadoutStep & { type: 'probabilities' },
): ((target: () => unknown, source: () => unknown) => void) | undefined {
  const flips = code.frames?.flips(kept);
  if (flips === undefined) return undefined;
  const bytes = 16 * 2 ** bitCount(kept);
  code.needScratch(bytes + 16);
  return (target, source) => {
    code.push(argument.scratch);
    flips();
    code.main.store(bytes);
    target();
    source();
    code.push(argument.scratch, bytes);
    code.main.i32(bytes).call(runtime.exchange);
  };
}

/** Gives a vector in memory the sign that frames per example make of an operator. */
function turnVector(code: MainCode, operator: Pauli, address: () => void): void {
  const sign = code.frames?.sign(operator);
  if (sign === undefined) return;
  address();
  address();
  code.main.load();
  sign();
  code.main.op('v128Xor').store();
}

/** Does what adds the mean of a string to a column, or takes that column's cotangent, with the string's sign per example. */
function turnColumn(
  code: MainCode,
  step: ReadoutStep & { type: 'pauli' },
  columns: number,
  work: () => void,
): void {
  const turn = (): void => turnVector(code, step, () => code.push(columns, 16 * step.column));
  turn();
  work();
  turn();
}

type Entries = ReadoutStep & { readonly type: 'diagonal' | 'flips' | 'basis' };

/** Values by the kept bits in scratch space, from byte `at` on, and their way to the columns and back. */
interface EntryTable {
  readonly push: () => void;
  /** Adds the weighted transform of the values to the columns. */
  readonly pick: () => void;
  /** Makes the values the transform of the weighted cotangents of the columns. */
  readonly scatter: () => void;
}

function entryTable(code: MainCode, step: Entries, factor: number, at = 0): EntryTable {
  const { main } = code;
  const bytes = 16 * 2 ** bitCount(step.kept);
  code.needScratch(at + bytes);
  const rows = step.entries.map(({ mask, column, weight }) => ({
    value: 16 * compress(mask, step.kept),
    column: 16 * column,
    weight: factor * weight,
  }));
  const table = code.constants.table(rows);
  recordWeights(code, step, table + 8, 16, factor);
  const push = (): void => code.push(argument.scratch, at);
  const transform = (): void => {
    push();
    main
      .i32(bytes)
      .i32(bytes - 16)
      .call(runtime.walshHadamard);
  };
  const move = (columns: number, how: number): void => {
    push();
    code.pushConstant(table);
    main.i32(rows.length).get(columns).call(how);
  };
  const masks = new Map(
    rows.map(({ value }, i) => [value, (step.entries[i] as DiagonalEntry).mask]),
  );
  /** Gives the transformed values the signs that frames per example make of their operators. */
  const turn = (): void => {
    for (const [value, mask] of masks)
      turnVector(code, stringOf(step, mask), () => code.push(argument.scratch, at + value));
  };
  return {
    push,
    pick: () => {
      transform();
      turn();
      move(argument.out, runtime.pick);
    },
    scatter: () => {
      push();
      main.i32(bytes).call(runtime.clear);
      move(argument.dy, runtime.scatter);
      turn();
      transform();
    },
  };
}

/** Pushes the bits by which pairs of amplitudes are told apart, those summed over, and the flipped bits. */
function pushPairs(code: MainCode, { x, kept }: { x: number; kept: number }): void {
  code.main
    .i32(32 * kept)
    .i32(code.rest(32 * (kept | highestBit(x))))
    .i32(32 * x);
}

/** Copies the state to scratch space and turns it to a basis, times 2^{turned qubits / 2}; the table lies behind. */
function toBasis(code: MainCode, step: ReadoutStep & { type: 'basis' }): EntryTable {
  const { main } = code;
  const table = entryTable(code, step, 2 ** -bitCount(step.x | step.y), code.stateBytes);
  main.get(argument.scratch).get(argument.state).i32(code.stateBytes);
  main.i32(32 * step.y).call(runtime.toBasis);
  turnScratch(code, step);
  return table;
}

function turnScratch(code: MainCode, { x, y }: { x: number; y: number }): void {
  const { main } = code;
  main
    .get(argument.scratch)
    .i32(code.stateBytes)
    .i32(32 * (x | y));
  main.call(runtime.walshHadamard);
}

/** Pushes matrix, offsets, their length and the mask of the other qubits. */
function hermitian(
  code: MainCode,
  plan: ReadoutPlan,
  step: ReadoutStep & { type: 'hermitian' },
): void {
  const { main } = code;
  const size = 2 ** step.qubits.length;
  if ('slot' in step.matrix) {
    const { matrices } = inputLayout(plan);
    code.push(argument.input, matrices.get(step));
  } else {
    code.pushConstant(
      code.constants.numbers(
        step.matrix.values.flatMap((value) => Array<number>(lanesOf(main.numerics)).fill(value)),
      ),
    );
  }
  code.pushConstant(code.offsets(step.qubits, 0));
  main.i32(4 * size).i32(code.rest(code.mask(step.qubits)));
}

/** Writes lambda = Σ dy · O psi. */
export function writeSeed(code: MainCode, plan: ReadoutPlan): void {
  const { main } = code;
  const { steps, columns } = plan.readout;
  const lambda = (): void => code.push(argument.state, code.stateBytes);
  const column = (index: number): void => code.push(argument.dy, 16 * index);
  let written = false;
  const [head] = steps;
  if (head?.type !== 'diagonal' && head?.type !== 'probabilities') {
    lambda();
    main.i32(code.stateBytes).call(runtime.clear);
    written = true;
  }
  for (const step of steps) {
    if (step.type === 'diagonal' && isSmall(code.qubits, step.entries)) {
      // Writes lambda, so it comes first; a plan has no second diagonal step.
      writeSmallSeed(main, small(code, step, argument.dy));
      written = true;
    } else if (step.type === 'diagonal' || step.type === 'probabilities') {
      const exchange = step.type === 'probabilities' ? exchanging(code, step) : undefined;
      if (step.type === 'diagonal') entryTable(code, step, 1).scatter();
      else
        exchange?.(
          () => main.get(argument.scratch),
          () => column(step.column),
        );
      main.get(argument.state);
      lambda();
      if (step.type === 'diagonal' || exchange !== undefined) main.get(argument.scratch);
      else column(step.column);
      main.i32(32 * step.kept).i32(code.rest(32 * step.kept));
      main.call(written ? runtime.addDiagonal : runtime.setDiagonal);
      written = true;
    } else if (step.type === 'flips') {
      const table = entryTable(code, step, 1);
      table.scatter();
      main.get(argument.state);
      lambda();
      table.push();
      pushPairs(code, step);
      main.call(step.odd ? runtime.addFlippedOdd : runtime.addFlippedEven);
    } else if (step.type === 'basis') {
      const table = toBasis(code, step);
      table.scatter();
      main.get(argument.scratch).get(argument.scratch);
      table.push();
      main.i32(32 * step.kept).i32(code.rest(32 * step.kept));
      main.call(runtime.setDiagonal);
      turnScratch(code, step);
      lambda();
      main.get(argument.scratch).i32(code.stateBytes);
      main.i32(32 * step.y).call(runtime.addFromBasis);
    } else if (step.type === 'pauli') {
      const { odd, sign } = pauliPhase(step.x, step.z, step.last);
      turnColumn(code, step, argument.dy, () => {
        main.get(argument.state);
        lambda();
        main
          .i32(32 * step.x)
          .i32(32 * step.z)
          .i32(code.stateBytes);
        code.pushConstant(weight(code, step, sign * step.weight));
        column(step.column);
        main.call(pauliFunction({ odd, add: true, crossed: step.last?.x ?? 0 }));
      });
    } else if (step.type === 'hermitian') {
      main.get(argument.state);
      lambda();
      hermitian(code, plan, step);
      column(step.column);
      main.call(runtime.addHermitian);
    } else {
      // The cotangent of the state follows the columns, already halved and laid out like a state.
      lambda();
      column(columns);
      main.i32(code.stateBytes).call(runtime.addVector);
    }
  }
}

/** Bytes of cotangents per block: the columns, then the state's where it is measured. */
export function cotangentBytes({ lowered, readout }: ReadoutPlan): number {
  const { qubits } = lowered;
  const state = readout.steps.some(({ type }) => type === 'state') ? 2 ** (qubits + 5) : 0;
  return 16 * readout.columns + state;
}

/** Remembers where the entries' weights, times a factor, are among the constants: at `at`, then so many bytes further. */
function recordWeights(
  code: MainCode,
  step: Entries,
  at: number,
  bytes: number,
  factor: number,
): void {
  step.entries.forEach(({ mask, weight: own, last: z }, i) => {
    const last = z === undefined ? undefined : { x: 0, z };
    const value = factor * own;
    code.addWeight(at + bytes * i, value, stringOf(step, mask), last);
  });
}

/** The Pauli operator an entry with this mask is the mean of. */
function stringOf(step: Entries, mask: number): Pauli {
  if (step.type === 'diagonal') return { x: 0, z: mask };
  if (step.type === 'basis') return { x: mask & (step.x | step.y), z: mask & ~step.x };
  // The highest flipped bit is not in the mask; the number of Y says whether it is in z.
  const top = parity(step.x & mask) === Number(step.odd) ? 0 : highestBit(step.x);
  return { x: step.x, z: mask | top };
}
