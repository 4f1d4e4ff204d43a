import { Z, circuit, expval, input, probabilities } from '@ketwork/circuit';
import { describe, expect, it } from 'vitest';
import { auto, cpu, dense, fit, mse, quantum, sequential, sgd } from '../src/index.ts';

const bell = circuit(2, (q) => q.h(0).cnot(0, 1));

describe('auto', () => {
  it('is the CPU engine unless a GPU is wished for', async () => {
    const engine = await auto();
    expect(engine.reason).toMatchInlineSnapshot(
      `"The CPU engine was chosen; auto({ prefer: 'gpu' }) looks for a GPU."`,
    );
    const program = engine.compile(bell, probabilities());
    expect(program.run()).toEqual((await cpu()).compile(bell, probabilities()).run());
    const { text, details } = engine.explain(bell);
    expect(text).toBe(`${engine.reason} ${program.explain().text}`);
    expect(details).toMatchObject({ engine: 'cpu', qubits: 2 });
  });

  it('returns promises where a GPU is wished for, and says which engine runs', async () => {
    // Small circuits are the CPU's on any machine.
    const engine = await auto({ prefer: 'gpu', batch: 4 });
    expect(engine.synchronous).toBe(false);
    const program = engine.compile(bell, probabilities());
    expect(await program.run()).toEqual((await cpu()).compile(bell, probabilities()).run());
    expect(engine.explain(bell).details).toMatchObject({ engine: 'cpu', preferred: 'gpu' });
    expect(engine.explain(bell).text).toContain(engine.reason);
    engine.dispose();
  });

  it('explains the measurements it is asked about and refuses what cannot be compiled', async () => {
    const engine = await auto();
    expect(engine.explain(bell, expval(Z(1))).details['engine']).toBe('cpu');
    expect(() => engine.explain(bell, expval(Z(2)))).toThrow(/qubit 2/);
    await expect(auto({ prefer: 'tpu' as 'gpu' })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ValueError: auto cannot prefer 'tpu'. Use 'cpu' or 'gpu']`,
    );
    await expect(auto({ prefer: 'gpu', batch: 0 })).rejects.toThrow(/0 examples/);
    await expect(auto({ prefer: 'gpu', tolerance: 0 })).rejects.toThrow(/tolerance is 0/);
    await expect(auto({ prefer: 'gpu', calibration: {} as never })).rejects.toThrow(/not one/);
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
