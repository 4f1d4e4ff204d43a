import {
  adam,
  angle,
  auto,
  circuit,
  cpu,
  crossEntropy,
  dense,
  dropout,
  expval,
  fit,
  input,
} from 'ketwork';
import { modelToBytes, quantum, sequential, ValueError, weight, Z } from 'ketwork';
import { program as first } from './program.ts';

/** The program of a first user, then the choice of an engine, a large batch and training on two workers. */
export async function program(): Promise<Record<string, unknown>> {
  const result = await first();
  const ansatz = circuit(6, { x: input([6]), w: weight([3, 6, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
  });
  // No GPU that pays here, so this is the CPU engine; what chooses must load and say so everywhere.
  const chosen = await auto({ prefer: 'gpu' });
  if (!/CPU/.test(chosen.explain(ansatz, expval(Z(0))).text))
    throw new Error(`auto chose otherwise: ${chosen.reason}`);
  chosen.dispose();
  const batch = 4096;
  const x = Float64Array.from({ length: 6 * batch }, (_, i) => Math.sin(i));
  const w = Float64Array.from({ length: 54 }, (_, i) => Math.cos(i));
  const here = (await cpu()).compile(ansatz, expval(Z(0))).run({ x, w });
  const engine = await cpu({ threads: 2 });
  const there = await engine.compile(ansatz, expval(Z(0))).run({ x, w });
  // An error of a worker keeps its class and name, though a minifier renamed both sides.
  const root = circuit(1, { x: input() }, (q, { x }) => q.rx(angle.sqrt(x), 0));
  const failure: unknown = await engine
    .compile(root, expval(Z(0)))
    .run({ x: [-1] })
    .catch((error: unknown) => error);
  if (!(failure instanceof ValueError) || failure.name !== 'ValueError') {
    throw new Error(`a worker's error arrives as ${String(failure)}`);
  }
  engine.dispose();
  if (!here.every((value, i) => value === there[i])) {
    throw new Error('two workers give other bits than the calling thread');
  }
  const [alone, shared] = [await trained(1), await trained(2)];
  if (!alone.every((byte, i) => byte === shared[i])) {
    throw new Error('a model trained by two workers has other bits than by one');
  }
  return { ...result, workers: 2, bytes: shared.length };
}

/** A small hybrid model after some steps that so many workers share. */
async function trained(workers: number): Promise<Uint8Array> {
  const ansatz = circuit(2, { x: input([2]), w: weight([1, 2, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
  });
  const model = sequential(dropout(0.1), quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2));
  const inputs = Float64Array.from({ length: 40 }, (_, i) => Math.sin(i));
  const labels = Array.from({ length: 20 }, (_, i) => i % 2);
  const options = { loss: crossEntropy, optimizer: adam(0.1), epochs: 2, batchSize: 8, seed: 1 };
  await fit(model, { inputs, labels, inputShape: [2] }, { ...options, workers });
  return modelToBytes(model);
}
