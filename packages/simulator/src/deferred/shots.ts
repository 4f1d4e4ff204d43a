import { UnsupportedError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { checkAlive } from '../calls.ts';
import type { CheckedProgram } from '../compile.ts';
import type {
  CompileOptions,
  Explanation,
  Gradients,
  Measurements,
  Program,
  Results,
  RunOptions,
  Values,
} from '../contract.ts';
import { withShots } from '../shots.ts';
import type { CompileAnalytic, RunWithShots } from '../shots.ts';

/** Shots of a circuit with measurements, drawn from exact probabilities of qubits and classical bits together. */
export class DeferredShots<Names extends string, M extends Measurements> implements Program<
  Names,
  M
> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly options: CompileOptions;
  readonly outputShapes: readonly (readonly number[])[];
  readonly #engine: string;
  readonly #run: RunWithShots<Names, M>;
  #disposed = false;

  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    checked: CheckedProgram,
    settings: { readonly engine: string; readonly compile: CompileAnalytic },
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#engine = settings.engine;
    this.#run = withShots(settings.compile, circuit, measurements, options);
  }

  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    checkAlive(this.#disposed);
    return this.#run(values, options);
  }

  vjp(): Gradients<Names> {
    return this.jacobian();
  }

  jacobian(): Gradients<Names> {
    checkAlive(this.#disposed);
    throw new UnsupportedError(
      'adjoint differentiation needs exact results, but the program draws shots',
      {
        remedy:
          "Compile without shots, or differentiate with 'parameter-shift' of @ketwork/gradients",
      },
    );
  }

  explain(): Explanation {
    const { qubits, bits, ops } = this.circuit;
    return {
      text:
        `${this.#engine}: measurements, resets and conditions are deferred to the end of the circuit; exact probabilities of ` +
        `qubits and bits together, then seeded shots.`,
      details: {
        engine: this.#engine,
        regime: 'shots',
        qubits,
        bits,
        operations: ops.length,
        deferred: true,
      },
    };
  }

  estimateMemory(batch = 1): number {
    return this.#run.estimateMemory(batch);
  }

  dispose(): void {
    this.#disposed = true;
    this.#run.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
