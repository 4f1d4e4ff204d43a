import { EnvironmentError, KetworkError, UnsupportedError, ValueError } from '@ketwork/base';
import {
  circuit,
  counts,
  expval,
  input,
  pauli,
  probabilities,
  samples,
  state,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { wgsl } from '@ketwork/gpu';
import { cpu, reference } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { expectClose, Random } from '@ketwork/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { singleError } from '../../src/capabilities.ts';
import { WgslEngine } from '../../src/wgsl/engine.ts';
import { deviceFailures } from '../device-fixture.ts';
import { noWebGpu } from '../software.ts';

const missing = await noWebGpu();

it('refuses options out of range before it looks for an adapter', async () => {
  await expect(wgsl({ fusion: 5 as 4 })).rejects.toThrow(ValueError);
});

/** Layers of rotations with values per example and of entangling gates. */
function layers(qubits: number, depth: number): Circuit<'x' | 'w'> {
  return circuit(qubits, { x: input([qubits]), w: weight([depth, qubits, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
  });
}

function valuesOf<Names extends string>(
  of: Circuit<Names>,
  batch: number,
  seed: number,
): Record<Names, Float64Array> {
  const random = new Random(seed);
  return Object.fromEntries(
    of.slots.map(({ name, shape, axis }) => {
      const size = shape.reduce((a, b) => a * b, 1) * (axis === 'batch' ? batch : 1);
      return [name, random.normals(size)];
    }),
  ) as Record<Names, Float64Array>;
}

describe.skipIf(missing !== undefined)('wgsl on a software adapter', () => {
  let engine: WgslEngine;
  let passes: AsyncEngine;
  let unmerged: AsyncEngine;
  let exact: Engine;
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, i) => from + i);
  beforeAll(async () => {
    engine = (await wgsl({ force: true })) as WgslEngine;
    passes = await wgsl({ force: true, workgroups: false });
    unmerged = await wgsl({ force: true, workgroups: false, fusion: 0 });
    exact = await cpu();
  });
  afterAll(() => {
    engine.dispose();
    passes.dispose();
    unmerged.dispose();
    exact.dispose();
  });

  const tolerances = { results: 5e-6, gradients: 2e-5 };
  it('the cases of every engine, whole in workgroup memory', async () => {
    expect(await deviceFailures(engine, range(0, 40), tolerances, 8)).toEqual([]);
  });

  it('the cases of every engine, pass by pass', async () => {
    expect(await deviceFailures(passes, range(50, 75), tolerances, 7)).toEqual([]);
  });

  it('the cases of every engine, a step for every element', async () => {
    expect(await deviceFailures(unmerged, range(75, 84), tolerances, 6)).toEqual([]);
  });

  for (const [name, software] of [
    ['without functions of subgroups', true],
    ['with many threads to a workgroup', false],
  ] as const) {
    it(`the cases of every engine, ${name}`, async () => {
      const other = (await wgsl({ force: true })) as WgslEngine;
      // As other adapters have it.
      Object.assign(other.device, { tells: false, software });
      expect(await deviceFailures(other, range(84, 90), tolerances, 6)).toEqual([]);
      await expectLayers(other, 4);
      await expectLayers(other, 7);
      other.dispose();
    });
  }

  /** Mean values of more products of Z than fit into a word, of examples in one or several workgroups. */
  async function expectLayers(device: AsyncEngine, qubits: number): Promise<void> {
    const ansatz = layers(qubits, 3);
    const pairs = Array.from({ length: qubits }, (_, a) =>
      Array.from({ length: a }, (__, b) => Z(a).mul(Z(b))),
    ).flat();
    const measured = expval(...Array.from({ length: qubits }, (_, i) => Z(i)), ...pairs);
    using program = device.compile(ansatz, measured);
    expect(program.explain().text).toContain('product of states');
    using expected = exact.compile(ansatz, measured);
    const values = valuesOf(ansatz, 37, qubits);
    expectClose(await program.run(values), expected.run(values), 5e-6, `${qubits} qubits`);
  }

  it.each([
    [4, 3],
    // More examples than the workgroups of a call hold at once.
    [4, 1100],
    [6, 70],
    [7, 150],
    [9, 5],
    [12, 3],
  ])('gradients by some slots, %i qubits, batch %i', async (qubits, batch) => {
    const ansatz = layers(qubits, 2);
    const measured = expval(...Array.from({ length: qubits }, (_, i) => Z(i)));
    using program = engine.compile(ansatz, measured);
    using expected = exact.compile(ansatz, measured);
    const values = valuesOf(ansatz, batch, qubits);
    const dy = Float64Array.from({ length: batch * qubits }, (_, i) => Math.sin(i));
    for (const wrt of [['w'], ['x'], ['x', 'w'], []] as const)
      for (const how of [{}, { perExample: true }]) {
        const gradients = await program.vjp(values, dy, { ...how, wrt });
        const right = expected.vjp(values, dy, { ...how, wrt });
        expect(Object.keys(gradients).sort()).toEqual(Object.keys(right).sort());
        for (const name of wrt)
          expectClose(gradients[name], right[name], 2e-5, `${name} of ${wrt.join()}`);
      }
  });

  it('circuits that begin with a product, of all sizes', async () => {
    for (const qubits of [1, 2, 3, 4, 5, 6, 8, 9, 10]) {
      if (qubits > 2) await expectLayers(engine, qubits);
      else {
        const of = circuit(qubits, { x: input([]) }, (q, { x }) => q.rx(x.at(), 0).h(qubits - 1));
        using program = engine.compile(of, state());
        using expected = exact.compile(of, state());
        const x = [0.3, -1.2, 2.5];
        expectClose(await program.run({ x }), expected.run({ x }), 5e-6, `${qubits} qubits`);
      }
    }
  });

  it('matrices on four qubits, whole in workgroup memory', async () => {
    const wide = (await wgsl({ force: true, fusion: 4 })) as WgslEngine;
    await expectLayers(wide, 6);
    const ansatz = layers(6, 2);
    using program = wide.compile(ansatz, expval(Z(0)));
    using expected = exact.compile(ansatz, expval(Z(0)));
    const values = valuesOf(ansatz, 5, 4);
    const dy = new Float64Array(5).fill(1);
    const gradients = await program.vjp(values, dy);
    const right = expected.vjp(values, dy);
    expectClose(gradients.w, right.w, 2e-5, 'w');
    expectClose(gradients.x, right.x, 2e-5, 'x');
    wide.dispose();
  });

  it('sizes around the limit of workgroup memory', async () => {
    for (const qubits of [9, 13]) {
      const ansatz = layers(qubits, 2);
      const measured = [
        expval(Z(0), X(1).mul(Z(qubits - 1))),
        probabilities([2, 0]),
        probabilities(),
      ] as const;
      using program = engine.compile(ansatz, measured);
      using expected = exact.compile(ansatz, measured);
      expect(program.explain().details['regime']).toBe(qubits <= 10 ? 'workgroup' : 'passes');
      const values = valuesOf(ansatz, 3, qubits);
      const { text, details } = program.explain();
      expect(details['stepsOnHost']).toBe(0);
      expect(text).not.toContain('on the host');
      if (qubits > 10) {
        const [y, p, all] = await program.run(values);
        const [want, probability, whole] = expected.run(values);
        expectClose(all, whole, 5e-6, `${qubits} qubits, all probabilities`);
        expectClose(y, want, 5e-6, `${qubits} qubits`);
        expectClose(p, probability, 5e-6, `${qubits} qubits, probabilities`);
      }
      const dy = [new Float64Array(6).fill(0.5), new Float64Array(12).fill(-1), undefined];
      const gradients = await program.vjp(values, dy);
      const right = expected.vjp(values, dy);
      expectClose(gradients.w, right.w, 2e-5, `${qubits} qubits, w`);
      expectClose(gradients.x, right.x, 2e-5, `${qubits} qubits, x`);
    }
  });

  describe('shaders that other kinds of adapters have', () => {
    /** Rotations and a chain of CNOTs on all qubits: matrices on four neighbours, down the chain. */
    const chains = circuit(15, { w: weight([3, 15, 2]) }, (q, { w }) => {
      for (let layer = 0; layer < 3; layer++) {
        for (let i = 0; i < 15; i++) q.ry(w.at(layer, i, 0), i).rz(w.at(layer, i, 1), i);
        for (let i = 0; i < 14; i++) q.cnot(i, i + 1);
      }
    });
    /** Matrices that cannot be joined are among those that can. */
    const mixed = circuit(15, { x: input([2]), w: weight([29]) }, (q, { x, w }) => {
      for (let i = 0; i < 15; i++) q.ry(w.at(i), i);
      for (let i = 0; i < 14; i++) q.crx(w.at(i), i, i + 1).crz(w.at(14 + i), i + 1, i);
      q.rx(x.at(0), 6).rx(x.at(1), 7);
      q.control([0, 2, { qubit: 4, value: 0 }, 6, 8], (inner) => inner.ry(w.at(28), 14));
      for (let i = 0; i < 14; i++) q.crx(w.at(i + 1), 14 - i, 13 - i).ry(w.at(i), i);
    });

    it.each([
      ['several matrices a pass', { narrow: false }, true],
      ['no subgroups', { tells: false }, false],
      ['no subgroups, wider vectors', { narrow: false, tells: false }, false],
      ['a GPU', { software: false }, false],
    ] as const)('%s', async (_, kind, joined) => {
      const { device } = (await wgsl({ force: true })) as WgslEngine;
      for (const [name, value] of Object.entries(kind))
        Object.defineProperty(device, name, { value });
      using other = new WgslEngine(device, { force: true });
      const measured = [expval(Z(14), X(2)), state()] as const;
      for (const of of [chains, mixed]) {
        using program = other.compile<'x' | 'w', typeof measured>(of, measured);
        using expected = exact.compile<'x' | 'w', typeof measured>(of, measured);
        const { passes: count, steps, stepsOnHost } = program.explain().details;
        const alone = Number(steps) - Number(stepsOnHost);
        if (joined) expect(count).toBeLessThan(alone);
        else expect(count).toBe(alone);
        const batch = of === mixed ? 3 : 1;
        const values = valuesOf<'x' | 'w'>(of, batch, 15);
        const [y, psi] = await program.run(values);
        const [want, right] = expected.run(values);
        expectClose(y, want, 5e-6, 'values');
        expectClose(psi, right, 5e-6, 'state');
        const dy = [new Float64Array(2 * batch).fill(1), undefined];
        const gradients = await program.vjp(values, dy);
        expectClose(gradients.w, expected.vjp(values, dy).w, 2e-5, 'gradients');
      }
    });
  });

  it('says how many of the first steps of a large circuit the host takes', async () => {
    const of = circuit(13, { w: weight([13]) }, (q, { w }) => {
      for (let i = 0; i < 13; i++) q.ry(w.at(i), i);
      for (let i = 0; i < 12; i++) q.cnot(i, i + 1);
    });
    using program = engine.compile(of, expval(Z(12)));
    const { text, details } = program.explain();
    const { stepsOnHost, steps } = details;
    expect(stepsOnHost).toBeGreaterThan(0);
    expect(stepsOnHost).toBeLessThan(Number(steps));
    expect(text).toContain(`, the first ${String(stepsOnHost)} on the host`);
    using expected = exact.compile(of, expval(Z(12)));
    const values = valuesOf(of, 1, 13);
    expectClose(await program.run(values), expected.run(values), 5e-6, 'value');
  });

  it('layers of CNOTs and of phases as single steps', async () => {
    const qubits = 6;
    const layered = circuit(qubits, { w: weight([12]), x: input([6]) }, (q, { w, x }) => {
      for (let i = 0; i < qubits; i++) q.ry(x.at(i), i).rz(w.at(i), i);
      for (let i = 0; i < qubits; i++) q.cnot(i, (i + 1) % qubits).cnot(i, (i + 3) % qubits);
      q.x(2).swap(1, 4);
      for (let i = 0; i < qubits; i++) q.rx(x.at(i), i);
      for (let i = 0; i < qubits; i++) q.rzz(w.at(6 + i), i, (i + 2) % qubits);
      for (let i = 0; i < 4; i++) q.cp(x.at(i), i, i + 2);
      for (let i = 0; i < qubits; i++) q.ry(w.at(5 - i), i);
    });
    const values = valuesOf(layered, 5, 3);
    const measured = [expval(pauli('XYZ', [3, 2, 5])), state()] as const;
    for (const device of [engine, passes]) {
      using program = device.compile(layered, measured);
      const { permutations, diagonals } = program.explain().details;
      // Whole circuits begin with a product, renamed.
      expect([permutations, diagonals]).toEqual([device === engine ? 0 : 1, 1]);
      using expected = exact.compile(layered, measured);
      const dy = [new Float64Array(5).fill(1), new Random(1).normals(5 * 128)];
      const [y, psi] = await program.run(values);
      const [want, right] = expected.run(values);
      expectClose(y, want, 5e-6);
      expectClose(psi, right, 5e-6);
      const gradients = await program.vjp(values, dy, { perExample: true });
      const wanted = expected.vjp(values, dy, { perExample: true });
      expectClose(gradients.w, wanted.w, 2e-5);
      expectClose(gradients.x, wanted.x, 2e-5);
    }
  });

  it('a matrix on more than four qubits', async () => {
    const d = 32;
    const fourier = Array.from({ length: 2 * d * d }, (_, i) => {
      const angle = (2 * Math.PI * ((i >> 1) % d) * Math.floor(i / 2 / d)) / d;
      return (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle)) / Math.sqrt(d);
    });
    const wide = circuit(6, { w: weight([6]) }, (q, { w }) => {
      for (let i = 0; i < 6; i++) q.ry(w.at(i), i);
      q.unitary(fourier, [4, 0, 3, 5, 1]);
      for (let i = 0; i < 6; i++) q.rx(w.at(i), i);
    });
    const values = valuesOf(wide, 1, 9);
    const measured = expval(Z(0), X(5));
    for (const device of [engine, passes]) {
      using program = device.compile(wide, measured);
      using expected = exact.compile(wide, measured);
      expectClose(await program.run(values), expected.run(values), 5e-6);
      const dy = [1, -2];
      expectClose((await program.vjp(values, dy)).w, expected.vjp(values, dy).w, 2e-5);
    }
  });

  it('shots are those of the CPU engine', async () => {
    const ansatz = layers(4, 2);
    const values = valuesOf(ansatz, 3, 4);
    const measured = [samples(200), counts(200, [1, 3])] as const;
    const [bits, tallies] = await engine.compile(ansatz, measured).run(values, { seed: 5 });
    const [want, wanted] = exact.compile(ansatz, measured).run(values, { seed: 5 });
    const different = bits.filter((bit, i) => bit !== want[i]).length;
    expect(different).toBeLessThan(bits.length / 100);
    expect(tallies.length).toBe(wanted.length);
    const twice = await engine.compile(ansatz, measured).run(values, { seed: 5 });
    expect(twice[0]).toEqual(bits);
  });

  it('errors of single precision stay below what is documented', async () => {
    for (const gates of [30, 600]) {
      const random = new Random(gates);
      const deep = circuit(5, (q) => {
        for (let i = 0; i < gates; i++) {
          const a = random.integer(5);
          if (i % 3 === 2) q.cnot(a, (a + 1 + random.integer(4)) % 5);
          else q.rot(random.normal(), random.normal(), random.normal(), a);
        }
      });
      using program = unmerged.compile(deep, state());
      const psi = await program.run();
      const want = exact.compile(deep, state()).run();
      const error = Math.hypot(...psi.map((x, i) => x - want[i]!));
      const steps = Number(program.explain().details['steps']);
      expect(error).toBeLessThan(singleError(steps));
      expect(error).toBeGreaterThan(singleError(steps) / 100);
    }
  });

  it('refuses what single precision cannot give, where a tolerance is set', async () => {
    using strict = await wgsl({ force: true, tolerance: 1e-6 });
    const shallow = layers(2, 1);
    expect(() => strict.compile(shallow, expval(Z(0)))).not.toThrow();
    expect(() => strict.compile(layers(4, 40), expval(Z(0)))).toThrow(UnsupportedError);
    using absurd = await wgsl({ force: true, tolerance: -1 });
    expect(() => absurd.compile(shallow, expval(Z(0)))).toThrow(ValueError);
  });

  it('checks values and options before it works, and heeds a signal', async () => {
    const ansatz = layers(3, 1);
    using program = engine.compile(ansatz, variance(Z(0)));
    const values = valuesOf(ansatz, 2, 1);
    await expect(program.run({ ...values, x: [1, 2] })).rejects.toThrow(ValueError);
    await expect(program.vjp(values, [1])).rejects.toThrow(ValueError);
    await expect(program.run(values, { out: new Float64Array(3) })).rejects.toThrow(ValueError);
    const out = new Float64Array(2);
    expect(await program.run(values, { out })).toBe(out);
    const reason = new Error('enough');
    await expect(program.run(values, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const both = { perExample: true, squaredNorms: true };
    await expect(program.vjp(values, [1, 1], both)).rejects.toThrow(ValueError);
    const most = engine.capabilities.maxQubits;
    expect(() =>
      engine.compile(
        circuit(most + 1, () => {}),
        expval(Z(0)),
      ),
    ).toThrow(/at most/);
    expect(() => engine.checkGradient(most + 1)).toThrow(UnsupportedError);
  });

  it('keeps its buffers from step to step and frees them', async () => {
    const before = engine.device.buffers;
    const ansatz = layers(4, 1);
    const program = engine.compile(ansatz, expval(Z(0)));
    const values = valuesOf(ansatz, 8, 2);
    const dy = new Float64Array(8).fill(1);
    const step = async (): Promise<void> => {
      await program.vjp(values, dy);
      await program.run(values);
    };
    await step();
    const { buffers, bytes } = engine.device;
    for (let i = 0; i < 50; i++) await step();
    expect([engine.device.buffers, engine.device.bytes]).toEqual([buffers, bytes]);
    // Calls at the same time take turns.
    const [a, b] = await Promise.all([program.run(values), program.run(values)]);
    expect(a).toEqual(b);
    const last = program.run(values);
    program.dispose();
    expect(await last.catch((error: unknown) => error)).toBeInstanceOf(KetworkError);
    await expect(program.run(values)).rejects.toThrow(/disposed/);
    await new Promise((done) => void setTimeout(done));
    expect(engine.device.buffers).toBe(before);
  });

  it('says that a device is lost, and what to do', async () => {
    const doomed = (await wgsl({ force: true, workgroups: false })) as WgslEngine;
    const ansatz = layers(2, 1);
    const program = doomed.compile(ansatz, expval(Z(0)));
    const values = valuesOf(ansatz, 1, 2);
    await program.run(values);
    doomed.device.gpu.destroy();
    await doomed.device.gpu.lost;
    const failure = program.run(values);
    await expect(failure).rejects.toThrow(EnvironmentError);
    await expect(failure).rejects.toThrow(/cpu\(\)/);
    doomed.dispose();
    expect(() => doomed.compile(ansatz, expval(Z(0)))).toThrow(/disposed/);
    const onCpu = exact.compile(ansatz, expval(Z(0))).run(values);
    expectClose(
      reference()
        .compile(ansatz, expval(Z(0)))
        .run(values),
      onCpu,
      1e-12,
    );
  });
});
