import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Timer } from '../harness/measure.ts';

/** A device with the differentiation method it is at its best with. */
export type Device = 'lightning.qubit' | 'default.qubit';

const method: Record<Device, string> = {
  'lightning.qubit': 'adjoint',
  'default.qubit': 'backprop',
};

/** How a row names a device. */
export const deviceName = (device: Device, minibatch: number): string =>
  device === 'lightning.qubit'
    ? `PennyLane lightning.qubit, adjoint, minibatch ${minibatch} (unrolled by PennyLane), f64, 1 thread`
    : `PennyLane default.qubit, backprop, minibatch ${minibatch} broadcast, f64, 1 thread`;

/** Work made ready in the Python process, with what it computes. */
export interface Prepared {
  readonly timer: Timer;
  readonly value: readonly number[];
  readonly gradient: readonly number[];
  /** Frees the work. */
  drop(): Promise<void>;
}

/** A batch through embedded layers. */
export interface CircuitTask {
  readonly device: Device;
  readonly what: 'value' | 'gradient';
  readonly qubits: number;
  readonly layers: number;
  /** `[batch, qubits]`, row-major. */
  readonly x: Float64Array;
  /** `[layers, qubits, 3]`, row-major. */
  readonly w: Float64Array;
}

/** One training step of a hybrid model. */
export interface HybridTask {
  readonly device: Device;
  readonly qubits: number;
  readonly x: Nested;
  readonly y: Nested;
  /** Parameters in the order in which gradients are wanted, by the names the script knows. */
  readonly parameters: Readonly<Record<'first' | 'firstBias' | 'w' | 'last' | 'lastBias', Nested>>;
}

/** Nested arrays of numbers. */
export type Nested = readonly (number | Nested)[];

/** Gives a flat row-major array its shape. */
export function nest(data: ArrayLike<number>, shape: readonly number[]): Nested {
  const [length = 0, ...rest] = shape;
  const size = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length }, (_, i) =>
    rest.length === 0
      ? data[i]!
      : nest(
          Array.from({ length: size }, (_, j) => data[i * size + j]!),
          rest,
        ),
  );
}

/** A Python process that times PennyLane, one request at a time. */
export class PennyLane {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  #next = 0;
  #errors = '';
  #versions: Record<string, string> = {};

  private constructor(python: string) {
    const script = fileURLToPath(new URL('pennylane_peer.py', import.meta.url));
    const one = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
    this.#process = spawn(python, [script], { env: { ...process.env, ...one } });
    this.#process.stderr.on('data', (text: Buffer) => {
      this.#errors = (this.#errors + String(text)).slice(-400);
    });
    createInterface({ input: this.#process.stdout }).on('line', (line) =>
      this.#waiting.shift()?.(line),
    );
    const end = (): void => {
      for (const answer of this.#waiting.splice(0)) answer(undefined);
    };
    this.#process.on('error', ({ message }) => {
      this.#errors = message;
      end();
    });
    this.#process.on('close', end);
    this.#process.stdin.on('error', () => {}); // the closed process is noticed above
  }

  /** Starts the peer. @throws Error where Python or PennyLane is missing. */
  static async start(python: string): Promise<PennyLane> {
    const peer = new PennyLane(python);
    const { versions } = (await peer.#ask({ do: 'hello' })) as { versions: Record<string, string> };
    peer.#versions = versions;
    return peer;
  }

  /** Versions of Python and its packages. */
  get versions(): Readonly<Record<string, string>> {
    return this.#versions;
  }

  /** Makes a batch through embedded layers ready. */
  circuit(task: CircuitTask): Promise<Prepared> {
    const { device, what, qubits, layers, x, w } = task;
    return this.#prepare({
      task: 'circuit',
      device,
      method: method[device],
      what,
      qubits,
      ranges: null,
      x: nest(x, [x.length / qubits, qubits]),
      w: nest(w, [layers, qubits, 3]),
    });
  }

  /** Makes a hybrid training step ready. */
  hybrid({ device, qubits, x, y, parameters }: HybridTask): Promise<Prepared> {
    return this.#prepare({
      task: 'hybrid',
      device,
      method: method[device],
      qubits,
      x,
      y,
      names: Object.keys(parameters),
      parameters: Object.values(parameters),
    });
  }

  /** Ends the Python process. */
  stop(): void {
    this.#process.stdin.end();
  }

  async #prepare(request: Record<string, unknown>): Promise<Prepared> {
    const id = String(this.#next++);
    const answer = (await this.#ask({ do: 'prepare', id, ...request })) as Partial<Prepared>;
    return {
      value: answer.value ?? [],
      gradient: answer.gradient ?? [],
      timer: async (calls) =>
        ((await this.#ask({ do: 'time', id, calls })) as { seconds: number }).seconds,
      drop: async () => void (await this.#ask({ do: 'drop', id })),
    };
  }

  async #ask(request: Record<string, unknown>): Promise<unknown> {
    const line = await new Promise<string | undefined>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#process.exitCode !== null) resolve(undefined);
      else this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    });
    if (line === undefined) {
      throw new Error(`Python ended: ${this.#errors.trim().split('\n').at(-1) ?? ''}`);
    }
    const answer = JSON.parse(line) as { error?: string };
    if (answer.error !== undefined) throw new Error(`PennyLane: ${answer.error}`);
    return answer;
  }
}
