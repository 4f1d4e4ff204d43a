import type { KernelJSON } from '../contract.ts';

/** What each worker holds; sent as the pool's `workerData`. */
export interface TileWorkerData {
  readonly kernel: KernelJSON;
  readonly precision: 'f64' | 'f32';
  /** All examples, `[n, features]`. */
  readonly x: Float64Array;
  readonly values: Readonly<Record<string, Float64Array>>;
  readonly seed: number;
  /** Bytes for rows of two blocks. */
  readonly memory: number;
}
