import { describe, expect, it } from 'vitest';
import type { Builder, GateOp } from '../src/index.ts';
import {
  X,
  Z,
  amplitudes,
  angle,
  circuit,
  expval,
  hermitian,
  hermitianSlot,
  input,
  probabilities,
  variance,
  weight,
} from '../src/index.ts';
import { checkCircuit } from '../src/validate.ts';

/** The error of building a circuit of two qubits. */
function built(build: (q: Builder) => unknown): string {
  return messageOf(() => circuit(2, build));
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'no error';
}

describe('circuits that are not well formed', () => {
  it('name the wrong qubits', () => {
    expect([
      messageOf(() => circuit(0, () => {})),
      messageOf(() => circuit(1, (q) => q.h(1))),
      built((q) => q.h(0).h(2)),
      built((q) => q.h(-1)),
      built((q) => q.h(0.5)),
      built((q) => q.cnot(1, 1)),
      built((q) => q.control([0], () => q.h(0))),
      built((q) => q.gate('CNOT', [], [0])),
      built((q) => q.gate('X', [], 0, { controls: [{ qubit: 1, value: 2 as 1 }] })),
      built((q) => q.multiRZ(0.1, [])),
      built((q) => q.measure(2, 0)),
      built((q) => q.barrier(0, 0)),
      built((q) => q.append(circuit(3, (p) => p.h(2)))),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: a circuit cannot have 0 qubits. Use 1 to 65536",
        "CircuitError: operation 0: H acts on qubit 1, but the circuit has 1 qubit. Use qubit 0",
        "CircuitError: operation 1: H acts on qubit 2, but the circuit has 2 qubits. Use qubits 0 to 1",
        "CircuitError: operation 0: H acts on qubit -1, but the circuit has 2 qubits. Use qubits 0 to 1",
        "CircuitError: operation 0: H acts on qubit 0.5, but the circuit has 2 qubits. Use qubits 0 to 1",
        "CircuitError: operation 0: CNOT acts twice on qubit 1. Give different qubits, controls included",
        "CircuitError: operation 0: H acts twice on qubit 0. Give different qubits, controls included",
        "CircuitError: operation 0: CNOT got 1 qubit. Give 2",
        "CircuitError: operation 0: X has a control on qubit 1 with value 2. Use 0 or 1",
        "CircuitError: operation 0: MultiRZ has no qubits. Name at least one",
        "CircuitError: operation 0: a measurement acts on qubit 2, but the circuit has 2 qubits. Use qubits 0 to 1",
        "CircuitError: operation 0: a barrier acts twice on qubit 0. Give different qubits, controls included",
        "CircuitError: operation 0: a circuit of 3 qubits does not fit 2 qubits. Name one qubit for each of its qubits",
      ]
    `);
  });

  it('name the wrong gates and angles', () => {
    expect([
      built((q) => q.gate('RXQ', [], 0)).slice(0, 70),
      built((q) => q.gate('RX', [], 0)),
      built((q) => q.gate('H', [1], 0)),
      built((q) => q.gate('Rot', [1, 2], 0)),
      built((q) => q.h(0).rx(Number.NaN, 0)),
      built((q) => q.rx(-Infinity, 0)),
      built((q) => q.rx({ add: [1, Number.NaN] }, 0)),
      built((q) => q.pauliRot(1, 'XQ', [0, 1])),
      built((q) => q.pauliRot(1, 'X', [0, 1])),
      built((q) => q.gate('PauliRot', [1], [0])),
      built((q) => q.gate('RX', [1], 0, { word: 'X' })),
      built((q) => q.rx(angle.log(0), 0)),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: operation 0: unknown gate 'RXQ' (did you mean 'RX'?). Us",
        "CircuitError: operation 0: RX got 0 angles. Give 1: θ",
        "CircuitError: operation 0: H got 1 angle. It takes none",
        "CircuitError: operation 0: Rot got 2 angles. Give 3: a, b, c",
        "ValueError: operation 1: RX got the angle NaN. Use finite numbers, in radians",
        "ValueError: operation 0: RX got the angle -Infinity. Use finite numbers, in radians",
        "ValueError: operation 0: RX got the angle NaN. Use finite numbers, in radians",
        "CircuitError: operation 0: PauliRot got the Pauli word 'XQ' for 2 qubits. Give one letter of I, X, Y, Z per qubit",
        "CircuitError: operation 0: PauliRot got the Pauli word 'X' for 2 qubits. Give one letter of I, X, Y, Z per qubit",
        "CircuitError: operation 0: PauliRot has no Pauli word for 1 qubit. Give one letter of I, X, Y, Z per qubit",
        "CircuitError: operation 0: RX got a Pauli word. Only PauliRot takes one",
        "ValueError: an angle has the constant -Infinity. Use finite numbers, in radians",
      ]
    `);
  });

  it('name the wrong slots', () => {
    expect([
      built((q) => q.rx({ slot: 'x', index: 0 }, 0)),
      built((q) => q.rx(weight('w', [2]).at(2), 0)),
      built((q) => q.rx(weight('w', [2]).at(0, 0), 0)),
      built((q) => q.rx(weight('w', [2]).at(0), 0).rx({ slot: 'w', index: 2 }, 0)),
      built((q) => q.rx(weight('w', [2]).at(0), 0).rx(weight('w', [3]).at(0), 0)),
      built((q) => q.rx(weight('w', [2]).at(0), 0).rx(input('w', [2]).at(0), 0)),
      built(() => weight('w', [2, 0])),
      built(() => weight('', [2])),
      built(() => amplitudes('a', [3])),
      built(() => hermitianSlot('h', 3)),
      built((q) => q.prepare(amplitudes('a', [2]), [0, 1])),
      built((q) => q.evolution(hermitianSlot('h', 2), 1, [0, 1])),
      messageOf(() => circuit(1, { x: input([1]) }, (q) => q.rx(weight('w', [1]).at(0), 0))),
      messageOf(() => circuit(1, { x: input('y', [1]) }, () => {})),
      messageOf(() => amplitudes('a', [2]).at(0)),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: operation 0: RX reads slot 'x', which the circuit does not have. Declare it",
        "CircuitError: index 2 of axis 0 is outside slot 'w' of shape [2]. Use 0 to 1",
        "CircuitError: slot 'w' has shape [2] but at() got 2 indices. Give 1",
        "CircuitError: operation 1: RX reads element 2 of slot 'w', which has 2. Use 0 to 1",
        "CircuitError: operation 1: two different slots are named 'w'. Rename one, or give both the same shape and options",
        "CircuitError: operation 1: two different slots are named 'w'. Rename one, or give both the same shape and options",
        "CircuitError: slot 'w' has shape [2, 0]. Use positive integers",
        "CircuitError: a slot has an empty name. Name it, such as input("x", [4])",
        "CircuitError: slot 'a' has shape [3], which amplitudes cannot have. Use [2^k] for real or [2^k, 2] for interleaved re, im",
        "CircuitError: slot 'h' has shape [3, 3, 2], which a Hermitian matrix cannot have. Use [2^k, 2^k, 2]: interleaved re, im",
        "CircuitError: operation 0: a state preparation on 2 qubits reads slot 'a' of shape [2]. Its first dimension must be 4",
        "CircuitError: operation 0: an evolution on 2 qubits reads slot 'h' of shape [2, 2, 2]. Its first dimension must be 4",
        "CircuitError: operation 0: slot 'w' is not among the slots given to circuit(). Add it to the record of slots",
        "CircuitError: slot 'y' is given under the name 'x'. Leave the name out of input() or weight(), or use the same one",
        "CircuitError: slot 'a' holds amplitudes, which cannot be angles. Make the slot with input() or weight()",
      ]
    `);
    expect(circuit(1, { unused: input([2]) }, (q) => q.h(0)).slots).toHaveLength(1);
  });

  it('name the wrong matrices and states', () => {
    const half = { re: 0.5, im: 0 };
    expect([
      built((q) =>
        q.h(0).unitary(
          [
            [1, 1],
            [0, 1],
          ],
          [0],
        ),
      ),
      built((q) =>
        q.unitary(
          [
            [1, 0],
            [0, 1],
          ],
          [0, 1],
        ),
      ),
      built((q) =>
        q.unitary(
          [
            [1, 0],
            [0, Number.NaN],
          ],
          [0],
        ),
      ),
      built((q) => q.unitary([[1, 0], [0]], [0])),
      built((q) => q.unitary([1], [])),
      built((q) =>
        q.evolution(
          [
            [0, 1],
            [2, 0],
          ],
          1,
          [0],
        ),
      ),
      built((q) =>
        q.evolution(
          [
            [0, 1],
            [1, 0],
          ],
          1,
        ),
      ),
      built((q) => q.evolution(X(0).mul(Z(1)), 1, [0])),
      built((q) => q.evolution(X(0).mul(Z(2)), 1)),
      built((q) => q.prepare([1, 1], [0])),
      built((q) => q.prepare([0, 0], [0], { normalize: true })),
      built((q) => q.prepare([half, half, half], [0, 1])),
      built((q) => q.prepare([1, Infinity], [0], { normalize: true })),
      built((q) => q.h(0).prepare([1, 0], [0])),
      built((q) => q.basisState([1], [0, 1])),
      built((q) => q.channel('', [], 0, { kraus: [[1, 0, 0, 0, 0, 0, 1, 0]] })),
      built((q) =>
        q.channel('mine', [], 0, {
          kraus: [
            [
              [1, 0],
              [0, 0.5],
            ],
          ],
        }),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError: operation 1: a matrix is not unitary: U†U differs from the identity by 1.00. Use linear() for maps that are not unitary",
        "CircuitError: operation 0: a matrix of 4 entries does not fit 2 qubits. Give 4 × 4 complex entries",
        "ValueError: operation 0: a matrix has an entry that is not finite. Use finite numbers",
        "CircuitError: operation 0: a matrix has 2 rows but a row of 1 entries. Give a square matrix",
        "CircuitError: operation 0: a matrix has no qubits. Name at least one",
        "ValueError: operation 0: the generator of an evolution is not Hermitian: it differs from its conjugate transpose by 1.00. Use (A + A†)/2",
        "CircuitError: operation 0: an evolution under a matrix has no qubits. Name the qubits it acts on",
        "CircuitError: operation 0: a Pauli string on [0, 1] does not fit an evolution on [0]. Use qubits of the evolution, each once and in ascending order",
        "CircuitError: operation 0: an evolution acts on qubit 2, but the circuit has 2 qubits. Use qubits 0 to 1",
        "ValueError: operation 0: amplitudes have norm 1.41421. Divide by the norm, or prepare with { normalize: true }",
        "ValueError: operation 0: all amplitudes are zero. Give a state",
        "CircuitError: operation 0: 3 amplitudes do not fit 2 qubits. Give 4",
        "ValueError: operation 0: an amplitude is not finite. Use finite numbers",
        "CircuitError: operation 1: a state preparation follows another operation on qubit 0. Prepare states first, or use unitary()",
        "CircuitError: operation 0: the bits [1] do not fit 2 qubits. Give one 0 or 1 per qubit",
        "CircuitError: operation 0: a channel has no name. Name it",
        "ValueError: operation 0: Kraus matrices are not complete: ΣK†K differs from the identity by 0.750. Scale them",
      ]
    `);
    expect(
      built((q) =>
        q
          .linear(
            [
              [1, 0],
              [0, 0],
            ],
            [0],
          )
          .barrier()
          .prepare([3, 4], [1], { normalize: true }),
      ),
    ).toBe('no error');
    const kraus = [
      [
        [1, 0],
        [0, Math.SQRT1_2],
      ],
      [
        [0, Math.SQRT1_2],
        [0, 0],
      ],
    ];
    expect(built((q) => q.channel('mine', [], 0, { kraus }))).toBe('no error');
  });

  it('name the wrong classical parts', () => {
    expect([
      built((q) => q.measure(0, -1)),
      built((q) => q.measure(0, 0.5)),
      built((q) => q.measure(0, 0).if({ bits: [0], value: 2 }, () => q.x(1))),
      built((q) => q.measure(0, 0).if({ bits: [], value: 0 }, () => q.x(1))),
      built((q) => q.measure(0, 0).if(0, () => q.h(0).x(2))),
      built((q) => q.measure(0, 0).while(0, 0, () => q.x(0))),
      built((q) => q.reset()),
      built((q) => q.control([0], () => q.measure(1, 0))),
      built((q) => q.control([0], () => q.if(0, () => q.x(1)))),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: operation 0: a measurement uses classical bit -1, but the circuit has 0 bits. Use integers from 0",
        "CircuitError: operation 0: a measurement uses classical bit 0.5, but the circuit has 0 bits. Use integers from 0",
        "CircuitError: operation 1: a condition compares 1 bit with 2. Use 0 to 1",
        "CircuitError: operation 1: a condition reads the bits []. Name 1 to 32 bits, each of them once",
        "CircuitError: operation 1: X acts on qubit 2, but the circuit has 2 qubits. Use qubits 0 to 1",
        "CircuitError: operation 1: a loop has 0 rounds. Use a positive integer",
        "CircuitError: operation 0: a reset has no qubits. Name at least one",
        "CircuitError: operation 0: a measure cannot be controlled. Only gates, matrices and evolutions can; put the rest outside",
        "CircuitError: operation 0: a conditional cannot be controlled. Put it outside",
      ]
    `);
  });

  it('name values that types would have refused', () => {
    expect([
      messageOf(() => weight('w', [1], { axis: 'each' as 'batch' })),
      built((q) => q.measure(0, 0, { postselect: 2 as 1 })),
      built((q) =>
        q.evolution(
          { type: 'pauli', terms: [{ coefficient: 1, paulis: [{ qubit: 0, pauli: 'I' as 'X' }] }] },
          1,
        ),
      ),
      messageOf(() => circuit(1e6, () => {})),
      messageOf(() => circuit(2, undefined as never)),
      built((q) => q.rx(0.3, undefined as never)),
      built((q) => q.h(0).cnot([0, 1] as never, undefined as never)),
      built((q) => q.gate('CNOT', [], '01' as never)),
      built((q) => q.unitary('X' as never, [0])),
      messageOf(() => hermitian('H' as never, [0])),
      messageOf(() => expval('Z' as never)),
      messageOf(() => expval([Z(0), X(1)] as never)),
      messageOf(() => variance(undefined as never)),
      messageOf(() => probabilities(0 as never)),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: slot 'w' has kind 'scalar' and axis 'each'. Use the axis 'shared' or 'batch'",
        "CircuitError: operation 0: a measurement is postselected on 2. Use 0 or 1",
        "CircuitError: operation 0: an evolution has the Pauli letter 'I'. Use X, Y or Z",
        "CircuitError: a circuit cannot have 1000000 qubits. Use 1 to 65536",
        "CircuitError: the last argument of circuit() is not a function. Give one that adds the operations, such as (q) => q.h(0)",
        "CircuitError: operation 0: RX got undefined where a qubit belongs. Give each qubit as a number",
        "CircuitError: operation 1: CNOT got a list where a qubit belongs. Give each qubit as a number",
        "CircuitError: operation 0: CNOT got 1 qubit. Give 2",
        "CircuitError: operation 0: a matrix is a string. Give rows of numbers, or one flat list of interleaved re, im",
        "CircuitError: a matrix is a string. Give rows of numbers, or one flat list of interleaved re, im",
        "CircuitError: expval() got a value of type string where an observable belongs. Give observables one by one, such as expval(Z(0), X(1))",
        "CircuitError: expval() got a list where an observable belongs. Give observables one by one, such as expval(Z(0), X(1))",
        "CircuitError: variance() got a value of type undefined where an observable belongs. Give observables one by one, such as variance(Z(0), X(1))",
        "CircuitError: a measurement got 0 instead of a list of qubits. Give a list, such as [0], or { bits: [0] }",
      ]
    `);
  });

  it('carry index and code', () => {
    expect(() =>
      circuit(2, (q) =>
        q
          .h(0)
          .measure(0, 0)
          .if(0, (inner) => inner.x(5)),
      ),
    ).toThrow(expect.objectContaining({ code: 'CIRCUIT', operation: 2 }));
    expect(() => circuit(2, (q) => q.rx(Number.NaN, 0))).toThrow(
      expect.objectContaining({ code: 'VALUE', operation: 0 }),
    );
  });

  it('refuses to prepare a state in every round of a loop, which would follow itself', () => {
    const prepared = (rounds: number) => () =>
      circuit(2, (q) =>
        q
          .measure(0, 0)
          .while({ bits: [0], value: 0 }, rounds, (again) => again.prepare([0, 1], [1])),
      );
    expect(messageOf(prepared(2))).toMatchInlineSnapshot(
      `"CircuitError: operation 1: a state preparation follows another operation on qubit 1. Prepare states first, or use unitary()"`,
    );
    expect(prepared(1)().bits).toBe(1);
  });

  it('are refused as data too, under an alias or with two slots of a name', () => {
    const good = circuit(1, (q) => q.x(0));
    const op = good.ops[0] as GateOp;
    expect(
      messageOf(() => checkCircuit({ ...good, ops: [{ ...op, gate: 'PauliX' }] })),
    ).toMatchInlineSnapshot(`"CircuitError: operation 0: unknown gate 'PauliX'. Its name is 'X'"`);
    const slot = weight('w', [1]).slot;
    expect(messageOf(() => checkCircuit({ ...good, slots: [slot, slot] }))).toMatchInlineSnapshot(
      `"CircuitError: two slots are named 'w'. Rename one"`,
    );
  });
});
