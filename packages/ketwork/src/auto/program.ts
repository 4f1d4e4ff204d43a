// A program of whichever engine was chosen, behind the contract of programs that return promises.
import type { Circuit } from '@ketwork/circuit';
import type {
  AsyncCallOptions,
  AsyncProgram,
  CompileOptions,
  Cotangents,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Program,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from '@ketwork/simulator';

/** A program with the reason why its engine was chosen. */
export class ChosenProgram<Names extends string, M extends Measurements> implements AsyncProgram<
  Names,
  M
> {
  readonly #program: Program<Names, M> | AsyncProgram<Names, M>;
  readonly #reason: string;

  constructor(program: Program<Names, M> | AsyncProgram<Names, M>, reason: string) {
    this.#program = program;
    this.#reason = reason;
  }

  get circuit(): Circuit<Names> {
    return this.#program.circuit;
  }

  get measurements(): M {
    return this.#program.measurements;
  }

  get outputShapes(): readonly (readonly number[])[] {
    return this.#program.outputShapes;
  }

  get options(): CompileOptions {
    return this.#program.options;
  }

  async run(
    values?: Values<Names>,
    options: RunOptions & AsyncCallOptions = {},
  ): Promise<Results<M>> {
    options.signal?.throwIfAborted();
    return await this.#program.run(values, options);
  }

  async vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    options.signal?.throwIfAborted();
    return await this.#program.vjp(values, dy, options);
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    options.signal?.throwIfAborted();
    return await this.#program.jacobian(values, options);
  }

  explain(): Explanation {
    const { text, ...rest } = this.#program.explain();
    return { ...rest, text: `${this.#reason} ${text}` };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    return this.#program.estimateMemory(batch, options);
  }

  dispose(): void {
    this.#program.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
