import { X, Y, Z, amplitudes, circuit, expval, input, state, weight } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { Random, expectClose, randomCircuit, randomValues } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cpuCapabilities } from '../../../src/cpu/capabilities.ts';
import { lower } from '../../../src/cpu/lower.ts';
import type { Lowered } from '../../../src/cpu/lower.ts';
import { EngineMemory } from '../../../src/cpu/memory.ts';
import { allocateCoefficients } from '../../../src/cpu/passes/allocate.ts';
import { productPrefix } from '../../../src/cpu/passes/product-prefix.ts';
import { CpuProgram } from '../../../src/cpu/program.ts';
import { planReadout } from '../../../src/cpu/readout.ts';
import { checkProgram, reference } from '../../../src/index.ts';

const memory = new EngineMemory();
const judge = reference();

const after = (made: Circuit): Lowered =>
  productPrefix({ lowered: lower(made, false), readout: planReadout(made, [expval(Z(0))]) })
    .lowered;

function check(made: Circuit, measurement: Measurement, random: Random, note: string): void {
  const checked = checkProgram(made, measurement, {}, cpuCapabilities);
  const sequence = [
    ['product prefix', productPrefix],
    ['allocate', allocateCoefficients],
  ] as const;
  const program = new CpuProgram(made, measurement, {}, checked, memory, sequence);
  const exact = judge.compile(made, measurement);
  const values = randomValues(random, made, 5);
  const y = exact.run(values) as Float64Array;
  expectClose(program.run(values) as Float64Array, y, 1e-13, note);
  const dy = y.map((_, i) => Math.cos(i));
  for (const options of [{}, { perExample: true }]) {
    const [found, expected] = [program, exact].map((p) => p.vjp(values, dy, options));
    for (const name of Object.keys(expected!))
      expectClose(found![name]!, expected![name]!, 1e-12, `${note}, ${name}`);
  }
}

const single = (made: Circuit): Circuit => ({
  ...made,
  slots: made.slots.map((slot) => ({ ...slot, axis: 'shared' })),
});

describe('productPrefix', () => {
  it('takes what acts on single qubits until something joins them', () => {
    const made = circuit(4, { x: input([4]), w: weight([4]) }, (q, { x, w }) => {
      q.angleEmbedding(x).h(0).cnot(0, 1).ry(w.at(0), 0).ry(w.at(2), 2).cz(2, 0).ry(w.at(3), 3);
    });
    const { prefix, elements } = after(made);
    // Four of the embedding, H, the rotations of qubits 2 and 3.
    expect(prefix).toHaveLength(7);
    expect(elements).toHaveLength(3);
  });

  it('leaves prepared amplitudes alone', () => {
    const made = circuit(4, { a: amplitudes([2]) }, (q, { a }) =>
      q.amplitudeEmbedding(a, { qubits: [0] }).h(1),
    );
    expect(after(made).prefix).toEqual([]);
  });

  it.each([4, 5, 7])('keeps results and gradients where some qubits have no factor, %i', (n) => {
    for (let missing = 0; missing < n; missing++) {
      const made = circuit(n, { x: input([n]), w: weight([n]) }, (q, { x, w }) => {
        for (let i = 0; i < n; i++) {
          if (i === missing) continue;
          q.rx(x.at(i), i);
          if (i % 2 === 0) q.ry(w.at(i), i).p(x.at(i), i);
        }
        for (let i = 0; i < n; i++) q.cnot(i, (i + 1) % n).ry(w.at(i), i);
      });
      const measured = expval(Z(0), X(n - 1), Y(1));
      const random = new Random(missing);
      check(made, measured, random, `batch, without ${missing}`);
      check(single(made), measured, random, `single, without ${missing}`);
    }
  });

  it('keeps results and gradients of random circuits run on one example', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed);
      const kinds = ['gate', 'matrix'] as const;
      const drawn = { qubits: random.integer(4, 6), ops: 15, kinds, filters: false };
      const made = single(randomCircuit(random, drawn));
      check(made, random.chance(0.5) ? state() : expval(X(0), Z(3)), random, `seed ${seed}`);
    }
  });

  it('carries long runs on one qubit', () => {
    const made = circuit(4, { x: input([60]) }, (q, { x }) => {
      for (let i = 0; i < 60; i++) (i % 2 === 0 ? q.rx(x.at(i), 3) : q.ry(x.at(i), 3)).h(3);
      q.cnot(3, 0);
    });
    check(made, expval(Z(0), X(3)), new Random(1), 'batch');
    check(single(made), expval(Z(0), X(3)), new Random(1), 'single');
  });
});
