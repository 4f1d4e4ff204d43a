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
} from './contract.ts';

/**
 * A program of any engine behind the contract of programs that return promises, for engines that choose among others.
 *
 * @param reason Why this engine runs it: a sentence, with which explanations begin.
 * @returns A program that rejects where the given one throws, and where its calls are aborted before they begin. Disposing of
 * it disposes of the given one.
 * @example
 * ```ts
 * import { circuit, expval, Z } from '@ketwork/circuit';
 * import { asyncProgram, cpu } from '@ketwork/simulator';
 * const flip = circuit(1, (q) => q.x(0));
 * const program = asyncProgram((await cpu()).compile(flip, expval(Z(0))), 'The circuit is small.');
 * console.log(await program.run()); // [-1]
 * ```
 */
export function asyncProgram<Names extends string, M extends Measurements>(
  program: Program<Names, M> | AsyncProgram<Names, M>,
  reason: string,
): AsyncProgram<Names, M> {
  return new ReasonedProgram(program, reason);
}

class ReasonedProgram<Names extends string, M extends Measurements> implements AsyncProgram<
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
