import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { outputShapes } from '@ketwork/simulator';
import type { DifferentiationMethod, SlotValues } from '@ketwork/simulator';
import { sizeOf } from '@ketwork/base';
import type { Derivatives } from './assemble.ts';
import type { Computation } from './evaluate.ts';

/** What derivatives are wanted of. */
export interface Request {
  readonly values: SlotValues;
  /** Slots to differentiate with respect to. */
  readonly slots: readonly Slot[];
  /** Cotangents, one array `[batch, outputs]` per measurement; absent for the whole Jacobian. */
  readonly weights?: readonly (Float64Array | undefined)[];
  readonly seed: number;
}

/** What all methods need to know. */
export interface MethodOptions {
  /** Most bytes of one run. */
  readonly memory: number;
  /** The other methods that cover the measurements, for messages. */
  readonly alternatives: readonly DifferentiationMethod[];
  /** Shots of each run; exact when absent. */
  readonly shots?: number;
  /** How shots are shared between the terms of shift rules. */
  readonly allocation: 'uniform' | 'weighted';
  /** Step of differences and of SPSA. */
  readonly step: number;
  /** Stencil of finite differences. */
  readonly difference: 'central' | 'forward' | 'backward';
  /** Order of finite differences. */
  readonly order: number;
  /** Random directions of SPSA, points of the stochastic shift rule. */
  readonly samples: number;
}

/** A circuit that a method runs. */
export interface Variation {
  readonly circuit: Circuit;
  readonly measurements: readonly Measurement[];
  /** Where it takes another number of shots than the rest. */
  readonly shots?: number;
}

/** A differentiation method prepared for a circuit: what must be compiled, and how its runs make derivatives. */
export interface PreparedMethod {
  readonly variations: readonly Variation[];
  /** Runs of the circuit per example for all derivatives. */
  readonly evaluations: number;
  /** Most examples in one run. */
  readonly limit: number;
  /** Refuses slots the method cannot differentiate by. @throws UnsupportedError */
  check(slots: readonly Slot[]): void;
  derivatives(request: Request): Computation<Derivatives>;
}

/** Sums of weighted results, as a Jacobian or contracted with cotangents. */
export class Accumulator {
  readonly rows: number;
  readonly data: Float64Array;
  readonly #parameters: number;
  readonly #sizes: readonly number[];
  readonly #weights: Request['weights'];

  constructor(
    batch: number,
    parameters: number,
    outputSizes: readonly number[],
    weights: Request['weights'],
  ) {
    this.rows = weights === undefined ? outputSizes.reduce((a, b) => a + b, 0) : 1;
    this.data = new Float64Array(batch * this.rows * parameters);
    this.#parameters = parameters;
    this.#sizes = outputSizes;
    this.#weights = weights;
  }

  /** Adds `coefficient · result(measurement, output)` to the derivatives of one example by one parameter. */
  add(
    example: number,
    parameter: number,
    coefficient: number,
    result: (m: number, output: number) => number,
  ): void {
    let row = example * this.rows;
    this.#sizes.forEach((size, m) => {
      if (this.#weights === undefined) {
        for (let o = 0; o < size; o++, row++) {
          this.data[row * this.#parameters + parameter]! += coefficient * result(m, o);
        }
        return;
      }
      const weights = this.#weights[m];
      if (weights === undefined) return;
      let sum = 0;
      for (let o = 0; o < size; o++) sum += weights[example * size + o]! * result(m, o);
      this.data[row * this.#parameters + parameter]! += coefficient * sum;
    });
  }
}

/** Numbers per example of each measurement. */
export function sizesOf(circuit: Circuit, measurements: readonly Measurement[]): number[] {
  return outputShapes(circuit, measurements).map(sizeOf);
}

/** Numbers per example of a circuit's batch slots and of its results: what a row of a batch takes besides the state. */
export function numbersPerRow({ circuit, measurements }: Variation): number {
  const slots = circuit.slots.filter((slot) => slot.axis === 'batch');
  return [...slots.map(({ shape }) => sizeOf(shape)), ...sizesOf(circuit, measurements)].reduce(
    (a, b) => a + b,
    0,
  );
}
