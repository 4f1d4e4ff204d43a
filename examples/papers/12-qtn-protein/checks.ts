import {
  Z,
  circuit,
  cpu,
  expval,
  forward,
  quantumTensorNetwork,
  reference,
  sequential,
} from 'ketwork';
import type { BuiltLayer, Engine } from 'ketwork';

/** Largest differences of the identities that hold exactly. */
export interface Checks {
  /** A path of 6 words and its circuit with 6 qubits. */
  readonly path: number;
  /** Traces of the states on the way, off 1. */
  readonly trace: number;
  /** Path and tree of two words. */
  readonly two: number;
}

/** Compares tensor networks with dense simulations and with one another. */
export async function check(seed: number): Promise<Checks> {
  const engine = await cpu();
  const tokens = [0, 3, 1, 2, 3, 0];
  const path = built({ shape: 'path', length: 6, vocabulary: 4 }, seed, engine);
  const [words, merge] = path.parameters.map(({ data }) => [...data]) as [number[], number[]];
  const whole = circuit(6, (q) => {
    tokens.forEach((token, qubit) => {
      const [a, b, c] = words.slice(3 * token, 3 * token + 3) as [number, number, number];
      q.rx(a, qubit).rz(b, qubit).rx(c, qubit);
    });
    for (let other = 1; other < 6; other++) q.quantumConvolution(merge, 0, other);
  });
  const [expected] = reference()
    .compile(whole, expval(Z(0)))
    .run();
  const [found] = await forward(path, tokens);
  const identity = built({ shape: 'path', length: 6, vocabulary: 4, outputs: ['I'] }, seed, engine);
  const [trace] = await forward(identity, tokens);
  const pairs = (['path', 'tree'] as const).map((shape) =>
    built({ shape, length: 2, vocabulary: 4 }, seed, engine),
  );
  const [a, b] = await Promise.all(pairs.map((pair) => forward(pair, [3, 1])));
  return {
    path: Math.abs(found! - expected!),
    trace: Math.abs(trace! - 1),
    two: Math.abs(a![0]! - b![0]!),
  };
}

function built(
  options: Parameters<typeof quantumTensorNetwork>[0],
  seed: number,
  engine: Engine,
): BuiltLayer {
  const network = sequential(quantumTensorNetwork(options)).build([options.length], seed);
  network.bind!(engine);
  return network;
}
