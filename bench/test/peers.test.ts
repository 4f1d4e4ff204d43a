import { UnsupportedError } from '@ketwork/base';
import { circuit, input, weight } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';
import { fuzzLarge } from '../fuzz/large.ts';
import { fuzzSmall } from '../fuzz/small.ts';
import { difference, emptyTally } from '../fuzz/tally.ts';
import { described } from '../harness/described.ts';
import { costOf } from '../harness/flops.ts';
import { bandwidthLoop, computeLoop } from '../harness/hardware.ts';
import { brickwork, hardwareEfficientCase, structuredCases } from '../harness/large-circuits.ts';
import { interleave } from '../harness/measure.ts';
import { nativeSides } from '../harness/native-sides.ts';
import type { NativePeers, Prepared } from '../peers/native.ts';
import { pinned } from '../peers/places.ts';

describe('circuits for peers', () => {
  it('are the gates of ours, with angles as numbers or elements of slots', () => {
    const ours = circuit(2, { x: input([2]), w: weight([1]) }, (q, { x, w }) => {
      q.rx(x.at(1), 0).ry(0.5, 1).cnot(1, 0).rz(w.at(0), 1);
    });
    expect(described(ours)).toEqual({
      qubits: 2,
      gates: [
        ['RX', [0], ['x', 1]],
        ['RY', [1], 0.5],
        ['CNOT', [1, 0]],
        ['RZ', [1], ['w', 0]],
      ],
    });
  });

  it('are refused where peers would need more', () => {
    const scaled = circuit(1, { x: input([1]) }, (q, { x }) => q.rx(x.at(0).times(2), 0));
    expect(() => described(scaled)).toThrow(UnsupportedError);
    const named = circuit(1, { other: input([1]) }, (q, { other }) => q.rx(other.at(0), 0));
    expect(() => described(named)).toThrow('batch slot x');
  });

  it('are all described, the large ones too', () => {
    for (const { circuit: large } of [
      hardwareEfficientCase(6, 2),
      brickwork(6),
      ...structuredCases(6),
    ]) {
      expect(described(large).gates.length).toBe(large.ops.length);
    }
  });
});

describe('native sides', () => {
  const task = {
    precision: 'f64' as const,
    what: 'value' as const,
    circuit: circuit(1, { w: weight([1]) }, (q, { w }) => q.rx(w.at(0), 0)),
    batch: 1,
    w: Float64Array.of(0.3),
    measured: [0],
  };
  const answering = (prepared: Partial<Prepared>): NativePeers =>
    ({
      has: () => true,
      circuit: async () => ({ probabilities: [], value: [], name: 'fake', plan: 0, ...prepared }),
    }) as unknown as NativePeers;
  const ask = (native: NativePeers, skipped: string[] = [], ours: number[] = []) =>
    nativeSides(
      { settings: { rounds: 1, sampleSeconds: 0.001 }, peers: {}, skip: (r) => skipped.push(r) },
      native,
      'case',
      task,
      [{ peer: 'qulacs' }],
      () => [Math.cos(0.3)],
      () => (seconds) => seconds,
      ours,
    );

  it('are compared with ours before they are timed', async () => {
    const { sides } = await ask(answering({ value: [Math.cos(0.3)] }));
    expect(sides.map(({ name }) => name)).toEqual(['fake']);
    await expect(ask(answering({ value: [0.9] }))).rejects.toThrow('number 0 is');
    const off = answering({ value: [Math.cos(0.3)], probabilities: [0.5] });
    await expect(ask(off, [], [0.50001])).rejects.toThrow('probabilities');
  });

  it('are left out with a reason where they fail', async () => {
    const failing = {
      has: () => true,
      circuit: () => Promise.reject(new Error('no memory')),
    } as unknown as NativePeers;
    const skipped: string[] = [];
    expect((await ask(failing, skipped)).sides).toEqual([]);
    expect(skipped).toEqual(['case: qulacs: no memory']);
  });

  it('have one exact version each', () => {
    const versions = Object.values(pinned.python).flatMap((packages) => Object.values(packages));
    for (const version of [...versions, ...Object.values(pinned.npm)])
      expect(version).toMatch(/^\d+(\.\d+)+$/);
  });
});

describe('time', () => {
  it('is kept within a budget, and a slow call is its own warm-up', async () => {
    let slow = 0;
    const sides = [
      () => {
        slow++;
        return 3;
      },
      (calls: number) => calls * 0.01,
    ];
    const samples = await interleave(sides, {
      rounds: 9,
      sampleSeconds: 0.01,
      budgetSeconds: 7,
      warmSeconds: 0,
    });
    expect(samples.map((side) => side.length)).toEqual([2, 2]);
    expect(slow).toBe(2);
  });
});

describe('bounds', () => {
  it('come from loops that run', () => {
    const mixed = computeLoop({ fused: 1, multiplications: 2, additions: 1 });
    mixed.run();
    expect(mixed.amount).toBe(64 * 1024 * 2 * 5);
    const memory = bandwidthLoop(65536);
    memory.run();
    expect(memory.amount).toBe(131072);
  });

  it('count what the engine reports, else the gates as written', () => {
    const { circuit: ansatz } = hardwareEfficientCase(3, 1);
    const told = { text: '', details: { flops: 960, groups: 2, fused: 320, multiplications: 320 } };
    expect(costOf(ansatz, told)).toEqual({
      flops: 960,
      source: 'executed',
      mix: { fused: 10, multiplications: 10, additions: 0 },
    });
    const { flops, source } = costOf(ansatz, { text: '', details: {} });
    // Three Hadamards, six rotations.
    expect([flops, source]).toEqual([8 * (3 * 4 + 6 * 6), 'as written']);
  });
});

describe('the fuzz', () => {
  it('passes some circuits of each kind', async () => {
    using engine = await cpu();
    const tally = emptyTally();
    for (let seed = 0; seed < 20; seed++) fuzzSmall(engine, seed, tally, 1e-12);
    for (let seed = 0; seed < 4; seed++) fuzzLarge(engine, seed, tally, 1e-12);
    expect(tally.failures).toEqual([]);
    expect(tally.done).toBe(24);
    expect(Object.keys(tally.worst).sort()).toContain('state, there and back');
  });

  it('finds an engine that is slightly wrong', async () => {
    using engine = await cpu();
    const wrong = {
      ...engine,
      name: 'wrong',
      capabilities: engine.capabilities,
      compile: (...args: Parameters<Engine['compile']>) => {
        const program = engine.compile(...args);
        const run: typeof program.run = (...given) => {
          const results = program.run(...given) as unknown as Float64Array[];
          const first = Array.isArray(results) ? results[0]! : (results as Float64Array);
          first[0]! += 1e-9;
          return results;
        };
        return new Proxy(program, {
          get: (target, key) =>
            key === 'run'
              ? run
              : typeof target[key as keyof typeof target] === 'function'
                ? (target[key as keyof typeof target] as () => unknown).bind(target)
                : target[key as keyof typeof target],
        });
      },
    } as unknown as Engine;
    const tally = emptyTally();
    for (let seed = 0; seed < 5; seed++) fuzzSmall(wrong, seed, tally, 1e-12);
    for (let seed = 0; seed < 4; seed++) fuzzLarge(wrong, seed, tally, 1e-12);
    expect(tally.failures.length).toBe(9);
    expect(tally.failures[0]).toMatch(/^seed 0 .*off by 1\.00e-9/);
  });

  it('takes numbers that are none as wrong', () => {
    expect(difference([1, Number.NaN], [1, 2])).toBe(Infinity);
    expect(difference([1, 2.5], [1, 2])).toBe(0.25);
  });
});
