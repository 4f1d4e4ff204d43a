import { Z, circuit, expval, input, probabilities } from '@ketwork/circuit';
import { describe, expect, it } from 'vitest';
import { auto, cpu, dense, fit, mse, quantum, sequential, sgd } from '../src/index.ts';

const bell = circuit(2, (q) => q.h(0).cnot(0, 1));

describe('auto', () => {
  it('is the CPU engine, and says so where something else was wished for', async () => {
    const chosen = await auto();
    const wished = await auto({ prefer: 'gpu' });
    expect(chosen.reason).toMatchInlineSnapshot(
      `"The CPU engine was chosen; no other fast engine exists yet."`,
    );
    expect(wished.reason).toMatchInlineSnapshot(
      `"No GPU engine exists yet, so the CPU engine was chosen."`,
    );
    for (const engine of [chosen, wished]) {
      const program = engine.compile(bell, probabilities());
      expect(program.run()).toEqual((await cpu()).compile(bell, probabilities()).run());
      const { text, details } = engine.explain(bell);
      expect(text).toBe(`${engine.reason} ${program.explain().text}`);
      expect(details).toMatchObject({ engine: 'cpu', qubits: 2 });
    }
    expect(wished.explain(bell).details).toMatchObject({ preferred: 'gpu' });
  });

  it('explains the measurements it is asked about and refuses what cannot be compiled', async () => {
    const engine = await auto();
    expect(engine.explain(bell, expval(Z(1))).details['engine']).toBe('cpu');
    expect(() => engine.explain(bell, expval(Z(2)))).toThrow(/qubit 2/);
    await expect(auto({ prefer: 'tpu' as 'gpu' })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ValueError: auto cannot prefer 'tpu'. Use 'cpu' or 'gpu']`,
    );
  });

  it('trains models', async () => {
    const turn = circuit(1, { x: input() }, (q, { x }) => q.ry(x, 0));
    const net = sequential(quantum(turn, expval(Z(0))), dense(1, 1));
    const data = { inputs: [0, 1, 2, 3], labels: [1, 0.5, -0.4, -1] };
    const options = { loss: mse, optimizer: sgd(0.1), epochs: 30, seed: 3 };
    const { history } = await fit(net, data, { ...options, engine: await auto({ prefer: 'gpu' }) });
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss / 2);
  });
});
