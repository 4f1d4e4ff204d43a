import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

interface Tensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
}

/** The functions used of `@tensorflow/tfjs-core`. */
interface Core {
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  tidy<T>(work: () => T): T;
  transpose(x: Tensor, order: readonly number[]): Tensor;
  reverse(x: Tensor, axes: readonly number[]): Tensor;
  conv2d(x: Tensor, filter: Tensor, stride: number, padding: unknown): Tensor;
  readonly fused: {
    conv2d(options: {
      x: Tensor;
      filter: Tensor;
      strides: number;
      pad: unknown;
      bias: Tensor;
    }): Tensor;
  };
}

interface Wasm {
  setWasmPaths(folder: string): void;
  getThreadsCount(): number;
}

/** A convolution with steps of one pixel and as much padding as keeps the size. */
export interface SameConvolution {
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly side: number;
  readonly kernel: number;
}

/** The work of a convolution; each call leaves its result in the peer's memory, `read` fetches it in our order. */
export interface ConvolutionPeer {
  forward(): void;
  imageGradient(): void;
  weightGradient(): void;
  read(what: 'forward' | 'imageGradient' | 'weightGradient'): Float64Array;
}

/** How a row names this peer. */
export const tensorflowName = 'TensorFlow.js, wasm backend (SIMD, XNNPACK), f32';

/** TensorFlow.js on its WebAssembly backend, from a folder where it is installed. */
export class TensorFlowPeer {
  readonly version: string;
  /** Threads it computes with; one under Node. */
  readonly threads: number;
  readonly #tf: Core;

  private constructor(tf: Core, version: string, threads: number) {
    this.#tf = tf;
    this.version = version;
    this.threads = threads;
  }

  /** @param folder holds `node_modules/@tensorflow`. Rejects where it is not installed there. */
  static async load(folder: string): Promise<TensorFlowPeer> {
    const load = createRequire(join(resolve(folder), 'package.json'));
    const manifest = load.resolve('@tensorflow/tfjs-backend-wasm/package.json');
    const tf = load('@tensorflow/tfjs-core') as Core;
    const wasm = load('@tensorflow/tfjs-backend-wasm') as Wasm;
    wasm.setWasmPaths(`${join(dirname(manifest), 'dist')}/`);
    if (!(await tf.setBackend('wasm'))) throw new Error('its wasm backend does not start');
    const { version } = load(manifest) as { version: string };
    return new TensorFlowPeer(tf, version, wasm.getThreadsCount());
  }

  /**
   * A convolution of arrays in our order (channels before rows), which are turned round beforehand. The backend has no
   * kernel for the gradient of weights and a slow one for that of images, so both are written as the convolutions that
   * they are.
   */
  convolution(
    { batch, channels, filters, side, kernel }: SameConvolution,
    arrays: Readonly<Record<'x' | 'w' | 'bias' | 'dy', Float64Array>>,
  ): ConvolutionPeer {
    const tf = this.#tf;
    const enter = (values: Float64Array, shape: number[], order: number[]): Tensor =>
      tf.tidy(() => tf.transpose(tf.tensor(Float32Array.from(values), shape), order));
    const x = enter(arrays.x, [batch, channels, side, side], [0, 2, 3, 1]);
    const w = enter(arrays.w, [filters, channels, kernel, kernel], [2, 3, 1, 0]);
    const dy = enter(arrays.dy, [batch, filters, side, side], [0, 2, 3, 1]);
    const bias = enter(arrays.bias, [filters], [0]);
    const half = (kernel - 1) / 2;
    const around = [
      [0, 0],
      [half, half],
      [half, half],
      [0, 0],
    ];
    const work = {
      forward: () => tf.fused.conv2d({ x, filter: w, strides: 1, pad: 'same', bias }),
      imageGradient: () =>
        tf.conv2d(dy, tf.transpose(tf.reverse(w, [0, 1]), [0, 1, 3, 2]), 1, 'same'),
      weightGradient: () =>
        tf.conv2d(tf.transpose(x, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3]), 1, around),
    };
    const order = {
      forward: [0, 3, 1, 2],
      imageGradient: [0, 3, 1, 2],
      weightGradient: [3, 0, 1, 2],
    };
    const run = (what: keyof typeof work) => (): void =>
      tf.tidy(() => {
        work[what]();
      });
    return {
      forward: run('forward'),
      imageGradient: run('imageGradient'),
      weightGradient: run('weightGradient'),
      read: (what) =>
        Float64Array.from(tf.tidy(() => tf.transpose(work[what](), order[what]).dataSync())),
    };
  }
}
