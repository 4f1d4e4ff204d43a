/** States of the register in WebAssembly memory: room for several of them, and what can be done to one. */
import { UnsupportedError } from '@ketwork/base';
import type { Control } from '@ketwork/circuit';
import { linkKernels } from './kernels.ts';
import type { Kernels } from './kernels.ts';
import { behind, controlledBy, product, scaled, traceOf } from './small-matrices.ts';

/** Bytes in front of the first state: matrices and sums. */
const HEAD = 1024;
const SUMS = 512;
const PAGE = 65536;
/** States that are kept at once at most; branches that find no room start again from the beginning. */
const MOST_STATES = 24;
/** What they take together at most, where more than two of them would take more. */
const MOST_BYTES = 2 ** 31;

/** Room for states of one number of qubits. */
export class StateStore {
  readonly qubits: number;
  readonly kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #bytes: number;
  readonly #most: number;
  readonly #free: number[] = [];
  #made = 0;
  #doubles: Float64Array;

  /** @param most states that are kept at once at most, for tests of the way to go on without room */
  constructor(qubits: number, fused: boolean, most: number | undefined = MOST_STATES) {
    this.qubits = qubits;
    this.#bytes = 16 * 2 ** qubits;
    this.#most = Math.min(most, Math.max(2, Math.floor(MOST_BYTES / this.#bytes)));
    this.#memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    this.#doubles = new Float64Array(this.#memory.buffer);
    this.kernels = linkKernels(this.#memory, fused);
  }

  /** Bytes it takes with this many states. */
  static bytes(qubits: number, states: number): number {
    return HEAD + states * 16 * 2 ** qubits;
  }

  /** The address of a state's room, undefined where there is none left. Its content is what it was. */
  acquire(): number | undefined {
    const used = this.#free.pop();
    if (used !== undefined) return used;
    if (this.#made === this.#most) return undefined;
    const address = HEAD + this.#made * this.#bytes;
    const missing = Math.ceil((address + this.#bytes - this.#doubles.byteLength) / PAGE);
    if (missing > 0) {
      try {
        this.#memory.grow(missing);
      } catch (cause) {
        if (this.#made > 0) return undefined;
        throw new UnsupportedError(
          `there is no memory for a state of ${this.qubits} qubits (${this.#bytes} bytes)`,
          { cause, remedy: 'Use fewer qubits' },
        );
      }
      this.#doubles = new Float64Array(this.#memory.buffer);
    }
    this.#made++;
    return address;
  }

  /** Gives a state's room back. */
  release(address: number): void {
    this.#free.push(address);
  }

  /** All memory as doubles; valid until a state is acquired. */
  get doubles(): Float64Array {
    return this.#doubles;
  }

  /** The amplitudes at an address, interleaved re, im; valid until a state is acquired. */
  amplitudes(address: number): Float64Array {
    return this.#doubles.subarray(address / 8, (address + this.#bytes) / 8);
  }
}

/** One state. Matrices on single qubits wait until something needs their qubit and are then applied together with it. */
export class RegisterState {
  readonly #store: StateStore;
  readonly #address: number;
  readonly #waiting: (ArrayLike<number> | undefined)[];
  /** Qubits whose waiting matrix is not unitary: it changes what other qubits are seen to be in. */
  readonly #contracted: Set<number>;

  constructor(
    store: StateStore,
    address: number,
    waiting: (ArrayLike<number> | undefined)[] = [],
    contracted: Iterable<number> = [],
  ) {
    this.#store = store;
    this.#address = address;
    this.#waiting = waiting;
    this.#contracted = new Set(contracted);
  }

  /** Makes it |0…0⟩. */
  clear(): void {
    const amplitudes = this.#store.amplitudes(this.#address);
    amplitudes.fill(0);
    amplitudes[0] = 1;
    this.#waiting.length = 0;
    this.#contracted.clear();
  }

  /** A copy, undefined where there is no room for it. */
  fork(): RegisterState | undefined {
    const address = this.#store.acquire();
    if (address === undefined) return undefined;
    this.#store.amplitudes(address).set(this.#store.amplitudes(this.#address));
    return new RegisterState(this.#store, address, [...this.#waiting], this.#contracted);
  }

  /** Gives its room back; the state must not be used afterwards. */
  release(): void {
    this.#store.release(this.#address);
  }

  /** Applies a matrix on one or two qubits (first one most significant) where the controls hold. */
  apply(
    targets: readonly number[],
    matrix: ArrayLike<number>,
    controls: readonly Control[] = [],
    unitary = true,
  ): void {
    const [a, b] = targets as [number, number | undefined];
    const waiting = this.#waiting;
    if (controls.length === 0 && b === undefined) {
      const before = waiting[a];
      waiting[a] = before === undefined ? matrix : product(matrix, before, 2);
      if (!unitary) this.#contracted.add(a);
      return;
    }
    const [control, another] = controls;
    if (b === undefined && control !== undefined && another === undefined) {
      if (waiting[a] !== undefined || waiting[control.qubit] !== undefined) {
        this.#pair(control.qubit, a, controlledBy(control.value, matrix));
        return;
      }
    }
    if (b !== undefined && control === undefined) {
      this.#pair(a, b, matrix);
      return;
    }
    for (const qubit of targets) this.#flush(qubit);
    for (const { qubit } of controls) this.#flush(qubit);
    this.#run(targets, matrix, controls);
  }

  /** Applies a 4 × 4 matrix together with what waits on its qubits. */
  #pair(a: number, b: number, matrix: ArrayLike<number>): void {
    const waiting = this.#waiting;
    const together = behind(matrix, waiting[a], waiting[b]);
    waiting[a] = undefined;
    waiting[b] = undefined;
    this.#contracted.delete(a);
    this.#contracted.delete(b);
    this.#run([a, b], together, []);
  }

  #flush(qubit: number): void {
    const matrix = this.#waiting[qubit];
    if (matrix === undefined) return;
    this.#waiting[qubit] = undefined;
    this.#contracted.delete(qubit);
    this.#run([qubit], matrix, []);
  }

  /** Applies everything that waits. */
  flush(): void {
    for (let qubit = 0; qubit < this.#store.qubits; qubit++) this.#flush(qubit);
  }

  #run(targets: readonly number[], matrix: ArrayLike<number>, controls: readonly Control[]): void {
    const { kernels, qubits, doubles } = this.#store;
    const low = (qubit: number): number => 2 ** (qubits - 1 - qubit);
    let real = true;
    for (let i = 0; i < matrix.length; i++) doubles[i] = matrix[i] as number;
    for (let i = 1; real && i < matrix.length; i += 2) real = matrix[i] === 0;
    let mask = 0;
    let value = 0;
    for (const { qubit, value: wanted } of controls) {
      mask |= low(qubit);
      if (wanted === 1) value |= low(qubit);
    }
    const [a, b] = targets as [number, number | undefined];
    if (b === undefined) {
      const apply = real ? kernels.real1 : kernels.apply1;
      apply(this.#address, 2 ** (qubits - 1), low(a), 0, mask, value);
    } else {
      const apply = real ? kernels.real2 : kernels.apply2;
      apply(this.#address, 2 ** (qubits - 2), low(a), low(b), 0, mask, value);
    }
  }

  /** Multiplies amplitudes by those of a state of some qubits that are |0…0⟩ so far. */
  prepare(targets: readonly number[], column: ArrayLike<number>): void {
    for (const qubit of targets) this.#flush(qubit);
    const { qubits } = this.#store;
    const amplitudes = this.#store.amplitudes(this.#address);
    const places = targets.map((qubit) => 2 ** (qubits - 1 - qubit));
    const all = places.reduce((sum, place) => sum + place, 0);
    for (let i = 2 ** qubits - 1; i >= 0; i--) {
      let row = 0;
      for (const place of places) row = 2 * row + ((i & place) === 0 ? 0 : 1);
      const from = 2 * (i & ~all);
      const [re, im] = [amplitudes[from] as number, amplitudes[from + 1] as number];
      const [x, y] = [column[2 * row] as number, column[2 * row + 1] as number];
      amplitudes[2 * i] = re * x - im * y;
      amplitudes[2 * i + 1] = re * y + im * x;
    }
  }

  /** Reduced density matrix of one qubit, 2 × 2, interleaved. */
  density(qubit: number): Float64Array {
    for (const other of this.#contracted) if (other !== qubit) this.#flush(other);
    const { kernels, qubits, doubles } = this.#store;
    kernels.density(this.#address, 2 ** (qubits - 1), 2 ** (qubits - 1 - qubit), SUMS);
    const [p0, p1, re, im] = doubles.subarray(SUMS / 8, SUMS / 8 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const stored = Float64Array.of(p0, 0, re, im, re, -im, p1, 0);
    const matrix = this.#waiting[qubit];
    if (matrix === undefined) return stored;
    const [a, b, c, d, e, f, g, h] = Array.from(matrix) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const adjoint = [a, -b, e, -f, c, -d, g, -h];
    return product(product(matrix, stored, 2), adjoint, 2);
  }

  /** Reduced density matrix of some qubits, `2 · 4^k` numbers, the first one most significant. */
  densityOf(targets: readonly number[]): Float64Array {
    const [only, another] = targets;
    if (only !== undefined && another === undefined) return this.density(only);
    for (const other of this.#contracted) this.#flush(other);
    for (const qubit of targets) this.#flush(qubit);
    const { qubits } = this.#store;
    const amplitudes = this.#store.amplitudes(this.#address);
    const places = targets.map((qubit) => 2 ** (qubits - 1 - qubit));
    const all = places.reduce((sum, place) => sum + place, 0);
    const d = 2 ** targets.length;
    const offsets = offsetsOf(places);
    const out = new Float64Array(2 * d * d);
    for (let base = 0; base < 2 ** qubits; base++) {
      if ((base & all) !== 0) continue;
      for (let r = 0; r < d; r++) {
        const x = 2 * (base + (offsets[r] as number));
        const [re, im] = [amplitudes[x] as number, amplitudes[x + 1] as number];
        for (let c = 0; c < d; c++) {
          const y = 2 * (base + (offsets[c] as number));
          const [u, v] = [amplitudes[y] as number, amplitudes[y + 1] as number];
          const at = 2 * (r * d + c);
          out[at] = (out[at] as number) + re * u + im * v;
          out[at + 1] = (out[at + 1] as number) + im * u - re * v;
        }
      }
    }
    return out;
  }

  /** Applies a matrix on any number of qubits by index arithmetic. */
  applyWide(targets: readonly number[], matrix: ArrayLike<number>): void {
    for (const qubit of targets) this.#flush(qubit);
    const { qubits } = this.#store;
    const amplitudes = this.#store.amplitudes(this.#address);
    const places = targets.map((qubit) => 2 ** (qubits - 1 - qubit));
    const all = places.reduce((sum, place) => sum + place, 0);
    const d = 2 ** targets.length;
    const offsets = offsetsOf(places);
    const from = new Float64Array(2 * d);
    for (let base = 0; base < 2 ** qubits; base++) {
      if ((base & all) !== 0) continue;
      for (let r = 0; r < d; r++) {
        const x = 2 * (base + (offsets[r] as number));
        from[2 * r] = amplitudes[x] as number;
        from[2 * r + 1] = amplitudes[x + 1] as number;
      }
      for (let r = 0; r < d; r++) {
        let re = 0;
        let im = 0;
        for (let c = 0; c < d; c++) {
          const at = 2 * (r * d + c);
          const [u, v] = [matrix[at] as number, matrix[at + 1] as number];
          const [x, y] = [from[2 * c] as number, from[2 * c + 1] as number];
          re += u * x - v * y;
          im += u * y + v * x;
        }
        const x = 2 * (base + (offsets[r] as number));
        amplitudes[x] = re;
        amplitudes[x + 1] = im;
      }
    }
  }

  /** The amplitudes, with everything applied, interleaved re, im; valid until a state is acquired. */
  amplitudes(): Float64Array {
    this.flush();
    return this.#store.amplitudes(this.#address);
  }

  /** Probability weights of branches given by their effects `K†K`; they add up to the squared norm. */
  weights(targets: readonly number[], effects: readonly ArrayLike<number>[]): Float64Array {
    const density = this.densityOf(targets);
    const d = 2 ** targets.length;
    return Float64Array.from(effects, (effect) => Math.max(0, traceOf(effect, density, d)));
  }

  /** Applies one branch of a channel and divides by the square root of its weight. */
  project(targets: readonly number[], matrix: ArrayLike<number>, weight: number): void {
    const normalised = scaled(matrix, 1 / Math.sqrt(weight));
    if (targets.length === 1) this.apply(targets, normalised, [], false);
    else if (targets.length === 2)
      this.#pair(targets[0] as number, targets[1] as number, normalised);
    else this.applyWide(targets, normalised);
  }
}

/** Distances from the amplitude whose target bits are 0, by the number the target bits make. */
function offsetsOf(places: readonly number[]): number[] {
  const k = places.length;
  return Array.from({ length: 2 ** k }, (_, row) =>
    places.reduce((sum, place, i) => sum + (((row >> (k - 1 - i)) & 1) === 1 ? place : 0), 0),
  );
}
