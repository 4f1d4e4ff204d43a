import type { Executor } from './executor.ts';
import type { Readout } from './readout.ts';

/** Cotangents of a batch's results, and how they reach the columns that the engine reads. */
export class BatchCotangents {
  readonly #readout: Readout;
  readonly #dy: readonly (Float64Array | undefined)[];
  /** Numbers per example of each measurement. */
  readonly #sizes: readonly number[];
  /** Columns of the forward pass, `[batch, columns]`, where variances need means. */
  readonly #means: Float64Array | undefined;

  constructor(
    readout: Readout,
    dy: readonly (Float64Array | undefined)[],
    sizes: readonly number[],
    means: Float64Array | undefined,
  ) {
    this.#readout = readout;
    this.#dy = dy;
    this.#sizes = sizes;
    this.#means = means;
  }

  /** Writes cotangents, turned into cotangents of the columns, into the staging area. */
  stage(executor: Executor, first: number, count: number): void {
    const { numbers, lanes, shift } = executor;
    const base = executor.columnsAt(0);
    const stride = executor.columnBytes / executor.numberBytes;
    const { results } = this.#readout;
    const [only] = results;
    const [source] = this.#dy;
    // By far the commonest case, and with few qubits the time counts.
    if (results.length === 1 && only?.type === 'columns' && source !== undefined) {
      const { columns } = only;
      const size = columns.length;
      if (size === 1 && stride === lanes) {
        numbers.set(source.subarray(first, first + count), base);
        return;
      }
      for (let i = 0; i < count; i++) {
        const at = base + (i >> shift) * stride + (i & (lanes - 1));
        for (let k = 0; k < size; k++)
          numbers[at + lanes * (columns[k] as number)] = source[(first + i) * size + k] as number;
      }
      return;
    }
    for (let i = 0; i < count; i++) {
      const at = base + (i >> shift) * stride + (i & (lanes - 1));
      this.each(first + i, (column, amount) => {
        numbers[at + lanes * column] = (numbers[at + lanes * column] as number) + amount;
      });
    }
  }

  /**
   * Names the cotangent of each column; half that of the state follows as columns of their own.
   *
   * @param readout how this example is read, where a frame of its own exchanges outcomes
   */
  each(
    example: number,
    add: (column: number, amount: number) => void,
    { columns, results }: Readout = this.#readout,
  ): void {
    results.forEach((plan, m) => {
      const source = this.#dy[m];
      if (source === undefined) return;
      const size = this.#sizes[m] as number;
      for (let i = 0; i < size; i++) {
        const d = source[example * size + i] as number;
        if (plan.type === 'columns') add(plan.columns[i] as number, d);
        else if (plan.type === 'state') add(columns + i, 0.5 * d);
        else {
          const mean = plan.means[i] as number;
          add(plan.squares[i] as number, d);
          add(mean, -2 * d * (this.#means?.[example * columns + mean] as number));
        }
      }
    });
  }
}
