import { key } from '@ketwork/base';
import {
  circuit,
  expval,
  input,
  parseCircuit,
  probabilities,
  samples,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { densityMatrix } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';
import {
  applyNoise,
  confusionMatrix,
  noiseModel,
  readoutObservable,
  readoutProbabilities,
  readoutSamples,
} from '../src/index.ts';

const flip = circuit(1, (q) => q.bitFlip(0.1, 0));
const pair = circuit(2, (q) => q.depolarizing(0.2, [0, 1]));

/** The operations in short. */
function shown(made: Circuit): string[] {
  return made.ops.map((op) => {
    if (op.type === 'gate') return `${op.gate} ${op.qubits.join()}`;
    if (op.type === 'channel') return `${op.channel} ${op.qubits.join()}`;
    return op.type;
  });
}

describe('noise models', () => {
  it('put channels behind the gates and qubits they name, in the order of the rules', () => {
    const made = circuit(3, (q) => q.h(0).cnot(0, 1).cnot(2, 1).rx(0.1, 2).barrier().measure(1, 0));
    const model = noiseModel({
      gates: [
        { after: 'cx', noise: pair },
        { after: ['Hadamard', 'RX'], qubits: [2], noise: flip },
        { after: 'CNOT', qubits: [2, 1], noise: circuit(2, (q) => q.phaseFlip(0.1, 1)) },
        { after: 'all', qubits: [0], noise: circuit(1, (q) => q.amplitudeDamping(0.1, 0)) },
      ],
      measurements: [{ qubits: [1], noise: flip }],
    });
    expect(shown(applyNoise(made, model, { measured: 'all' }))).toEqual([
      'H 0',
      'amplitudeDamping 0',
      'CNOT 0,1',
      'depolarizing 0,1',
      'amplitudeDamping 0',
      'CNOT 2,1',
      'depolarizing 2,1',
      'phaseFlip 1',
      'RX 2',
      'bitFlip 2',
      'barrier',
      'bitFlip 1',
      'measure',
      'bitFlip 1',
    ]);
    expect(applyNoise(made, noiseModel({}))).toEqual(made);
  });

  it('reach controls, conditions, matrices and evolutions', () => {
    const made = circuit(3, (q) =>
      q
        .control([2], (c) => c.cnot(0, 1))
        .unitary([0, 0, 1, 0, 1, 0, 0, 0], [1])
        .evolution(Z(0).mul(Z(1)), 0.3)
        .measure(0, 0)
        .if(
          0,
          (then) => then.x(1),
          (otherwise) => otherwise.h(2),
        ),
    );
    const noisy = applyNoise(
      made,
      noiseModel({
        gates: [
          { after: 'all', noise: flip },
          { after: ['matrix', 'evolution'], noise: pair },
        ],
      }),
    );
    expect(shown(noisy)).toEqual([
      'CNOT 0,1',
      'bitFlip 2',
      'bitFlip 0',
      'bitFlip 1',
      'matrix',
      'bitFlip 1',
      'evolution',
      'bitFlip 0',
      'bitFlip 1',
      'depolarizing 0,1',
      'measure',
      'conditional',
    ]);
    const conditional = noisy.ops.at(-1);
    if (conditional?.type !== 'conditional') throw new Error('no conditional');
    expect(conditional.then.map(({ type }) => type)).toEqual(['gate', 'channel']);
    expect(conditional.otherwise.map(({ type }) => type)).toEqual(['gate', 'channel']);
    expect(parseCircuit(JSON.parse(JSON.stringify(noisy)))).toEqual(noisy);
  });

  it('may have slots, through which gradients go', () => {
    const ansatz = circuit(2, { x: input([2]), w: weight([2]) }, (q, { x, w }) => {
      for (const i of [0, 1]) q.rx(x.at(i), i).ry(w.at(i), i);
      q.cnot(0, 1).crz(w.at(0), 0, 1).rot(w.at(1), x.at(0), w.at(0), 1);
    });
    const p = weight('p', [2]);
    const model = noiseModel({
      gates: [
        { after: 'all', noise: circuit(1, (q) => q.amplitudeDamping(p.at(0), 0)) },
        { after: 'CNOT', noise: circuit(2, (q) => q.depolarizing(p.at(1), [0, 1])) },
      ],
    });
    const noisy: Circuit = applyNoise(ansatz, model);
    expect(noisy.slots.map(({ name }) => name)).toEqual(['x', 'w', 'p']);
    const engine = densityMatrix();
    const measured = expval(Z(0), X(1).mul(Y(0)), Z(1));
    const values = { x: [0.3, -0.4, 1, 0.2], w: [0.5, 0.7], p: [0.1, 0.2] };
    const dy = [1, 0.5, -2, 0.3, 1, 1];
    const mine = engine.compile(noisy, measured).vjp(values, dy);
    const program = engine.compile(noisy, measured);
    const total = (name: string, i: number, step: number): number => {
      const moved = (values[name as 'p'] as readonly number[]).map((v, j) =>
        j === i ? v + step : v,
      );
      return program.run({ ...values, [name]: moved }).reduce((sum, y, j) => sum + y * dy[j]!, 0);
    };
    for (const name of ['x', 'w', 'p']) {
      mine[name]!.forEach((g, i) => {
        const [near, far] = [1e-3, 2e-3].map(
          (h) => (total(name, i, h) - total(name, i, -h)) / (2 * h),
        );
        expect(g).toBeCloseTo((4 * near! - far!) / 3, 8);
      });
    }
    expect(mine['p']!.every((g) => Math.abs(g) > 1e-3)).toBe(true);
  });

  it('name what does not fit', () => {
    const clash = applyNoise.bind(
      undefined,
      circuit(1, { p: weight([3]) }, (q, { p }) => q.rx(p.at(0), 0)),
      noiseModel({
        gates: [{ after: 'all', noise: circuit(1, (q) => q.bitFlip(weight('p', []).at(), 0)) }],
      }),
    );
    const fault = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return String(error);
      }
      return 'no error';
    };
    expect([
      fault(() => noiseModel({ gates: [{ after: 'cxx', noise: flip }] })).slice(0, 60),
      fault(() => noiseModel({ gates: [{ after: 'H', noise: pair }] })),
      fault(() => noiseModel({ gates: [{ after: 'ccx', noise: pair }] })),
      fault(() => noiseModel({ gates: [{ after: 'cx', qubits: [1], noise: pair }] })),
      fault(() => noiseModel({ gates: [{ after: 'cx', qubits: [1, 1], noise: pair }] })),
      fault(() => noiseModel({ measurements: [{ noise: pair }] })),
      fault(() => noiseModel({ readout: [{ p10: 0.1, p01: 1.1 }] })),
      fault(() => noiseModel({ readout: [{ qubit: -1, p10: 0.1, p01: 0.1 }] })),
      fault(clash),
      fault(() => readoutProbabilities([1, 0, 0], [0], noiseModel({}))),
      fault(() => readoutSamples(new Uint8Array(3), [0, 1], noiseModel({}), key(1))),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: unknown gate 'cxx' (did you mean 'CSX'?). Use ",
        "no error",
        "CircuitError: rule 0 of the noise model has noise on 2 qubits for Toffoli, which acts on 3. Give noise on one qubit, or on as many as the gate",
        "CircuitError: rule 0 of the noise model has noise on 2 qubits and names 1. Name as many, or leave the list out",
        "CircuitError: rule 0 of the noise model names the qubits [1, 1]. Use integers from 0, each of them once",
        "CircuitError: rule 0 for measurements has noise on 2 qubits. Give noise on one qubit",
        "ValueError: readout error 0 has p01 = 1.1. Use 0 to 1",
        "CircuitError: readout error 0 names the qubits [-1]. Use integers from 0, each of them once",
        "CircuitError: the noise has another slot named 'p' than the circuit. Rename one",
        "ValueError: 3 probabilities are not those of 1 qubits. Give [batch, 2]",
        "ValueError: 3 bits are not samples of 2 qubits. Give [batch, shots, k] bits and the k qubits",
      ]
    `);
  });
});

describe('readout errors', () => {
  const model = noiseModel({
    readout: [
      { p10: 0.02, p01: 0.1 },
      { qubit: 1, p10: 0.05, p01: 0.2 },
    ],
  });
  const made = circuit(3, (q) => q.ry(0.7, 0).cnot(0, 1).rx(1.1, 2).cz(1, 2).ry(0.4, 1));
  const engine = densityMatrix();

  it('mix probabilities as a channel in front of the measurement does', () => {
    expect([...confusionMatrix(model, 1)]).toEqual([0.95, 0.05, 0.2, 0.8]);
    const order = [2, 0, 1];
    const read = readoutProbabilities(
      engine.compile(made, probabilities(order)).run(),
      order,
      model,
    );
    const classical = circuit(3, (q) => {
      q.append(made);
      for (const qubit of [0, 1, 2]) {
        const [keep0, up, down, keep1] = [...confusionMatrix(model, qubit)].map(Math.sqrt) as [
          number,
          number,
          number,
          number,
        ];
        q.kraus(
          [
            [
              [keep0, 0],
              [0, 0],
            ],
            [
              [0, 0],
              [up, 0],
            ],
            [
              [0, down],
              [0, 0],
            ],
            [
              [0, 0],
              [0, keep1],
            ],
          ],
          qubit,
        );
      }
    });
    const direct = engine.compile(classical, probabilities(order)).run();
    read.forEach((p, i) => expect(p).toBeCloseTo(direct[i]!, 12));
    const observable = Z(0)
      .mul(Z(1))
      .scale(0.7)
      .add(Z(2))
      .add(Z(1).mul(Z(2)).mul(Z(0)));
    const mean = engine.compile(made, expval(readoutObservable(observable, model))).run()[0]!;
    expect(mean).toBeCloseTo(engine.compile(classical, expval(observable)).run()[0]!, 12);
  });

  it('flip samples as often as they say', () => {
    const shots = 40_000;
    const drawn = engine.compile(made, samples(shots)).run({}, { seed: 3 });
    const read = readoutSamples(drawn, [0, 1, 2], model, key(9));
    expect(readoutSamples(drawn, [0, 1, 2], model, key(9))).toEqual(read);
    for (const qubit of [0, 1, 2]) {
      const [, up, down] = confusionMatrix(model, qubit) as unknown as [number, number, number];
      for (const value of [0, 1]) {
        let count = 0;
        let flipped = 0;
        for (let i = qubit; i < drawn.length; i += 3) {
          if (drawn[i] !== value) continue;
          count++;
          if (read[i] !== value) flipped++;
        }
        const p = value === 0 ? up : down;
        expect(Math.abs(flipped / count - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / count));
      }
    }
  });
});
