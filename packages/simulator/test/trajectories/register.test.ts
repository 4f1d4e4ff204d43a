import { circuit, state } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import {
  expectClose,
  Random,
  randomChannel,
  randomCircuit,
  randomUnitary,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/trajectories/draws.ts';
import { instructionsOf } from '../../src/trajectories/instructions.ts';
import { RegisterState, StateStore } from '../../src/trajectories/register.ts';
import { walk } from '../../src/trajectories/walk.ts';
import type { Leaf } from '../../src/trajectories/walk.ts';
import { exampleOf } from '../../src/reference/operations.ts';
import { readValues } from '../../src/values.ts';

const fresh = (qubits: number, fused = false): RegisterState => {
  const store = new StateStore(qubits, fused);
  const made = new RegisterState(store, store.acquire()!);
  made.clear();
  return made;
};

const densityOf = (
  amplitudes: Float64Array,
  qubits: number,
  on: readonly number[],
): Float64Array => {
  const d = 2 ** on.length;
  const bits = (index: number): number =>
    on.reduce((number, q) => 2 * number + ((index >> (qubits - 1 - q)) & 1), 0);
  const mask = on.reduce((sum, q) => sum + 2 ** (qubits - 1 - q), 0);
  const out = new Float64Array(2 * d * d);
  for (let i = 0; i < 2 ** qubits; i++) {
    for (let j = 0; j < 2 ** qubits; j++) {
      if ((i & ~mask) !== (j & ~mask)) continue;
      const at = 2 * (bits(i) * d + bits(j));
      const [a, b, c, e] = [2 * i, 2 * i + 1, 2 * j, 2 * j + 1].map((k) => amplitudes[k]!) as [
        number,
        number,
        number,
        number,
      ];
      out[at]! += a * c + b * e;
      out[at + 1]! += b * c - a * e;
    }
  }
  return out;
};

describe('a state of the register', () => {
  it('follows random circuits as the reference does, amplitude by amplitude', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(40 + seed);
      const qubits = random.integer(1, 6);
      const made = randomCircuit(random, {
        qubits,
        ops: 12,
        kinds: ['gate', 'statePreparation', 'barrier'],
        gates: ['H', 'RX', 'RZ', 'U3', 'CNOT', 'CRY', 'ISWAP', 'CH', 'Toffoli', 'Fredkin', 'T'],
      });
      const values = randomValues(random, made, 1);
      const list = instructionsOf(made, exampleOf(made, readValues(made, values), 0));
      for (const fused of [false, true]) {
        const register = fresh(qubits, fused);
        for (const step of list) {
          if (step.type === 'map') register.apply(step.targets, step.matrix, step.controls);
          else if (step.type === 'prepare') register.prepare(step.targets, step.column);
          else throw new Error(`unexpected ${step.type}`);
        }
        expectClose(
          register.amplitudes(),
          reference().compile(made, state()).run(values),
          1e-12,
          `seed ${seed}`,
        );
      }
    }
  });

  it('has the reduced density matrices of its amplitudes, whatever waits on its qubits', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed);
      const qubits = random.integer(2, 5);
      const all = Array.from({ length: qubits }, (_, q) => q);
      const register = fresh(qubits);
      for (const q of all) register.apply([q], randomUnitary(random, 2));
      for (let i = 0; i < 4; i++) register.apply(random.sample(all, 2), randomUnitary(random, 4));
      for (const q of all) if (random.chance(0.5)) register.apply([q], randomUnitary(random, 2));
      // Something that is not unitary on one qubit changes the others.
      const [damped, other] = random.sample(all, 2) as [number, number];
      register.apply([damped], [1, 0, 0, 0, 0, 0, 0.4, 0.1], [], false);
      const on = random.chance(0.5) ? [other] : random.sample(all, 2);
      const before = register.densityOf(on).slice();
      const copy = register.amplitudes().slice();
      expectClose(before, densityOf(copy, qubits, on), 1e-13, `seed ${seed}`);
    }
  });

  it('keeps a copy apart from its origin', () => {
    const register = fresh(2);
    register.apply([0], [0.6, 0, 0.8, 0, 0.8, 0, -0.6, 0]);
    const copy = register.fork()!;
    copy.apply(
      [0, 1],
      [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0,
        0,
      ],
    );
    expectClose(register.amplitudes(), [0.6, 0, 0, 0, 0.8, 0, 0, 0], 1e-15);
    expectClose(copy.amplitudes(), [0.6, 0, 0, 0, 0, 0, 0.8, 0], 1e-15);
  });
});

describe('a walk', () => {
  it('ends in states of norm 1, after hundreds of channels', () => {
    const random = new Random(11);
    const qubits = 4;
    const all = [0, 1, 2, 3];
    const made = circuit(qubits, (q) => {
      for (let i = 0; i < 400; i++) {
        const [a, b] = random.sample(all, 2) as [number, number];
        q.ry(random.uniform(0, 6), a).cnot(a, b).rz(random.uniform(0, 6), b);
      }
    });
    const ops = made.ops.flatMap((op) =>
      random.chance(0.4) ? [op, randomChannel(random, all)] : [op],
    );
    const noisy = { ...made, ops };
    expect(ops.filter(({ type }) => type === 'channel').length).toBeGreaterThan(300);
    const leaves: number[] = [];
    const trajectories: number[] = [];
    walk(
      Array.from({ length: 60 }, (_, t) => t),
      {
        store: new StateStore(qubits, true),
        instructions: instructionsOf(noisy, exampleOf(noisy, readValues(noisy, {}), 0)),
        bits: 0,
        draws: new Draws(3, 0),
        engine: () => {
          throw new Error('nothing is wide here');
        },
        leaf: (leaf: Leaf) => {
          leaves.push(leaf.state.amplitudes().reduce((sum, x) => sum + x * x, 0));
          trajectories.push(...leaf.trajectories);
        },
      },
    );
    expect(trajectories.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, t) => t));
    for (const norm of leaves) expect(Math.abs(norm - 1)).toBeLessThan(1e-12);
  });
});
