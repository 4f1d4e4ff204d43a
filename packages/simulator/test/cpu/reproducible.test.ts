import { ValueError, encodeModule } from '@ketwork/base';
import { X, Y, Z, angle, circuit, counts, expval, input, state, weight } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, CpuOptions, Engine } from '@ketwork/simulator';
import { Random, expectClose, randomCircuit, randomValues } from '@ketwork/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { VectorCode, exactRounding } from '../../src/cpu/arithmetic.ts';
import { runtimeFunctions } from '../../src/cpu/runtime.ts';
import { threaded } from '../../src/worker/threaded.ts';

const same: Engine = await cpu({ reproducible: true });
const single: Engine = await cpu({ reproducible: true, precision: 'f32' });
const fast: Engine = await cpu();
const workers: AsyncEngine[] = [
  await cpu({ reproducible: true, threads: 1 }),
  await threaded(2, 0, { reproducible: true }),
];
afterAll(() => {
  for (const engine of [same, single, fast, ...workers]) engine.dispose();
});

const model = circuit(5, { x: input([5]), w: weight([2, 5, 3]) }, (q, { x, w }) => {
  q.angleEmbedding(x);
  q.stronglyEntanglingLayers(w);
  const [a, b] = [x.at(0), x.at(1)];
  q.rx(angle.sin(a), 0)
    .ry(angle.exp(angle.cos(b)), 1)
    .rzz(angle.atan(angle.mul(a, b)), 1, 3);
  q.cp(angle.tan(angle.mul(0.1, a)), 0, 4)
    .rz(angle.mul(1e7, b), 2)
    .ry(w.at(0, 0, 0), 2);
  q.rx(angle.asin(angle.sin(b)), 3).ry(angle.acos(angle.cos(w.at(1, 1, 1))), 4);
  q.rz(angle.log(angle.exp(a)), 0).h(0);
});
/** Angles of single examples are folded here, and shared ones with them. */
const folded = circuit(6, { x: input([4, 6]), w: weight([2, 6]) }, (q, { x, w }) => {
  for (let layer = 0; layer < 4; layer++) {
    for (let i = 0; i < 6; i++) q.ry(x.at(layer, i), i);
    if (layer % 2 === 1) for (let i = 0; i < 6; i++) q.rx(w.at(layer >> 1, i), i);
    for (let i = 0; i < 6; i++) q.cnot(i, (i + 1) % 6);
  }
});
const foldedValues = (batch: number): { x: Float64Array; w: Float64Array } => ({
  x: numbers(24 * batch, 0.731),
  w: numbers(12, 1.618),
});
/** Values whose own making needs no elementary function. */
const numbers = (length: number, step: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => ((i * step) % 5) - 2.5);
const values = (batch: number): { x: Float64Array; w: Float64Array } => ({
  x: numbers(5 * batch, 0.731),
  w: numbers(30, 1.618),
});
const measured = expval(Z(0), X(1).mul(Y(2)), Z(3).mul(Z(4)));

const hex = (array: Float64Array): string[] =>
  Array.from(new BigUint64Array(array.slice().buffer), (bits) =>
    bits.toString(16).padStart(16, '0'),
  );

describe('reproducible: true', () => {
  /*
   * The same bits on every machine. A change of what is computed, such as a new compiler pass, changes them: look at the
   * differences, then freeze the new ones with `vitest run -u`.
   */
  it('gives the frozen bits', async () => {
    const program = same.compile(model, measured);
    const dy = numbers(3 * 70, 0.377);
    const { x, w } = program.vjp(values(70), dy);
    const parts = {
      run: program.run(values(3)),
      summed: w.subarray(0, 12),
      batch: x.subarray(0, 12),
      'per example': program
        .vjp(values(2), dy.subarray(0, 6), { perExample: true })
        .w.subarray(15, 45),
      'a single state': same
        .compile(
          circuit(5, { w: weight([2, 5, 3]) }, (q, { w: own }) => q.stronglyEntanglingLayers(own)),
          state(),
        )
        .run({ w: values(1).w })
        .subarray(0, 16),
      'single precision': single.compile(model, measured).run(values(3)),
      'single precision, summed': single
        .compile(model, measured)
        .vjp(values(70), dy)
        .w.subarray(0, 12),
      'folded by example': same.compile(folded, measured).run(foldedValues(3)),
      'folded by example, summed': same.compile(folded, measured).vjp(foldedValues(70), dy).w,
      'folded by example, batch': same
        .compile(folded, measured)
        .vjp(foldedValues(70), dy)
        .x.subarray(1660),
      'a large state': same
        .compile(
          circuit(15, { w: weight([15]) }, (q, { w: own }) => {
            for (let k = 0; k < 15; k++) q.ry(own.at(k), k).cnot(k, (k + 1) % 15);
            for (let k = 0; k < 14; k++) q.rzz(own.at(k), k, k + 1).rx(own.at(k), k);
          }),
          measured,
        )
        .vjp({ w: values(3).x }, [1, 2, 3]).w,
    };
    const text = Object.entries(parts)
      .map(([name, array]) => `${name}\n${hex(array).join('\n')}\n`)
      .join('\n');
    await expect(text).toMatchFileSnapshot('data/reproducible.txt');
  });

  it('gives the same bits in this thread, in a worker and in two', async () => {
    const given = values(300);
    const dy = numbers(900, 0.377);
    const local = same.compile(model, measured);
    const shots = same.compile(model, counts(100)).run(given, { seed: 5 });
    for (const engine of workers) {
      const examples = foldedValues(300);
      const [here, there] = [same, engine].map((own) => own.compile(folded, measured));
      expect(hex(await there!.run(examples))).toEqual(hex(await here!.run(examples)));
      const [one, other] = await Promise.all([here, there].map((own) => own!.vjp(examples, dy)));
      expect(hex(other!['w'])).toEqual(hex(one!['w']));
      expect(hex(other!['x'])).toEqual(hex(one!['x']));
      const remote = engine.compile(model, measured);
      expect(hex(await remote.run(given))).toEqual(hex(local.run(given)));
      const expected = local.vjp(given, dy);
      const found = await remote.vjp(given, dy);
      expect(hex(found.w)).toEqual(hex(expected.w));
      expect(hex(found.x)).toEqual(hex(expected.x));
      expect(await engine.compile(model, counts(100)).run(given, { seed: 5 })).toEqual(shots);
    }
  });

  it('is refused unless it is a boolean', async () => {
    const options = { reproducible: 1 } as unknown as CpuOptions;
    await expect(cpu(options)).rejects.toThrow(ValueError);
  });
});

describe('fused arithmetic', () => {
  it('agrees with plain arithmetic within rounding', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(900 + seed);
      const made = randomCircuit(random, {
        qubits: random.integer(1, 7),
        ops: 20,
        filters: false,
        slotGenerators: false,
      });
      const given = randomValues(random, made, 3);
      const programs = [fast, same].map((engine) => engine.compile(made, state()));
      const [y, z] = programs.map((program) => program.run(given)) as [Float64Array, Float64Array];
      expectClose(y, z, 1e-13, `seed ${seed}`);
      const [g, h] = programs.map((program) => program.vjp(given, z)) as [
        Record<string, Float64Array>,
        Record<string, Float64Array>,
      ];
      for (const name of Object.keys(h)) expectClose(g[name]!, h[name]!, 1e-13, `seed ${seed}`);
    }
  });

  it('occurs only where it is asked for', () => {
    const count = (fused: boolean): number => {
      const bytes = encodeModule({
        functions: runtimeFunctions({ ...exactRounding, fused }).map((write) => ({
          body: write(),
        })),
        memory: { minimum: 1 },
      });
      // The two relaxed instructions, 0xfd 0x87 0x02 and 0xfd 0x88 0x02.
      return bytes.filter(
        (byte, i) =>
          byte === 0xfd && (bytes[i + 1] === 0x87 || bytes[i + 1] === 0x88) && bytes[i + 2] === 2,
      ).length;
    };
    expect(count(false)).toBe(0);
    expect(count(true)).toBeGreaterThan(40);
  });

  it.each([false, true])('adds and subtracts products, fused: %s', (fused) => {
    const code = (negative: boolean): VectorCode => {
      const f = new VectorCode({ ...exactRounding, fused });
      f.i32(0)
        .vector(10)
        .addProduct(() => f.vector(3).vector(2), negative)
        .store();
      return f;
    };
    const memory = new WebAssembly.Memory({ initial: 1 });
    const bytes = encodeModule({
      functions: [
        { name: 'add', body: code(false) },
        { name: 'subtract', body: code(true) },
      ],
      memory: { minimum: 1 },
    });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { memory },
    });
    for (const [name, expected] of [
      ['add', 16],
      ['subtract', 4],
    ] as const) {
      (exports[name] as () => void)();
      expect([...new Float64Array(memory.buffer, 0, 2)]).toEqual([expected, expected]);
    }
  });
});
