import { ValueError, encodeModule } from '@ketwork/base';
import { counts, state } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, CpuOptions, Engine } from '@ketwork/simulator';
import { Random, expectClose, randomCircuit, randomValues } from '@ketwork/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { VectorCode, exactRounding } from '../../src/cpu/arithmetic.ts';
import { runtimeFunctions } from '../../src/cpu/runtime.ts';
import { threaded } from '../../src/worker/threaded.ts';
import { folded, foldedValues, frozen, hex, measured, model, numbers, values } from './frozen.ts';

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

describe('reproducible: true', () => {
  /*
   * The same bits on every machine. A change of what is computed, such as a new compiler pass, changes them: look at the
   * differences, then freeze the new ones with `vitest run -u`.
   */
  it('gives the frozen bits', async () => {
    await expect(frozen(same, single)).toMatchFileSnapshot('data/reproducible.txt');
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
