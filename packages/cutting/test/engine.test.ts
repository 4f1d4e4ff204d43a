import { ValueError } from '@ketwork/base';
import { circuit, expval, input, state, weight, Z } from '@ketwork/circuit';
import { cuttingEngine } from '@ketwork/cutting';
import { differentiate } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import { expectClose, Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

const chain = circuit(5, { x: input([5]), w: weight([4]) }, (q, { x, w }) => {
  for (let i = 0; i < 5; i++) q.ry(x.at(i), i);
  for (let i = 0; i < 4; i++) q.rx(w.at(i), i).cnot(i, i + 1);
});
const read = expval(Z(4), Z(0).mul(Z(3)));

describe('cuttingEngine', () => {
  const random = new Random(2);
  const values = { x: random.normals(15), w: random.normals(4) };
  const dy = random.normals(6);

  it('gives programs with results and gradients of the whole circuit', async () => {
    const engine = cuttingEngine(await cpu(), { maxQubits: 3 });
    const program = differentiate(engine, chain, read);
    const whole = differentiate(reference(), chain, read);
    expectClose(program.run(values), whole.run(values), 1e-12);
    for (const perExample of [false, true]) {
      const [a, b] = [program, whole].map((one) => one.vjp(values, dy, { perExample }));
      expectClose(a!.w, b!.w, 1e-11);
      expectClose(a!.x, b!.x, 1e-11);
    }
  });

  it('leaves circuits that fit whole, and the other engine alive', async () => {
    const inner = await cpu();
    const engine = cuttingEngine(inner, { maxQubits: 5 });
    const program = engine.compile(chain, read);
    expect(program).not.toHaveProperty('cut');
    expect(cuttingEngine(inner, { maxQubits: 4 }).compile(chain, read)).toHaveProperty('cut');
    engine.dispose();
    expect(program.run(values).length).toBe(6);
  });

  it('works over an engine in workers', async () => {
    const inner = await cpu({ threads: 1 });
    const engine = cuttingEngine(inner, { maxQubits: 4 });
    const [whole] = [reference().compile(chain, read)];
    expectClose(await engine.compile(chain, read).run(values), whole.run(values), 1e-12);
    inner.dispose();
  });

  it('says what it cannot do', async () => {
    const inner = await cpu();
    expect(() => cuttingEngine(inner, {})).toThrow(ValueError);
    const engine = cuttingEngine(inner, { maxQubits: 3 });
    expect(() => engine.compile(chain, state())).toThrow('state');
  });
});
