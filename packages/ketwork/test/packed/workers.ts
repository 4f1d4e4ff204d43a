import { angle, circuit, cpu, expval, input, ValueError, weight, Z } from 'ketwork';
import { program as first } from './program.ts';

/** The program of a first user, then a large batch on two workers: what a bundler must get right. */
export async function program(): Promise<Record<string, unknown>> {
  const result = await first();
  const ansatz = circuit(6, { x: input([6]), w: weight([3, 6, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
  });
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
  return { ...result, workers: 2 };
}
