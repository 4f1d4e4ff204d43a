/** Code that reads results from the final state, and that turns their cotangents into lambda. */
import type { Lowered } from './lower.ts';
import { argument } from './main-code.ts';
import type { MainCode } from './main-code.ts';
import { bitCount } from './readout.ts';
import type { DiagonalEntry, Readout, ReadoutStep } from './readout.ts';
import { runtime } from './runtime.ts';
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
      main.get(argument.state);
      column(step.column);
      main
        .i32(32 * step.kept)
        .i32(code.rest(32 * step.kept))
        .call(runtime.marginal);
    } else if (step.type === 'diagonal' && isSmall(code.qubits, step.entries)) {
      writeSmallMeans(main, small(code, step, argument.out));
    } else if (step.type === 'diagonal') {
      const { bytes, table } = diagonal(code, step);
      main
        .get(argument.state)
        .get(argument.scratch)
        .i32(32 * step.kept)
        .i32(code.rest(32 * step.kept));
      main.call(runtime.marginal);
      main.get(argument.scratch).i32(bytes).call(runtime.walshHadamard);
      main.get(argument.scratch);
      code.pushConstant(table);
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
        .i32(code.stateBytes);
      // Pairs count twice; the imaginary part of conj(psi_a) psi_b enters with a minus sign.
      code.pushConstant(code.constants.doubles([count * (odd ? -sign : sign) * step.weight]));
      column(step.column);
      main.call(odd ? runtime.pauliOdd : runtime.pauliEven);
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

function small(
  code: MainCode,
  step: ReadoutStep & { type: 'diagonal' },
  columns: number,
): SmallReadout {
  const { qubits } = code;
  const weights = code.constants.doubles(step.entries.map(({ weight }) => weight));
  const pushWeight = (entry: DiagonalEntry): void => {
    code.main.get(argument.constants).loadSplat(weights + 8 * step.entries.indexOf(entry));
  };
  return { qubits, state: argument.state, columns, entries: step.entries, pushWeight };
}

function diagonal(
  code: MainCode,
  step: ReadoutStep & { type: 'diagonal' },
): { bytes: number; table: number } {
  const bytes = 16 * 2 ** bitCount(step.kept);
  code.needScratch(bytes);
  const rows = step.entries.map(({ mask, column, weight }) => ({
    value: 16 * compress(mask, step.kept),
    column: 16 * column,
    weight,
  }));
  return { bytes, table: code.constants.table(rows) };
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
      code.constants.doubles(step.matrix.values.flatMap((value) => [value, value])),
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
      if (step.type === 'diagonal') {
        const { bytes, table } = diagonal(code, step);
        main.get(argument.scratch).i32(bytes).call(runtime.clear);
        main.get(argument.scratch);
        code.pushConstant(table);
        main.i32(step.entries.length).get(argument.dy).call(runtime.scatter);
        main.get(argument.scratch).i32(bytes).call(runtime.walshHadamard);
      }
      main.get(argument.state);
      lambda();
      if (step.type === 'diagonal') main.get(argument.scratch);
      else column(step.column);
      main.i32(32 * step.kept).i32(code.rest(32 * step.kept));
      main.call(written ? runtime.addDiagonal : runtime.setDiagonal);
      written = true;
    } else if (step.type === 'pauli') {
      const { odd, sign } = pauliPhase(step);
      main.get(argument.state);
      lambda();
      main
        .i32(32 * step.x)
        .i32(32 * step.z)
        .i32(code.stateBytes);
      code.pushConstant(code.constants.doubles([sign * step.weight]));
      column(step.column);
      main.call(odd ? runtime.addPauliOdd : runtime.addPauliEven);
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
