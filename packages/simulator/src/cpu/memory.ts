import { EnvironmentError, UnsupportedError } from '@ketwork/base';

const PAGE = 65536;
/** Largest address range of a 32-bit memory, less a page. */
const LIMIT = 2 ** 32 - PAGE;

/** The engine's linear memory. It grows to the largest program run and is scratch space between runs. */
export class EngineMemory {
  readonly memory: WebAssembly.Memory = new WebAssembly.Memory({ initial: 1 });
  #doubles: Float64Array = new Float64Array(this.memory.buffer);
  /** The program whose constants are in memory now. */
  owner: object | undefined;
  /** Set when the engine is disposed: its programs must not run any more. */
  released = false;

  /** Memory as doubles; taken anew after growth. */
  get doubles(): Float64Array {
    return this.#doubles;
  }

  /**
   * Makes sure that addresses below `bytes` exist.
   * @throws UnsupportedError above 4 GiB, EnvironmentError where the machine has no such memory left.
   */
  reserve(bytes: number): void {
    if (bytes > LIMIT) {
      throw new UnsupportedError(
        `the program needs ${(bytes / 2 ** 30).toFixed(1)} GiB; the CPU engine can use 4 GiB`,
        {
          remedy:
            'Use fewer qubits, or for gradients parameter-shift, which holds one state instead of two',
        },
      );
    }
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
