import { CircuitError, UnsupportedError, ValueError } from '@ketwork/base';
import {
  circuit,
  counts,
  expval,
  hermitian,
  hermitianSlot,
  probabilities,
  projector,
  samples,
  state,
  successProbability,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import type { Capabilities, CompileOptions } from '@ketwork/simulator';
import { checkProgram, outputShapes, readWrt, reference } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';

/** An engine that maps states to states only. */
const capabilities: Capabilities = {
  ...reference().capabilities,
  ops: ['gate', 'matrix', 'evolution', 'statePreparation', 'barrier'],
};
const two = circuit(2, (q) => q.h(0).cnot(0, 1));

function message(make: () => unknown, type: new (...args: never[]) => Error): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(type);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

function refused(
  c: Circuit,
  m: Measurement | readonly Measurement[],
  type: new (...args: never[]) => Error,
  options: CompileOptions = {},
  able: Capabilities = capabilities,
): string {
  return message(() => checkProgram(c, m, options, able), type);
}

describe('checkProgram', () => {
  it('gives shapes and sizes', () => {
    const list = [
      expval(Z(0), X(1)),
      variance(Z(0)),
      probabilities(),
      probabilities([1]),
      state(),
      samples(5),
      counts(3),
    ];
    const checked = checkProgram(two, list, {}, capabilities);
    expect(checked.outputShapes).toEqual([[2], [1], [4], [2], [4, 2], [5, 2], []]);
    expect(checked.outputSizes).toEqual([2, 1, 4, 2, 8, 10, 1]);
    expect(checked.single).toBe(false);
    expect(checkProgram(two, state(), {}, capabilities).single).toBe(true);
    expect(outputShapes(two, samples(7, [1]))).toEqual([[7, 1]]);
  });

  it('checks what is read of classical bits', () => {
    const reads: Capabilities = {
      ...capabilities,
      ops: [...capabilities.ops, 'measure'],
      bits: true,
    };
    const measured = circuit(2, (q) => q.h(0).measure(0, 1));
    const list = [
      probabilities({ bits: [1] }),
      probabilities({ qubits: [0, 1], bits: [0] }),
      samples(5, { bits: [1, 0] }),
      counts(3, { bits: [0] }),
      successProbability(),
    ];
    const checked = checkProgram(measured, list, {}, reads);
    expect(checked.outputShapes).toEqual([[2], [8], [5, 2], [], []]);
    expect(checked.outputSizes).toEqual([2, 8, 10, 1, 1]);
    expect(
      refused(measured, counts(3, { bits: [2] }), CircuitError, {}, reads),
    ).toMatchInlineSnapshot(
      `"counts reads classical bit 2, which the circuit does not have. Use bits 0 to 1"`,
    );
    expect(refused(two, counts(3, { bits: [0] }), CircuitError, {}, reads)).toMatchInlineSnapshot(
      `"counts reads classical bit 0, which the circuit does not have. Measure qubits into classical bits with measure(qubit, bit), or read qubits"`,
    );
    const twice = { type: 'counts', shots: 3, bits: [1, 1] } as const;
    expect(refused(measured, twice, CircuitError, {}, reads)).toMatch(/names bit 1 twice/);
    const none = { type: 'counts', shots: 3, bits: [] } as const;
    expect(refused(measured, none, CircuitError, {}, reads)).toMatch(/names no bits/);
    const blind = { ...reads, bits: false };
    expect(
      refused(measured, counts(3, { bits: [1] }), UnsupportedError, {}, blind),
    ).toMatchInlineSnapshot(
      `"counts: engine 'reference' does not read classical bits. Read qubits, or use an engine whose capabilities have bits: true"`,
    );
    const few = { ...reads, analytic: ['expval'] as const };
    expect(refused(measured, successProbability(), UnsupportedError, {}, few)).toMatch(
      /cannot compute successProbability exactly/,
    );
  });

  it('refuses operations an engine lacks, with their index and a remedy', () => {
    const noisy = circuit(1, (q) => q.h(0).channel('depolarizing', [0.1], 0));
    expect(refused(noisy, expval(Z(0)), UnsupportedError)).toMatchInlineSnapshot(
      `"operation 1: engine 'reference' cannot run operations of type 'channel'; it runs gate, matrix, evolution, statePreparation, barrier. Remove the channel, or use an engine whose capabilities list 'channel' (density matrix or trajectories)"`,
    );
    const measured = circuit(1, (q) => q.h(0).h(0).measure(0, 0));
    expect(refused(measured, expval(Z(0)), UnsupportedError)).toMatchInlineSnapshot(
      `"operation 2: engine 'reference' cannot run operations of type 'measure'; it runs gate, matrix, evolution, statePreparation, barrier. Ask for samples(), counts() or probabilities() after the circuit, or use an engine whose capabilities list 'measure'"`,
    );
    expect(
      refused(
        circuit(1, (q) => q.h(0).reset(0)),
        expval(Z(0)),
        UnsupportedError,
      ),
    ).toMatchInlineSnapshot(
      `"operation 1: engine 'reference' cannot run operations of type 'reset'; it runs gate, matrix, evolution, statePreparation, barrier. Start a fresh qubit instead, or use an engine whose capabilities list 'reset'"`,
    );
    const branching = circuit(1, (q) => q.measure(0, 0).if(0, (then) => then.x(0)));
    const able: Capabilities = { ...capabilities, ops: [...capabilities.ops, 'measure'] };
    expect(refused(branching, expval(Z(0)), UnsupportedError, {}, able)).toMatchInlineSnapshot(
      `"operation 1: engine 'reference' cannot run operations of type 'conditional'; it runs gate, matrix, evolution, statePreparation, barrier, measure. Use controlled gates instead, or use an engine whose capabilities list 'conditional'"`,
    );
    const inner = circuit(1, (q) => q.measure(0, 0).if(0, (then) => then.reset(0)));
    const more: Capabilities = { ...able, ops: [...able.ops, 'conditional'] };
    expect(refused(inner, expval(Z(0)), UnsupportedError, {}, more)).toMatch(
      /^operation 1: .*'reset'/,
    );
  });

  it('refuses gates and sizes an engine lacks', () => {
    const few: Capabilities = { ...capabilities, engine: 'few', gates: ['H', 'RZ'], maxQubits: 2 };
    expect(refused(two, state(), UnsupportedError, {}, few)).toMatchInlineSnapshot(
      `"operation 1: engine 'few' lacks the gate 'CNOT'. Write it with H, RZ, or use an engine that has it"`,
    );
    expect(
      refused(
        circuit(3, (q) => q.h(0)),
        state(),
        UnsupportedError,
        {},
        few,
      ),
    ).toMatchInlineSnapshot(
      `"the circuit has 3 qubits; engine 'few' takes at most 2. Use fewer qubits or an engine with a higher maxQubits"`,
    );
  });

  it('refuses measurements and shots an engine cannot combine', () => {
    expect(refused(two, state(), UnsupportedError, { shots: 10 })).toMatchInlineSnapshot(
      `"a state cannot be estimated from shots. Compile it without shots, or ask for samples, counts or probabilities"`,
    );
    const exact: Capabilities = { ...capabilities, engine: 'exact', shots: ['samples'] };
    expect(
      refused(two, expval(Z(0)), UnsupportedError, { shots: 10 }, exact),
    ).toMatchInlineSnapshot(
      `"engine 'exact' cannot compute expval from shots. Compile without shots"`,
    );
    expect(refused(two, counts(10), UnsupportedError, {}, exact)).toMatchInlineSnapshot(
      `"engine 'exact' cannot compute counts from shots. It gives samples from shots"`,
    );
    const device: Capabilities = { ...capabilities, engine: 'device', analytic: [] };
    expect(
      refused(two, [samples(3), expval(Z(0))], UnsupportedError, {}, device),
    ).toMatchInlineSnapshot(
      `"measurement 1: engine 'device' cannot compute expval exactly. Compile with { shots }"`,
    );
    expect(refused(two, [], CircuitError)).toMatchInlineSnapshot(
      `"the list of measurements is empty. Name at least one measurement"`,
    );
  });

  it('refuses shot numbers that are not positive integers', () => {
    for (const shots of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
      expect(refused(two, expval(Z(0)), ValueError, { shots })).toContain(`shots is ${shots}`);
      expect(refused(two, { type: 'samples', shots }, ValueError)).toContain(
        `of samples is ${shots}`,
      );
      expect(refused(two, { type: 'counts', shots }, ValueError)).toContain(
        `of counts is ${shots}`,
      );
    }
  });

  it('refuses observables that do not fit the circuit', () => {
    expect(refused(two, expval(Z(0), Z(2)), CircuitError)).toMatchInlineSnapshot(
      `"observable 1 uses qubit 2, which the circuit does not have. Use qubits 0 to 1"`,
    );
    expect(
      refused(two, { type: 'probabilities', qubits: [0, 0] }, CircuitError),
    ).toMatchInlineSnapshot(`"probabilities names qubit 0 twice. Name each qubit once"`);
    expect(refused(two, { type: 'probabilities', qubits: [] }, CircuitError)).toMatchInlineSnapshot(
      `"probabilities names no qubits. Leave the list out to measure all qubits"`,
    );
    expect(refused(two, { type: 'expval', observables: [] }, CircuitError)).toMatchInlineSnapshot(
      `"expval has no observables. Name at least one, such as Z(0)"`,
    );
    const lopsided = { type: 'hermitian', qubits: [0], matrix: [1, 0, 2, 0, 3, 0, 1, 0] } as const;
    expect(
      refused(two, { type: 'expval', observables: [lopsided] }, CircuitError),
    ).toMatchInlineSnapshot(
      `"observable 0: the matrix is not Hermitian at row 1, column 0 (off by 1.0e+0). An observable is a Hermitian matrix with finite entries"`,
    );
    const short = { type: 'hermitian', qubits: [0, 1], matrix: [1, 0, 0, 0, 0, 0, 1, 0] } as const;
    expect(
      refused(two, { type: 'expval', observables: [short] }, CircuitError),
    ).toMatchInlineSnapshot(
      `"observable 0: the matrix has 8 numbers; 2 qubits need 32. Give 4 x 4 entries, row by row, interleaved re, im"`,
    );
    const bits = { type: 'projector', qubits: [0, 1], bits: [1] } as const;
    expect(
      refused(two, { type: 'variance', observables: [bits] }, CircuitError),
    ).toMatchInlineSnapshot(
      `"observable 0: a projector on 2 qubits has the bits [1]. Give one bit, 0 or 1, per qubit"`,
    );
    const infinite = { type: 'pauli', terms: [{ coefficient: Infinity, paulis: [] }] } as const;
    expect(
      refused(two, { type: 'expval', observables: [infinite] }, CircuitError),
    ).toMatchInlineSnapshot(
      `"observable 0: a coefficient is Infinity. Coefficients are finite real numbers"`,
    );
    expect(
      checkProgram(
        two,
        expval(
          projector([1, 0], [0, 1]),
          hermitian(
            [
              [1, 0],
              [0, 2],
            ],
            [1],
          ),
        ),
        {},
        capabilities,
      ).outputSizes,
    ).toEqual([2]);
  });

  it('checks slots of observables', () => {
    const withSlot = circuit(2, { a: hermitianSlot(2), w: weight([1]) }, (q, { w }) =>
      q.rx(w.at(0), 0),
    );
    const of = (slot: string, qubits: number[]): Measurement => ({
      type: 'expval',
      observables: [{ type: 'hermitian', qubits, matrix: { slot } }],
    });
    expect(checkProgram(withSlot, of('a', [1]), {}, capabilities).outputSizes).toEqual([1]);
    expect(refused(withSlot, of('A', [1]), CircuitError)).toMatchInlineSnapshot(
      `"observable 0: the circuit has no slot 'A' (did you mean 'a'?). Declare it in the circuit as a slot of kind hermitian"`,
    );
    expect(refused(withSlot, of('w', [1]), CircuitError)).toMatchInlineSnapshot(
      `"observable 0: slot 'w' is of kind scalar. A matrix needs a slot of kind hermitian"`,
    );
    expect(refused(withSlot, of('a', [0, 1]), CircuitError)).toMatchInlineSnapshot(
      `"observable 0: slot 'a' has shape [2, 2, 2]. These qubits need shape [4, 4, 2]"`,
    );
  });
});

describe('readWrt', () => {
  const turn = circuit(
    1,
    { w: weight([1]), fixed: weight([1], { differentiable: false }) },
    (q, { w, fixed }) => q.rx(w.at(0), 0).ry(fixed.at(0), 0),
  );

  it('takes all differentiable slots, or those named in their order', () => {
    expect(readWrt(turn).map((s) => s.name)).toEqual(['w']);
    expect(readWrt(turn, []).length).toBe(0);
  });

  it('refuses names that cannot be differentiated', () => {
    expect(message(() => readWrt(turn, ['W']), ValueError)).toMatchInlineSnapshot(
      `"wrt names 'W', which is no slot of the circuit (did you mean 'w'?). Its slots are w, fixed"`,
    );
    expect(message(() => readWrt(turn, ['fixed']), ValueError)).toMatchInlineSnapshot(
      `"wrt names 'fixed', which is declared as not differentiable. Leave it out of wrt or declare the slot with differentiable: true"`,
    );
    expect(message(() => readWrt(turn, ['w', 'w']), ValueError)).toMatchInlineSnapshot(
      `"wrt names 'w' twice. Name each slot once"`,
    );
  });
});
