import {
  channel,
  circuit,
  expval,
  input,
  pauliTransferMatrix,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Observable } from '@ketwork/circuit';
import { densityMatrix, reference } from '@ketwork/simulator';
import { Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { errorCancellation, inversePauliChannel, noiseModel } from '../../src/index.ts';

const engine = densityMatrix();
const ideal = (made: Circuit, observables: readonly Observable[], values = {}): Float64Array =>
  reference()
    .compile(made, expval(...observables))
    .run(values);

describe('quasi-probabilities', () => {
  it('have the known gamma', () => {
    // Temme, Bravyi and Gambetta, with λ = 4p/3 and 16p/15.
    for (const p of [0.001, 0.05, 0.3]) {
      const one = inversePauliChannel(channel('depolarizing').paulis!([p]));
      const [l1, l2] = [(4 * p) / 3, (16 * p) / 15] as const;
      expect(one.gamma).toBeCloseTo((1 + l1 / 2) / (1 - l1), 12);
      const two = inversePauliChannel(channel('depolarizing').paulis!([p], 2));
      expect(two.gamma).toBeCloseTo((1 + (7 * l2) / 8) / (1 - l2), 12);
      expect([one.terms.length, two.terms.length]).toEqual([4, 16]);
      expect(inversePauliChannel(channel('bitFlip').paulis!([p])).gamma).toBeCloseTo(
        1 / (1 - 2 * p),
        12,
      );
    }
  });

  it('undo random Pauli channels on one to three qubits', () => {
    const random = new Random(9);
    for (let i = 0; i < 9; i++) {
      const qubits = 1 + (i % 3);
      const probabilitiesOf = Array.from({ length: 4 ** qubits - 1 }, () =>
        random.uniform(0, 0.4 / 4 ** qubits),
      );
      const paulis = channel('pauliError').paulis!(probabilitiesOf, qubits);
      const { terms, gamma } = inversePauliChannel(paulis);
      expect(terms.reduce((sum, { weight: w }) => sum + w, 0)).toBeCloseTo(1, 12);
      expect(gamma).toBeGreaterThan(1);
      const forth = pauliTransferMatrix(channel('pauliError').kraus(probabilitiesOf, qubits));
      const size = 4 ** qubits;
      const names = Array.from({ length: size }, (_, w) =>
        Array.from({ length: qubits }, (__, q) => 'IXYZ'[(w >> (2 * (qubits - 1 - q))) & 3]).join(
          '',
        ),
      );
      for (const [w, name] of names.entries()) {
        const back = terms.reduce((sum, { weight: factor, word }) => {
          let differing = 0;
          for (let q = 0; q < qubits; q++)
            if (word[q] !== 'I' && name[q] !== 'I' && word[q] !== name[q]) differing++;
          return sum + (differing % 2 === 0 ? factor : -factor);
        }, 0);
        expect(back * forth[w * size + w]!).toBeCloseTo(1, 12);
      }
    }
  });
});

describe('probabilistic error cancellation', () => {
  const made = circuit(2, { x: input([2]), w: weight([]) }, (q, { x, w }) => {
    q.ry(x.at(0), 0).rx(x.at(1), 1).cnot(0, 1).rz(w.at(), 1).cnot(1, 0);
  });
  const noise = noiseModel({
    gates: [
      { after: ['RY', 'RX'], noise: circuit(1, (q) => q.pauliError([0.02, 0.01, 0.05], 0)) },
      { after: 'CNOT', qubits: [0, 1], noise: circuit(2, (q) => q.depolarizing(0.06, [0, 1])) },
    ],
    measurements: [{ qubits: [0], noise: circuit(1, (q) => q.bitFlip(0.03, 0)) }],
  });
  const values = { x: [0.4, -0.9, 1.3, 0.2], w: [0.7] };
  const observables: readonly Observable[] = [Z(0), X(1).mul(Y(0)), Z(0).mul(Z(1)).add(X(0))];

  it('is unbiased to 1e-10 by the sum over all circuits', () => {
    const found = errorCancellation(engine, made, observables, { noise, values, samples: 'all' });
    expect(found.circuits).toBe(4 * 4 * 16 * 2);
    const exact = ideal(made, observables, values);
    exact.forEach((x, i) => expect(Math.abs(found.values[i]! - x)).toBeLessThan(1e-10));
    expect([...found.errors]).toEqual([0, 0, 0, 0, 0, 0]);
    const factor = (p: readonly number[], qubits = 1): number =>
      inversePauliChannel(channel('pauliError').paulis!(p, qubits)).gamma;
    const gammas = [
      factor([0.02, 0.01, 0.05]),
      factor([0.02, 0.01, 0.05]),
      (1 + (7 * 0.064) / 8) / (1 - 0.064),
      1 / 0.94,
    ];
    expect(found.gamma).toBeCloseTo(
      gammas.reduce((a, b) => a * b),
      12,
    );
  });

  it('is unbiased on random circuits with channels of their own', () => {
    for (let seed = 0; seed < 4; seed++) {
      const random = new Random(seed);
      const build = (noisy: boolean): Circuit => {
        const r = new Random(seed);
        return circuit(3, (q) => {
          for (let layer = 0; layer < 2; layer++) {
            for (const i of [0, 1, 2])
              q.rot(r.uniform(-3, 3), r.uniform(-3, 3), r.uniform(-3, 3), i);
            q.cnot(layer, layer + 1);
            const p = r.uniform(0, 0.1);
            if (noisy) q.depolarizing(p, [layer + 1, layer]).phaseFlip(p, 2);
          }
        });
      };
      const letters = [X, Y, Z] as const;
      const asked = Array.from({ length: 3 }, (): Observable =>
        letters[random.integer(3)]!(0)
          .mul(letters[random.integer(3)]!(1))
          .mul(letters[random.integer(3)]!(2)),
      );
      const found = errorCancellation(engine, build(true), asked, { samples: 'all' });
      ideal(build(false), asked).forEach((x, i) =>
        expect(Math.abs(found.values[i]! - x)).toBeLessThan(1e-10),
      );
    }
  });

  it('is unbiased by samples, with standard errors that fit', () => {
    const exact = ideal(made, observables, values);
    const rounds = 60;
    const runs = Array.from({ length: rounds }, (_, seed) =>
      errorCancellation(engine, made, observables, { noise, values, samples: 300, seed }),
    );
    expect(
      errorCancellation(engine, made, observables, { noise, values, samples: 300, seed: 0 }),
    ).toEqual(runs[0]);
    exact.forEach((x, j) => {
      const mean = runs.reduce((sum, run) => sum + run.values[j]!, 0) / rounds;
      const deviation = Math.sqrt(
        runs.reduce((sum, run) => sum + (run.values[j]! - mean) ** 2, 0) / (rounds - 1),
      );
      const said = runs.reduce((sum, run) => sum + run.errors[j]!, 0) / rounds;
      expect(Math.abs(mean - x)).toBeLessThan((4 * deviation) / Math.sqrt(rounds));
      expect(said / deviation).toBeGreaterThan(0.7);
      expect(said / deviation).toBeLessThan(1.4);
    });
    // Noise is what it takes away.
    const plain = errorCancellation(engine, made, observables, {
      noise,
      values,
      samples: 20_000,
      seed: 1,
    });
    plain.values.forEach((value, j) =>
      expect(Math.abs(value - exact[j]!)).toBeLessThan(4 * plain.errors[j]!),
    );
  });

  it('works with shots, and with functions that return promises', async () => {
    const exact = ideal(made, observables, values);
    const shots = errorCancellation(engine, made, observables, {
      noise,
      values,
      samples: 3000,
      shots: 4,
      seed: 2,
    });
    shots.values.forEach((value, j) => {
      expect(Math.abs(value - exact[j]!)).toBeLessThan(4 * shots.errors[j]!);
      expect(shots.errors[j]).toBeLessThan(0.05);
    });
    // More than run at a time.
    const settings = { noise, values, samples: 2600, seed: 4 };
    const direct = errorCancellation(engine, made, observables, settings);
    const later = errorCancellation(
      async (one: Circuit, call) => engine.compile(one, expval(...observables)).run(call.values),
      made,
      observables,
      settings,
    );
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toEqual(direct);
  });

  it('keeps slots of its own apart from those of the circuit', () => {
    const named = circuit(1, { pauli: weight([]), x: input([]) }, (q, s) =>
      q.rx(s.pauli.at(), 0).bitFlip(0.1, 0).ry(s.x.at(), 0),
    );
    const { values: found } = errorCancellation(engine, named, Z(0), {
      samples: 'all',
      values: { pauli: [0.3], x: [0.2, 0.5] },
    });
    [0.2, 0.5].forEach((y, i) => expect(found[i]).toBeCloseTo(Math.cos(0.3) * Math.cos(y), 12));
  });

  it('names what does not fit', () => {
    const fault = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return String(error);
      }
      return 'no error';
    };
    const flip = circuit(1, (q) => q.h(0).bitFlip(0.1, 0));
    const cancel = (one: Circuit, options = {}) =>
      fault(() => errorCancellation(engine, one, Z(0), options));
    expect([
      cancel(circuit(1, (q) => q.h(0))),
      cancel(circuit(1, (q) => q.h(0).amplitudeDamping(0.1, 0))),
      cancel(
        circuit(1, { p: weight([]) }, (q, { p }) => q.h(0).bitFlip(p.at(), 0)),
        { values: { p: [0.1] } },
      ),
      cancel(circuit(1, (q) => q.h(0).depolarizing(0.75, 0))),
      cancel(circuit(1, (q) => q.measure(0, 0).if(0, (then) => then.x(0).bitFlip(0.1, 0)))),
      cancel(circuit(1, (q) => q.h(0).bitFlip(0.1, 0).measure(0, 0, { postselect: 1 }))),
      cancel(flip, { samples: 0 }),
      cancel(
        circuit(1, (q) => {
          for (let i = 0; i < 30; i++) q.bitFlip(0.1, 0);
        }),
        { samples: 'all' },
      ),
      cancel(flip, { noise: noiseModel({ readout: [{ p10: 0.1, p01: 0 }] }) }),
      fault(() => errorCancellation(engine, flip, [])),
      fault(() => errorCancellation(() => [1], flip, Z(0))),
      fault(() => inversePauliChannel([])),
      fault(() => inversePauliChannel([{ probability: 0.9, word: 'I' }])),
      fault(() =>
        inversePauliChannel([
          { probability: 0.9, word: 'I' },
          { probability: 0.1, word: 'XX' },
        ]),
      ),
      fault(() =>
        inversePauliChannel([
          { probability: 1.1, word: 'I' },
          { probability: -0.1, word: 'X' },
        ]),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: the circuit has no noise channels to cancel. Give a noise model, or a circuit with channels",
        "UnsupportedError: operation 1: amplitudeDamping is not a mixture of Pauli words. Use Pauli noise, such as depolarizing or pauliError, or zeroNoiseExtrapolation",
        "UnsupportedError: operation 1: bitFlip has parameters that are not numbers. Bind its slots first",
        "ValueError: the channel has no inverse: it wipes out a Pauli word. Weaken the noise",
        "UnsupportedError: operation 1: noise under conditions is not cancelled. Keep conditions free of noise, or use zeroNoiseExtrapolation with foldGates",
        "UnsupportedError: operation 2: results under post-selection are not linear in the noise. Cancel the numerator and the success probability, both without post-selection",
        "ValueError: 0 is not a number of samples. Use a positive integer",
        "ValueError: there are 1073741824 circuits. Sample; 'all' goes to 1048576",
        "UnsupportedError: readout errors are not cancelled. Leave them out of the model and use readoutMitigation",
        "ValueError: there are no observables. Give at least one",
        "ValueError: the run function returned 1 values for 256 examples. Return [batch, observables]",
        "ValueError: the probabilities add to 0. They must add to 1",
        "ValueError: the probabilities add to 0.9. They must add to 1",
        "ValueError: 'XX' is not a Pauli word of 1 letters. Use words of equal length, 1 to 4, of the letters I, X, Y, Z",
        "ValueError: the probability of 'I' is 1.1. Use 0 to 1",
      ]
    `);
  });
});
