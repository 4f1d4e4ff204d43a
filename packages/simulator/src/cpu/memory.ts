import { EnvironmentError, UnsupportedError } from '@ketwork/base';
import { exactRounding } from './arithmetic.ts';
import type { NumberArray, Numerics } from './arithmetic.ts';
import type { Team } from './large/team.ts';

const PAGE = 65536;
/** Largest address range of a 32-bit memory, less a page. */
const LIMIT = 2 ** 32 - PAGE;
/** Pages that a shared memory may grow to, which modules that import it must name. */
export const SHARED_PAGES: number = 2 ** 16;

/** The engine's linear memory. It grows to the largest program run and is scratch space between runs. */
export class EngineMemory {
  readonly memory: WebAssembly.Memory;
  /** How the engine computes with the numbers in it. */
  readonly numerics: Numerics;
  #doubles: Float64Array;
  #numbers: NumberArray;
  /** The worker's place among those that share this memory, during a call. */
  team: Team | undefined;
  /** The program whose constants are in memory now. */
  owner: object | undefined;
  /** Set when the engine is disposed: its programs must not run any more. */
  released = false;

  /**
   * @param numerics how the engine computes
   * @param memory shared by several workers; by default one of its own
   */
  constructor(
    numerics: Numerics = exactRounding,
    memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 1 }),
  ) {
    this.numerics = numerics;
    this.memory = memory;
    this.#doubles = new Float64Array(memory.buffer);
    this.#numbers = this.#view();
  }

  /** Whether modules must import it as shared. */
  get shared(): boolean {
    return !(this.memory.buffer instanceof ArrayBuffer);
  }

  /** Memory as numbers in the format of amplitudes; taken anew after growth. */
  get numbers(): NumberArray {
    return this.#numbers;
  }

  /** Memory as doubles; taken anew after growth. */
  get doubles(): Float64Array {
    return this.#doubles;
  }

  #view(): NumberArray {
    return this.numerics.precision === 'f64' ? this.#doubles : new Float32Array(this.memory.buffer);
  }

  /**
   * Makes sure that addresses below `bytes` exist.
   * @throws UnsupportedError above 4 GiB, EnvironmentError where the machine has no such memory left.
   */
  reserve(bytes: number): void {
    checkAddresses(bytes);
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.memory.grow(Math.ceil(missing / PAGE));
    } catch (cause) {
      throw new EnvironmentError(`no memory for ${(bytes / 2 ** 20).toFixed(0)} MiB of states`, {
        remedy: 'Use fewer qubits or close other programs',
        cause,
      });
    }
    this.#doubles = new Float64Array(this.memory.buffer);
    this.#numbers = this.#view();
  }

  /** Takes notice of growth by another worker. */
  refresh(): void {
    // Growing by nothing makes this thread see the new size at once.
    this.memory.grow(0);
    if (this.#doubles.buffer.byteLength !== this.memory.buffer.byteLength)
      this.#doubles = new Float64Array(this.memory.buffer);
    this.#numbers = this.#view();
  }
}

/**
 * Refuses what does not fit 32-bit addresses.
 *
 * @param gradient whether it is what differentiating needs, beside a state for lambda
 * @throws UnsupportedError
 */
export function checkAddresses(bytes: number, gradient = false): void {
  if (bytes <= LIMIT) return;
  const what = gradient ? 'the gradient' : 'the program';
  throw new UnsupportedError(
    `${what} needs ${(bytes / 2 ** 30).toFixed(1)} GiB; the CPU engine can use 4 GiB`,
    {
      remedy: gradient
        ? "Use fewer qubits, or method 'parameter-shift' of @ketwork/gradients, which holds one state instead of two"
        : 'Use fewer qubits, or measure fewer of them',
    },
  );
}

/**
 * An array for numbers per example.
 * @throws EnvironmentError where the machine has no such memory left.
 */
export function allocate(length: number): Float64Array {
  try {
    return new Float64Array(length);
  } catch (cause) {
    throw new EnvironmentError(
      `no memory for ${((8 * length) / 2 ** 20).toFixed(0)} MiB of results`,
      {
        remedy: 'Run fewer examples at a time, or measure fewer qubits',
        cause,
      },
    );
  }
}

/** Hands out addresses one after the other, each a multiple of 64 bytes. */
export class Layout {
  #next = 64;

  /** Reserves bytes and returns their address. */
  take(bytes: number): number {
    const at = this.#next;
    this.#next = Math.ceil((at + bytes) / 64) * 64;
    return at;
  }

  /** Bytes used so far. */
  get bytes(): number {
    return this.#next;
  }
}
