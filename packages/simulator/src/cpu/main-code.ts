import { valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { ConstantData } from './constant-data.ts';
import type { Pauli } from './frame.ts';
import { stride } from './kernel-spec.ts';

/** Parameters of `run` and `gradient`, in order. */
export const argument = {
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

/** A constant that multiplies the mean of a Pauli operator, whose masks are those of the circuit. */
export interface Weight extends Pauli {
  /** Byte offset among the constants. */
  readonly at: number;
  readonly value: number;
}

/** What Pauli frames per example do to what is read behind the circuit. */
export interface ExampleFrames {
  /** How to push the sign bits that an operator has in the lanes; undefined where they are never set. */
  sign(operator: Pauli): (() => void) | undefined;
  /**
   * How to push by which outcomes of the qubits of `kept` are exchanged in each lane, times 16; undefined where they never
   * are.
   */
  flips(kept: number): (() => void) | undefined;
}

/** The function that takes blocks through a circuit, while it is written, with the numbers it refers to. */
export class MainCode {
  readonly main: VectorCode;
  readonly constants: ConstantData;
  readonly numerics: Numerics;
  /** Where angles are folded example by example. */
  frames: ExampleFrames | undefined;
  /** Weights of Pauli operators among the constants, whose signs depend on the run. */
  readonly weights: Weight[] = [];
  readonly qubits: number;
  /** Number of qubits behind these whose values are the lanes. */
  readonly laneQubits: number;
  /** Bytes of a state of a block. */
  readonly stateBytes: number;
  /** Bytes of scratch space needed so far. */
  scratchBytes = 16;

  /**
   * @param constants numbers that other functions of the module refer to as well
   * @param laneQubits qubits in the lanes, which neither `qubits` nor the masks of read-outs count
   */
  constructor(
    qubits: number,
    numerics: Numerics,
    constants: ConstantData = new ConstantData(numerics),
    laneQubits = 0,
  ) {
    this.constants = constants;
    this.numerics = numerics;
    this.laneQubits = laneQubits;
    // `out` and `dy` share a place.
    const parameters = Array(Object.keys(argument).length - 1).fill(valueType.i32);
    this.main = new VectorCode(numerics, parameters);
    this.qubits = qubits;
    this.stateBytes = 2 ** (qubits + 5);
  }

  /** Remembers that a constant multiplies the mean of a Pauli operator, given without and on the qubits in the lanes. */
  addWeight(at: number, value: number, { x, z }: Pauli, last: Pauli = { x: 0, z: 0 }): void {
    const move = 2 ** this.laneQubits;
    this.weights.push({ at, value, x: move * x + last.x, z: move * z + last.z });
  }

  /** Makes sure of this much scratch space. */
  needScratch(bytes: number): void {
    this.scratchBytes = Math.max(this.scratchBytes, bytes);
  }

  /** Byte mask of qubits. */
  mask(qubits: readonly number[]): number {
    return qubits.reduce((mask, qubit) => mask | stride(qubit, this.qubits), 0);
  }

  /** Byte mask of the qubits not in a byte mask. */
  rest(mask: number): number {
    return this.stateBytes - 32 - mask;
  }

  /** Byte offsets of the amplitudes of a set of qubits, first qubit most significant, as a constant. */
  offsets(qubits: readonly number[], base: number): number {
    const size = 2 ** qubits.length;
    const strides = qubits.map((qubit) => stride(qubit, this.qubits));
    return this.constants.integers(
      Array.from({ length: size }, (_, index) =>
        strides.reduce(
          (sum, bytes, i) => (((index >> (qubits.length - 1 - i)) & 1) === 1 ? sum + bytes : sum),
          base,
        ),
      ),
    );
  }

  /** Pushes an argument plus bytes. */
  push(local: number, bytes = 0): void {
    this.main.get(local);
    if (bytes > 0) this.main.i32(bytes).op('i32Add');
  }

  /** Pushes the address of a constant. */
  pushConstant(offset: number): void {
    this.push(argument.constants, offset);
  }
}
