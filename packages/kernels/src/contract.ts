import type { Circuit } from '@ketwork/circuit';
import type { Gradients, Numbers, Values } from '@ketwork/simulator';

/** Options of a call of a kernel. */
export interface KernelCall {
  /** Values of the feature map's shared slots (its weights), by name. */
  readonly values?: Values;
  /** Seed of the shots, an integer from 0 to 2^53 - 1; needed only where shots are drawn. Default 0. */
  readonly seed?: number;
}

/** Options of a call of a kernel that runs elsewhere. */
export interface AsyncKernelCall extends KernelCall {
  /** Gives the call up when aborted: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What makes a kernel again: plain data, see {@link kernelFromJSON}. */
export interface KernelJSON {
  /** Which kernel. */
  readonly kind: 'fidelity' | 'projected' | 'rbf';
  /** The feature map, as JSON of `toJSON`; absent in `rbf`. */
  readonly circuit?: string;
  /** The kernel's other settings. */
  readonly settings: Readonly<Record<string, string | number>>;
}

/** What every kernel shares, local or remote. */
export interface KernelInfo {
  /** Which kernel. */
  readonly kind: KernelJSON['kind'];
  /** Numbers of one example. */
  readonly features: number;
  /** The circuit that encodes examples; absent in a classical kernel. */
  readonly circuit?: Circuit;
  /** Bytes of one example while it is compared with others: its state, or its features. */
  readonly rowBytes: number;
  /** Plain data from which {@link kernelFromJSON} makes the kernel again. @throws UnsupportedError where settings are functions. */
  toJSON(): KernelJSON;
}

/** A kernel whose engine runs in the calling thread. Returned arrays belong to the caller. */
export interface Kernel extends KernelInfo, Disposable {
  /**
   * The Gram matrix of some examples, row-major `[n, n]`, symmetric to the bit.
   *
   * @param x `[n, features]`.
   * @throws ValueError for numbers that do not fit, before any work.
   */
  matrix(x: Numbers, options?: KernelCall): Float64Array;
  /**
   * The kernel between two sets of examples, row-major `[n, m]`: rows are those of `x`.
   *
   * @param x `[n, features]`, such as test examples.
   * @param y `[m, features]`, such as training examples.
   */
  between(x: Numbers, y: Numbers, options?: KernelCall): Float64Array;
  /**
   * Gradients of `Σ dK · K` over the Gram matrix of some examples, with respect to the feature map's shared slots.
   *
   * @param x `[n, features]`.
   * @param dK Cotangent `[n, n]`, of every element of the matrix.
   * @throws UnsupportedError where the kernel is estimated from shots, from pairs, or has no weights.
   */
  vjp(x: Numbers, dK: ArrayLike<number>, options?: KernelCall): Gradients;
  /** Frees the programs; using the kernel afterwards throws. The engine stays. */
  dispose(): void;
}

/** A kernel whose engine runs elsewhere: the methods of {@link Kernel}, returning promises. */
export interface AsyncKernel extends KernelInfo, Disposable {
  /** The Gram matrix, row-major `[n, n]`, symmetric to the bit. */
  matrix(x: Numbers, options?: AsyncKernelCall): Promise<Float64Array>;
  /** The kernel between two sets of examples, row-major `[n, m]`. */
  between(x: Numbers, y: Numbers, options?: AsyncKernelCall): Promise<Float64Array>;
  /** Gradients of `Σ dK · K` with respect to the feature map's shared slots. */
  vjp(x: Numbers, dK: ArrayLike<number>, options?: AsyncKernelCall): Promise<Gradients>;
  /** Frees the programs; using the kernel afterwards rejects. The engine stays. */
  dispose(): void;
}
