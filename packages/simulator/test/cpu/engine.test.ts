import { KetworkError, UnsupportedError, ValueError } from '@ketwork/base';
import {
  X,
  Y,
  Z,
  angle,
  circuit,
  counts,
  expval,
  input,
  pauli,
  probabilities,
  state,
  variance,
  weight,
} from '@ketwork/circuit';
import { describe, expect, it } from 'vitest';
import { cpu, reference } from '../../src/index.ts';

const engine = await cpu();

const entangled = circuit(3, { x: input([3]), w: weight([2, 3, 3]) }, (q, { x, w }) => {
  q.angleEmbedding(x);
  q.stronglyEntanglingLayers(w);
});
const values = (batch: number): { x: Float64Array; w: Float64Array } => ({
  x: Float64Array.from({ length: 3 * batch }, (_, i) => Math.sin(7 * i)),
  w: Float64Array.from({ length: 18 }, (_, i) => Math.cos(3 * i)),
});

describe('batches', () => {
  it.each([1, 2, 63, 64, 65, 130])('a batch of %i equals its examples one by one', (batch) => {
    const program = engine.compile(entangled, expval(Z(0), X(1).mul(Y(2))));
    const { x, w } = values(batch);
    const together = program.run({ x, w });
    const dy = Float64Array.from({ length: 2 * batch }, (_, i) => Math.cos(i));
    const gradients = program.vjp({ x, w }, dy, { perExample: true });
    for (let i = 0; i < batch; i++) {
      const one = { x: x.slice(3 * i, 3 * i + 3), w };
      expect(together.slice(2 * i, 2 * i + 2)).toEqual(program.run(one));
      const alone = program.vjp(one, dy.slice(2 * i, 2 * i + 2));
      expect(gradients.w.slice(18 * i, 18 * i + 18)).toEqual(alone.w);
      expect(gradients.x.slice(3 * i, 3 * i + 3)).toEqual(alone.x);
    }
  });

  it('sums the gradients of examples, and their squared norms', () => {
    const program = engine.compile(entangled, expval(Z(0)));
    const batch = 150;
    const dy = new Float64Array(batch).fill(1);
    const rows = program.vjp(values(batch), dy, { wrt: ['w'], perExample: true }).w;
    const sum = program.vjp(values(batch), dy, { wrt: ['w'] }).w;
    const norms = program.vjp(values(batch), dy, { wrt: ['w'], squaredNorms: true }).w;
    expect(norms).toHaveLength(batch);
    for (let p = 0; p < 18; p++) {
      let total = 0;
      for (let i = 0; i < batch; i++) total += rows[18 * i + p]!;
      expect(sum[p]).toBeCloseTo(total, 12);
    }
    for (let i = 0; i < batch; i++) {
      expect(norms[i]).toBeCloseTo(
        rows.slice(18 * i, 18 * i + 18).reduce((s, g) => s + g * g, 0),
        13,
      );
    }
  });

  it('writes into the given array', () => {
    const program = engine.compile(entangled, expval(Z(0)));
    const out = new Float64Array(5);
    expect(program.run(values(5), { out })).toBe(out);
    expect([...out]).toEqual([...program.run(values(5))]);
    expect(() => program.run(values(5), { out: new Float64Array(4) })).toThrow(ValueError);
  });
});

describe('large states', () => {
  it('prepares and measures 18 qubits', () => {
    const ghz = circuit(18, (q) => {
      q.h(0);
      for (let i = 1; i < 18; i++) q.cnot(i - 1, i);
    });
    const program = engine.compile(ghz, [
      expval(pauli('Z'.repeat(18)), pauli('X'.repeat(18)), Z(9)),
      probabilities([0, 17]),
    ]);
    const [means, outcomes] = program.run();
    [1, 1, 0].forEach((mean, i) => expect(means[i]).toBeCloseTo(mean, 12));
    [0.5, 0, 0, 0.5].forEach((p, i) => expect(outcomes[i]).toBeCloseTo(p, 12));
  });

  it('differentiates 16 qubits: a product state has d⟨Z⟩/dw = -sin w', () => {
    const product = circuit(16, { w: weight([16]) }, (q, { w }) => {
      for (let i = 0; i < 16; i++) q.ry(w.at(i), i);
    });
    const w = Float64Array.from({ length: 16 }, (_, i) => 0.3 + 0.1 * i);
    const dy = Float64Array.from({ length: 16 }, (_, i) => i + 1);
    const program = engine.compile(product, expval(...Array.from(w, (_, i) => Z(i))));
    const gradient = program.vjp({ w }, dy).w;
    gradient.forEach((g, i) => expect(g).toBeCloseTo(-(i + 1) * Math.sin(w[i]!), 11));
  });

  it('refuses more qubits than memory can hold, before any work', () => {
    const wide = circuit(29, (q) => q.h(0));
    expect(() => engine.compile(wide, expval(Z(0)))).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: the circuit has 29 qubits; engine 'cpu' takes at most 28. Use fewer qubits or an engine with a higher maxQubits]`,
    );
  });
});

describe('angles', () => {
  it('stays exact for large angles', () => {
    const turn = circuit(1, { x: input([]) }, (q, { x }) => q.rx(x.at(), 0));
    const x = [1e6, -1e9, 123456.789, 1e12];
    const y = engine.compile(turn, expval(Z(0))).run({ x });
    x.forEach((angleValue, i) => expect(y[i]).toBeCloseTo(Math.cos(angleValue), 9));
  });

  it('names the operation whose angle leaves the domain of its expression', () => {
    const root = circuit(1, { x: input([]) }, (q, { x }) => {
      q.h(0);
      q.rz(angle.sqrt(x.at()), 0);
    });
    const program = engine.compile(root, expval(X(0)));
    expect(() => program.run({ x: [4, -1] })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: operation 1: the angle of example 1 is NaN. Give values within the domain of sqrt]`,
    );
    expect([...program.run({ x: [4] })]).toHaveLength(1);
  });
});

describe('differentiation', () => {
  it('gives the jacobian of several measurements in order', () => {
    const measurements = [expval(Z(0)), probabilities([1]), variance(X(2))] as const;
    const { x, w } = values(3);
    const fast = engine.compile(entangled, measurements).jacobian({ x, w });
    const slow = reference().compile(entangled, measurements).jacobian({ x, w });
    for (const name of ['x', 'w'] as const) {
      expect(fast[name]).toHaveLength(slow[name].length);
      fast[name].forEach((g, i) => expect(g).toBeCloseTo(slow[name][i]!, 12));
    }
  });

  it('refuses to undo a map that is not unitary, naming it', () => {
    const filter = circuit(1, { w: weight([]) }, (q, { w }) => {
      q.ry(w.at(), 0);
      q.linear(
        [
          [1, 0],
          [0, 0.5],
        ],
        [0],
      );
    });
    const program = engine.compile(filter, expval(Z(0)));
    expect(() => program.vjp({ w: [0.1] }, [1])).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: operation 1: a map that is not unitary cannot be undone, which the adjoint method needs. Differentiate with method 'parameter-shift' or 'finite-difference' of @ketwork/gradients]`,
    );
  });

  it('refuses gradients of shots', () => {
    const program = engine.compile(entangled, expval(Z(0)), { shots: 10 });
    expect(() => program.vjp(values(1), [1])).toThrow(UnsupportedError);
  });
});

describe('programs', () => {
  it('draw the same shots as the reference', () => {
    const { x, w } = values(3);
    const fast = engine.compile(entangled, counts(500)).run({ x, w }, { seed: 11 });
    expect(fast).toEqual(reference().compile(entangled, counts(500)).run({ x, w }, { seed: 11 }));
  });

  it('explain themselves and estimate memory', () => {
    const program = engine.compile(entangled, expval(Z(0)));
    expect(program.explain().text).toMatch(/3 qubits, two examples per vector/);
    expect(program.explain().details).toMatchObject({ engine: 'cpu', qubits: 3 });
    expect(program.estimateMemory(64, { gradient: true })).toBeGreaterThan(
      program.estimateMemory(64),
    );
  });

  it('explain shots as what they are', () => {
    const { text, details } = engine
      .compile(entangled, [counts(500), expval(X(0))], { shots: 20 })
      .explain();
    expect(text).toMatch(/up to 500 seeded shots/);
    expect(details).toMatchObject({ regime: 'shots', operations: 15 });
  });

  it('share compiled code and memory without disturbing each other', () => {
    const first = engine.compile(entangled, expval(Z(0)));
    const second = engine.compile(entangled, state());
    const before = first.run(values(2));
    second.run(values(4));
    expect(first.run(values(2))).toEqual(before);
  });

  it('refuse to run after dispose', () => {
    const program = engine.compile(entangled, expval(Z(0)));
    program.dispose();
    expect(() => program.run(values(1))).toThrow(KetworkError);
  });

  it('end with their engine', async () => {
    const own = await cpu();
    const program = own.compile(entangled, expval(Z(0)));
    own.dispose();
    expect(() => program.run(values(1))).toThrow(/engine was disposed/);
    expect(() => own.compile(entangled, expval(Z(0)))).toThrowErrorMatchingInlineSnapshot(
      `[KetworkError: this engine was disposed. Make a new engine]`,
    );
  });

  it('run in a worker with the same results', async () => {
    using remote = await cpu({ threads: 1 });
    expect(remote.synchronous).toBe(false);
    const far = remote.compile(entangled, expval(Z(0), Z(2)));
    const near = engine.compile(entangled, expval(Z(0), Z(2)));
    expect(await far.run(values(9))).toEqual(near.run(values(9)));
    const dy = new Float64Array(18).fill(0.5);
    expect(await far.vjp(values(9), dy)).toEqual(near.vjp(values(9), dy));
    await expect(far.run({ x: [1], w: [2] })).rejects.toThrow(ValueError);
  });
});
