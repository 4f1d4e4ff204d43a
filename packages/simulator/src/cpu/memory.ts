import { EnvironmentError, UnsupportedError, wasmFeatures, wideMemory } from '@ketwork/base';
import { exactRounding } from './arithmetic.ts';
import type { NumberArray, Numerics } from './arithmetic.ts';
import type { Team } from './large/team.ts';

const PAGE = 65536;
/** Largest address range of a 32-bit memory, less a page. */
const LIMIT = 2 ** 32 - PAGE;
/** The same with 64-bit addresses: the most that engines of 2026 give. */
const WIDE_LIMIT = 2 ** 34 - PAGE;
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
  /** Whether addresses have 64 bits. */
  readonly wide: boolean;
  #larger: EngineMemory | undefined;

  /**
   * @param numerics how the engine computes
   * @param memory shared by several workers; by default one of its own
   * @param wide whether its addresses have 64 bits
   */
  constructor(
    numerics: Numerics = exactRounding,
    memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 1 }),
    wide = false,
  ) {
    this.numerics = numerics;
    this.memory = memory;
    this.wide = wide;
    this.#doubles = new Float64Array(memory.buffer);
    this.#numbers = this.#view();
  }

  /** The engine's memory for what needs more than 32-bit addresses, made when it is first asked for. */
  get larger(): EngineMemory {
    this.#larger ??= new EngineMemory(this.numerics, wideMemory(1), true);
    return this.#larger;
  }

  /** Whether so many bytes take 64-bit addresses, which the runtime has and a memory of its own can offer. */
  outgrows(bytes: number): boolean {
    return bytes > LIMIT && wasmFeatures().memory64 && !this.shared;
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
    checkAddresses(bytes, false, this.wide);
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.#grow(Math.ceil(missing / PAGE));
    } catch (cause) {
      throw new EnvironmentError(`no memory for ${(bytes / 2 ** 20).toFixed(0)} MiB of states`, {
        remedy: 'Use fewer qubits or close other programs',
        cause,
      });
    }
    this.#doubles = new Float64Array(this.memory.buffer);
    this.#numbers = this.#view();
  }

  #grow(pages: number): void {
    // TypeScript's library does not know that 64-bit memories count in BigInt.
    this.memory.grow((this.wide ? BigInt(pages) : pages) as number);
  }

  /** Takes notice of growth by another worker. */
  refresh(): void {
    // Growing by nothing makes this thread see the new size at once.
    this.#grow(0);
    if (this.#doubles.buffer.byteLength !== this.memory.buffer.byteLength)
      this.#doubles = new Float64Array(this.memory.buffer);
    this.#numbers = this.#view();
  }
}

/**
 * Refuses what does not fit the addresses of a memory.
 *
 * @param gradient whether it is what differentiating needs, beside a state for lambda
 * @param wide whether addresses have 64 bits
 * @throws UnsupportedError
 */
export function checkAddresses(bytes: number, gradient = false, wide = false): void {
  if (bytes <= (wide ? WIDE_LIMIT : LIMIT)) return;
  const what = gradient ? 'the gradient' : 'the program';
  throw new UnsupportedError(
    `${what} needs ${(bytes / 2 ** 30).toFixed(1)} GiB; the CPU engine can use ${wide ? 16 : 4} GiB`,
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

  /** Leaves everything below an address to others. */
  skipTo(address: number): void {
    this.#next = Math.max(this.#next, Math.ceil(address / 64) * 64);
  }

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
