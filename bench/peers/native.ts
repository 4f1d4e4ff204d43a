import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Circuit } from '@ketwork/circuit';
import { described } from '../harness/described.ts';
import type { Timer } from '../harness/measure.ts';

/** The simulators that the Python process knows. */
export type NativeName =
  | 'lightning.qubit'
  | 'default.qubit'
  | 'qulacs'
  | 'aer'
  | 'qsim'
  | 'tensorcircuit';

/** Number format of amplitudes. */
export type Precision = 'f64' | 'f32';

/** Work made ready in the Python process, with what it computes. */
export interface Prepared {
  readonly timer: Timer;
  /** `[batch, measured]`; empty where a gradient was asked for. */
  readonly value: readonly number[];
  /** Sum over the batch; empty where the value was asked for. */
  readonly gradient: readonly number[];
  /** Probabilities of the probed basis states in the first example's final state. */
  readonly probabilities: readonly number[];
  /** Seconds that planning took: translation, optimisation, staging. */
  readonly plan: number;
  /** How a row names this peer. */
  readonly name: string;
  /** Frees the work. */
  drop(): Promise<void>;
}

/** A circuit to evaluate or to differentiate. */
export interface CircuitTask {
  readonly peer: NativeName;
  /** A peer's way of working, where it has several (`modes`). */
  readonly mode?: string;
  readonly precision: Precision;
  readonly what: 'value' | 'gradient';
  readonly circuit: Circuit;
  /** `[batch, size of x]`, row-major; absent for circuits without data. */
  readonly x?: Float64Array;
  readonly batch: number;
  readonly w?: Float64Array;
  /** Z is measured on these qubits. */
  readonly measured: readonly number[];
  /** Basis states whose probabilities are wanted besides. */
  readonly probe?: readonly number[];
  /** Of a noisy circuit: how many random runs are averaged. */
  readonly trajectories?: number;
}

/** One training step of a hybrid model. */
export interface HybridTask {
  readonly peer: 'lightning.qubit' | 'default.qubit';
  readonly qubits: number;
  readonly x: Nested;
  readonly y: Nested;
  /** Parameters in the order in which gradients are wanted, by the names the script knows. */
  readonly parameters: Readonly<Record<'first' | 'firstBias' | 'w' | 'last' | 'lastBias', Nested>>;
}

/** A training step of a model of several quantum parts, in PyTorch. */
export interface ModelTask {
  readonly peer: 'lightning.qubit' | 'default.qubit';
  /** Which model of the script. */
  readonly model: 'qlstm' | 'fastWeights' | 'quanvolution' | 'quantumConv2d';
  /** The value alone or with gradients. */
  readonly what: 'value' | 'gradient';
  readonly sizes: Readonly<Record<string, number>>;
  readonly x: Nested;
  readonly y: Nested;
  /** Parameters in the order in which gradients are wanted, by the names the script knows. */
  readonly parameters: Readonly<Record<string, Nested>>;
}

/** A step of differentially private training of a circuit and a linear layer. */
export interface PrivateTask {
  readonly peer: 'lightning.qubit' | 'default.qubit';
  readonly qubits: number;
  /** Clipping norm, noise over it, and learning rate. */
  readonly clip: number;
  readonly noise: number;
  readonly rate: number;
  readonly x: Nested;
  /** Classes. */
  readonly y: readonly number[];
  /** Weights of the circuit, then weight and bias. */
  readonly parameters: readonly Nested[];
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

/** The product behind a name. */
const titles: Record<NativeName, string> = {
  'lightning.qubit': 'PennyLane lightning.qubit',
  'default.qubit': 'PennyLane default.qubit',
  qulacs: 'qulacs',
  aer: 'Qiskit Aer',
  qsim: 'qsim',
  tensorcircuit: 'TensorCircuit-NG with JAX',
};

interface Hello {
  readonly versions: Readonly<Record<string, string>>;
  readonly present: readonly NativeName[];
  readonly missing: Readonly<Record<string, string>>;
}

/** A Python process that times native simulators on a number of threads, one request at a time. */
export class NativePeers {
  readonly threads: number;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  #next = 0;
  #errors = '';
  #hello: Hello = { versions: {}, present: [], missing: {} };

  private constructor(python: string, threads: number) {
    this.threads = threads;
    const script = fileURLToPath(new URL('native/main.py', import.meta.url));
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    this.#process = spawn(python, [script, String(threads)], { env });
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

  /** Starts the process. @throws Error where there is no Python. */
  static async start(python: string, threads: number): Promise<NativePeers> {
    const peers = new NativePeers(python, threads);
    peers.#hello = (await peers.#ask({ do: 'hello' })) as Hello;
    return peers;
  }

  /** Versions of Python and its packages. */
  get versions(): Readonly<Record<string, string>> {
    return this.#hello.versions;
  }

  /** Peers that are not there, with the reason. */
  get missing(): Readonly<Record<string, string>> {
    return this.#hello.missing;
  }

  /** Whether any peer is there. */
  get any(): boolean {
    return this.#hello.present.length > 0;
  }

  /** Whether a peer is there. */
  has(peer: NativeName): boolean {
    return this.#hello.present.includes(peer);
  }

  /** Makes a circuit ready and computes it once. */
  circuit(task: CircuitTask): Promise<Prepared> {
    const { peer, mode = '', precision, what, circuit, x, batch, w, measured, probe } = task;
    const { trajectories } = task;
    return this.#prepare(peer, precision, {
      mode,
      what,
      circuit: described(circuit),
      x: nest(x ?? [], [batch, (x?.length ?? 0) / batch]),
      w: [...(w ?? [])],
      measured,
      probe: probe ?? [],
      ...(trajectories !== undefined && { trajectories }),
    });
  }

  /** Makes a hybrid training step ready. */
  hybrid({ peer, qubits, x, y, parameters }: HybridTask): Promise<Prepared> {
    return this.#prepare(peer, 'f64', {
      task: 'hybrid',
      qubits,
      x,
      y,
      names: Object.keys(parameters),
      parameters: Object.values(parameters),
    });
  }

  /** Makes a model ready. @throws Error where PyTorch is not there. */
  model({ peer, parameters, ...rest }: ModelTask): Promise<Prepared> {
    return this.#prepare(peer, 'f64', {
      task: 'model',
      ...rest,
      names: Object.keys(parameters),
      parameters: Object.values(parameters),
    });
  }

  /** Makes a step of DP-SGD ready; its gradient is the sum of clipped ones, without noise. */
  privateStep({ peer, ...rest }: PrivateTask): Promise<Prepared> {
    return this.#prepare(peer, 'f64', { task: 'private', ...rest });
  }

  /** Makes a symmetric kernel matrix of the examples x `[batch, features]` ready. */
  kernel(peer: 'aer' | 'lightning.qubit', circuit: Circuit, x: Nested): Promise<Prepared> {
    return this.#prepare(peer, 'f64', { task: 'kernel', circuit: described(circuit), x });
  }

  /** Makes Qiskit ready to read a program in OpenQASM. */
  parsing(text: string, version: 2 | 3): Promise<Prepared> {
    return this.#prepare('aer', 'f64', { task: 'qasm', text, version });
  }

  /** Ends the process. */
  stop(): void {
    this.#process.stdin.end();
  }

  async #prepare(
    peer: NativeName,
    precision: Precision,
    request: Record<string, unknown>,
  ): Promise<Prepared> {
    const id = String(this.#next++);
    const asked = { do: 'prepare', id, peer, precision, ...request };
    const answer = (await this.#ask(asked)) as Partial<Prepared> & { mode: string };
    const threads = this.threads === 1 ? '1 thread' : `${this.threads} threads`;
    return {
      name: `${titles[peer]}, ${answer.mode}, ${precision}, ${threads}`,
      value: answer.value ?? [],
      gradient: answer.gradient ?? [],
      probabilities: answer.probabilities ?? [],
      plan: answer.plan ?? 0,
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
    if (answer.error !== undefined) throw new Error(answer.error.split('\n')[0]);
    return answer;
  }
}
