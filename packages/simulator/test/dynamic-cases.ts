import {
  circuit,
  expval,
  input,
  probabilities,
  successProbability,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';

/** A dynamic circuit of which the results are known. */
interface KnownCase {
  readonly name: string;
  readonly circuit: Circuit;
  readonly values: Record<string, number[]>;
  readonly measurements: readonly Measurement[];
  readonly expected: readonly (readonly number[])[];
}

/** Teleports the state Rot(a, b, c)|0⟩ from qubit 0 to qubit 2. */
const teleportation: Circuit = circuit(3, { x: input([3]) }, (q, { x }) =>
  q
    .rot(x.at(0), x.at(1), x.at(2), 0)
    .h(1)
    .cnot(1, 2)
    .cnot(0, 1)
    .h(0)
    .measure(0, 0)
    .measure(1, 1)
    .if(1, (then) => then.x(2))
    .if(0, (then) => then.z(2)),
);

/** Bloch vector of RZ(c) RY(b) RZ(a)|0⟩. */
const bloch = ([, b = 0, c = 0]: readonly number[]): number[] => [
  Math.sin(b) * Math.cos(c),
  Math.sin(b) * Math.sin(c),
  Math.cos(b),
];

/**
 * RZ(θ) with cos θ = 3/5 from H, S and Toffoli only (Nielsen and Chuang, exercise 4.41): both ancillas read 0 with
 * probability 5/8, else Z was applied, is undone, and all is tried again.
 */
const repeatUntilSuccess = (rounds: number): Circuit =>
  circuit(3, { x: input([]) }, (q, { x }) =>
    q.ry(x.at(), 2).while({ bits: [2], value: 0 }, rounds, (again) =>
      again
        .reset(0, 1)
        .h(0)
        .h(1)
        .toffoli(0, 1, 2)
        .s(2)
        .toffoli(0, 1, 2)
        .h(0)
        .h(1)
        .measure(0, 0)
        .measure(1, 1)
        .if(
          { bits: [0, 1], value: 0 },
          // Bit 2 says that it is done.
          (done) => done.x(0).measure(0, 2),
          (failed) => failed.z(2),
        ),
    ),
  );

/** The three-qubit repetition code corrects a rotation about X of any one qubit, with two ancillas and feedback. */
const bitFlipCode = (faulty: number): Circuit =>
  circuit(5, { x: input([2]) }, (q, { x }) =>
    q
      .ry(x.at(0), 0)
      .cnot(0, 1)
      .cnot(0, 2)
      .rx(x.at(1), faulty)
      .cnot(0, 3)
      .cnot(1, 3)
      .cnot(1, 4)
      .cnot(2, 4)
      .measure(3, 0)
      .measure(4, 1)
      .if({ bits: [0, 1], value: 1 }, (then) => then.x(0))
      .if({ bits: [0, 1], value: 3 }, (then) => then.x(1))
      .if({ bits: [0, 1], value: 2 }, (then) => then.x(2)),
  );

/** Reads a phase of `digits` binary digits, last digit first, with one qubit that is measured, reset and used again. */
const iterativePhaseEstimation = (digits: number, phase: number): Circuit =>
  circuit(2, (q) => {
    q.x(1);
    for (let k = digits - 1; k >= 0; k--) {
      q.reset(0).h(0);
      q.cp(2 * Math.PI * phase * 2 ** k, 0, 1);
      for (let later = k + 1; later < digits; later++)
        q.if(later, (then) => then.p((-2 * Math.PI) / 2 ** (later - k + 1), 0));
      q.h(0).measure(0, k);
    }
  });

const angle = 0.7;
const oneHot = (length: number, at: number): number[] =>
  Array.from({ length }, (_, i) => (i === at ? 1 : 0));

/** Circuits of textbooks, with the results that textbooks give. */
export const knownCases: readonly KnownCase[] = [
  {
    name: 'teleportation moves the state and leaves four outcomes equally likely',
    circuit: teleportation,
    values: { x: [0.3, 1.1, -0.4, 0.2, 2.2, 0.9] },
    measurements: [expval(X(2), Y(2), Z(2)), probabilities({ bits: [0, 1] }), expval(X(0), Z(0))],
    expected: [
      [...bloch([0.3, 1.1, -0.4]), ...bloch([0.2, 2.2, 0.9])],
      [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25],
      [0, 0, 0, 0],
    ],
  },
  ...[1, 4].map((rounds) => ({
    name: `repeat until success applies RZ with cosine 3/5 in ${rounds} rounds`,
    circuit: repeatUntilSuccess(rounds),
    values: { x: [angle] },
    // After a failed last round Z is undone, so the state is then untouched.
    measurements: [expval(X(2), Y(2), Z(2)), probabilities({ bits: [2] })],
    expected: [
      [
        Math.sin(angle) * (0.6 * (1 - 0.375 ** rounds) + 0.375 ** rounds),
        Math.sin(angle) * 0.8 * (1 - 0.375 ** rounds),
        Math.cos(angle),
      ],
      [0.375 ** rounds, 1 - 0.375 ** rounds],
    ],
  })),
  ...[0, 1, 2].map((faulty) => ({
    name: `the repetition code corrects qubit ${faulty}`,
    circuit: bitFlipCode(faulty),
    values: { x: [angle, 1.3] },
    measurements: [
      expval(Z(0), Z(1), Z(2), X(0).mul(X(1)).mul(X(2))),
      probabilities({ bits: [0, 1] }),
    ],
    expected: [
      [Math.cos(angle), Math.cos(angle), Math.cos(angle), Math.sin(angle)],
      oneHot(4, 0).map(
        (x, i) => x * Math.cos(0.65) ** 2 + (i === [2, 3, 1][faulty] ? Math.sin(0.65) ** 2 : 0),
      ),
    ],
  })),
  {
    name: 'iterative phase estimation reads 0.1011',
    circuit: iterativePhaseEstimation(4, 11 / 16),
    values: {},
    measurements: [probabilities({ bits: [0, 1, 2, 3] })],
    expected: [oneHot(16, 11)],
  },
  {
    name: 'post-selection keeps one outcome, with its probability',
    circuit: circuit(2, { w: weight([]) }, (q, { w }) =>
      q.ry(w.at(), 0).cnot(0, 1).ry(0.4, 1).measure(0, 0, { postselect: 1 }),
    ),
    values: { w: [angle] },
    measurements: [expval(Z(0), Z(1)), successProbability(), probabilities({ bits: [0] })],
    expected: [[-1, -Math.cos(0.4)], [Math.sin(angle / 2) ** 2], [0, 1]],
  },
  {
    name: 'a reset leaves what two measurements before it read',
    circuit: circuit(1, (q) =>
      q
        .ry(angle, 0)
        .measure(0, 0)
        .if(0, (then) => then.z(0))
        .measure(0, 1)
        .reset(0),
    ),
    values: {},
    measurements: [probabilities({ bits: [0, 1] }), expval(Z(0))],
    expected: [[Math.cos(angle / 2) ** 2, 0, 0, Math.sin(angle / 2) ** 2], [1]],
  },
  {
    name: 'a reset leaves a post-selection behind another measurement',
    circuit: circuit(1, (q) =>
      q
        .ry(angle, 0)
        .measure(0, 0)
        .if(0, (then) => then.z(0))
        .measure(0, 1, { postselect: 1 })
        .reset(0),
    ),
    values: {},
    measurements: [probabilities({ bits: [0, 1] }), successProbability()],
    expected: [oneHot(4, 3), [Math.sin(angle / 2) ** 2]],
  },
  {
    name: 'a loop ends when its condition fails, or after its rounds',
    circuit: circuit(1, (q) =>
      q
        .h(0)
        .measure(0, 0)
        .while(0, 3, (again) => again.reset(0).h(0).measure(0, 0)),
    ),
    values: {},
    measurements: [probabilities({ bits: [0] }), probabilities({ qubits: [0], bits: [0] })],
    expected: [
      [15 / 16, 1 / 16],
      [15 / 16, 0, 0, 1 / 16],
    ],
  },
  {
    name: 'a bit that is written twice has the later value, and one never written is 0',
    circuit: circuit(2, (q) => q.x(0).measure(0, 0).measure(1, 2).measure(1, 0).h(1)),
    values: {},
    measurements: [probabilities({ bits: [0, 1, 2] }), expval(X(1))],
    expected: [oneHot(8, 0), [1]],
  },
];
