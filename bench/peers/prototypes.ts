import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A gate of the prototypes. */
interface PrototypeGate {
  readonly g: 'rx' | 'ry' | 'rz' | 'cnot';
  readonly q: readonly number[];
  readonly p?: number;
}

interface Jit {
  genForward(qubits: number, gates: readonly PrototypeGate[], options: object): { fn: unknown };
  genAdjoint(qubits: number, gates: readonly PrototypeGate[], options: object): { fns: unknown[] };
  compile(
    functions: unknown[],
    memory: WebAssembly.Memory,
  ): { ex: Record<'run' | 'grad', (...args: number[]) => void> };
}

/** A generated kernel with its data in place. */
export interface PrototypeKernel {
  /** Computes all examples; angles are already coefficients in memory. */
  readonly run: () => void;
  /** Turns the examples' angles into coefficients; does nothing where no angle is an example's own. */
  readonly stage: () => void;
  /** Expectation values of Z on qubit 0, one per example. */
  readonly values: () => Float64Array;
  /** Gradient of the sum over examples with respect to the weights. */
  readonly sum: () => Float64Array;
}

const SHARED = 4096;
const SAMPLES = 1 << 20;
const GRADIENTS = 4 << 20;
const OUT = 12 << 20;
const STATE = 16 << 20;

/** How the prototypes run: gates as written, two qubits in registers, no fused multiply-add. */
const OPTIONS = { k: 2, kb: 2, prec: 'f64', fma: false } as const;

/** The name of a row's peer. */
export const prototypeName = (what: 'forward' | 'adjoint', more = ''): string =>
  `prototype JIT, gates as written, f64, 2-qubit groups, ${what} kernel alone${more}`;

/** The throw-away prototypes this engine grew from, where their folder is given. */
export class Prototypes {
  readonly #jit: Jit;
  readonly #memory = new WebAssembly.Memory({ initial: 512, maximum: 65536, shared: true });

  private constructor(jit: Jit) {
    this.#jit = jit;
  }

  /** Loads `jit.mjs` from a folder. */
  static async load(folder: string): Promise<Prototypes> {
    const url = pathToFileURL(resolve(folder, 'jit.mjs')).href;
    return new Prototypes((await import(url)) as Jit);
  }

  /**
   * Layers of rotations and a ring of CNOTs, `w` `[layers, qubits, 3]`; with `x` `[batch, qubits]` after an embedding
   * by RX. One call computes the whole batch (even); kernels share memory, so stage before a run.
   */
  kernel(
    what: 'forward' | 'adjoint',
    qubits: number,
    w: Float64Array,
    batch: number,
    x?: Float64Array,
  ): PrototypeKernel {
    const gates: PrototypeGate[] = [];
    if (x !== undefined)
      for (let q = 0; q < qubits; q++) gates.push({ g: 'rx', q: [q], p: w.length + q });
    for (let first = 0; first < w.length; first += 3 * qubits) {
      for (let q = 0; q < qubits; q++) {
        (['rz', 'ry', 'rz'] as const).forEach((g, i) =>
          gates.push({ g, q: [q], p: first + 3 * q + i }),
        );
      }
      for (let q = 0; q < qubits; q++) gates.push({ g: 'cnot', q: [q, (q + 1) % qubits] });
    }
    const parameters = w.length + (x === undefined ? 0 : qubits);
    const own = parameters - w.length;
    const options = {
      ...OPTIONS,
      P: parameters,
      unrollMax: qubits <= 3 ? 4 : 1,
      perSample: (p: number) => p >= w.length,
    };
    const { ex } =
      what === 'forward'
        ? this.#jit.compile(
            [{ name: 'run', fn: this.#jit.genForward(qubits, gates, options).fn }],
            this.#memory,
          )
        : this.#jit.compile(this.#jit.genAdjoint(qubits, gates, options).fns, this.#memory);
    const doubles = new Float64Array(this.#memory.buffer);
    const blocks = batch / 2;
    if (GRADIENTS + 16 * parameters * blocks > OUT || SAMPLES + 32 * own * blocks > GRADIENTS) {
      throw new Error('the batch does not fit the memory set aside for the prototypes');
    }
    const stage = (): void => {
      w.forEach((angle, p) => {
        doubles[SHARED / 8 + 2 * p] = Math.cos(angle / 2);
        doubles[SHARED / 8 + 2 * p + 1] = Math.sin(angle / 2);
      });
      if (x === undefined) return;
      for (let example = 0, at = 0; example < batch; example++) {
        const lane = SAMPLES / 8 + (example >> 1) * 4 * own + (example & 1);
        for (let q = 0; q < own; q++, at++) {
          const half = x[at]! / 2;
          doubles[lane + 4 * q] = Math.cos(half);
          doubles[lane + 4 * q + 2] = Math.sin(half);
        }
      }
    };
    stage();
    return {
      stage,
      run:
        what === 'forward'
          ? () => ex.run(STATE, SHARED, SAMPLES, OUT, blocks)
          : () => ex.grad(STATE, SHARED, SAMPLES, OUT, GRADIENTS, blocks),
      values: () => doubles.slice(OUT / 8, OUT / 8 + batch),
      sum() {
        const total = new Float64Array(w.length);
        for (let block = 0; block < blocks; block++) {
          for (let p = 0; p < w.length; p++) {
            const at = GRADIENTS / 8 + 2 * (block * parameters + p);
            total[p] = total[p]! + doubles[at]! + doubles[at + 1]!;
          }
        }
        return total;
      },
    };
  }
}
