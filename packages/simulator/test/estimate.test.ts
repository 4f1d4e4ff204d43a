import { circuit, counts, expval, input, probabilities, weight, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu, estimateRun, reference } from '@ketwork/simulator';
import { expect, it } from 'vitest';

const layers = (qubits: number, depth: number): Circuit =>
  circuit(qubits, { x: input([qubits]), w: weight([depth, qubits, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
  });

it('tells the memory the program tells', async () => {
  using engine = await cpu();
  const c = layers(8, 2);
  const program = engine.compile(c, [probabilities()]);
  for (const gradient of [false, true]) {
    const estimate = await estimateRun(engine, c, probabilities(), { batch: 50, gradient });
    expect(estimate.memory).toBe(program.estimateMemory(50, { gradient }));
  }
});

it('expects time to grow with the batch, the depth and the qubits', async () => {
  using engine = await cpu();
  const seconds = async (c: Circuit, batch = 1, gradient = false): Promise<number> =>
    (await estimateRun(engine, c, expval(Z(0)), { batch, gradient })).seconds;
  const one = await seconds(layers(10, 2), 16);
  expect(one).toBeGreaterThan(0);
  // The speed is measured once, so that these are ratios of work.
  expect((await seconds(layers(10, 2), 64)) / one).toBeCloseTo(4, 10);
  expect((await seconds(layers(10, 8), 16)) / one).toBeGreaterThan(2);
  expect(await seconds(layers(10, 2), 16)).toBe(one);
  expect(await seconds(layers(20, 2))).toBeGreaterThan(100 * (await seconds(layers(10, 2))));
});

it('works on engines that answer later, count no arithmetic, or draw shots', async () => {
  using remote = await cpu({ threads: 2 });
  const far = await estimateRun(remote, layers(6, 2), expval(Z(0)));
  expect(Math.min(far.seconds, far.work)).toBeGreaterThan(0);
  using local = await cpu();
  const dense = await estimateRun(reference(), layers(4, 1), expval(Z(0)), { gradient: true });
  expect(dense.work).toBe(layers(4, 1).ops.length * 16);
  expect((await estimateRun(local, layers(6, 2), counts(100))).seconds).toBeGreaterThan(0);
});

it('leaves what compile throws', async () => {
  await expect(estimateRun(reference(), layers(20, 1), expval(Z(0)))).rejects.toThrow(/at most 14/);
});
