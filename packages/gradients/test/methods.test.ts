import { UnsupportedError, ValueError } from '@ketwork/base';
import {
  amplitudes,
  circuit,
  counts,
  expval,
  hermitianSlot,
  input,
  probabilities,
  samples,
  state,
  successProbability,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import { differentiate, differentiationMethods } from '@ketwork/gradients';
import { reference } from '@ketwork/simulator';
import type { Capabilities, Engine } from '@ketwork/simulator';
import { describe, expect, test } from 'vitest';
import { chooseMethod } from '../src/methods.ts';
import { shiftedCircuit } from '../src/shift/occurrences.ts';

const turn = circuit(1, { w: weight([1]) }, (q, { w }) => q.rx(w.at(0), 0));

/** The reference engine with other capabilities. */
function engineWith(changes: Partial<Capabilities>): Engine {
  const engine = reference();
  return { ...engine, capabilities: { ...engine.capabilities, ...changes } };
}

const engines: Record<string, Engine> = {
  full: reference(),
  'no adjoint': engineWith({ engine: 'plain', adjoint: [] }),
  'no shots': engineWith({ engine: 'exact', shots: [] }),
  'shots only': engineWith({
    engine: 'device',
    adjoint: [],
    analytic: [],
    shots: ['expval', 'probabilities'],
  }),
};

const measurements: Record<string, Measurement> = {
  expval: expval(Z(0)),
  variance: variance(Z(0)),
  probabilities: probabilities(),
  state: state(),
  samples: samples(10),
  counts: counts(10),
};

/** The method chosen, or the message of the error. */
function outcome(
  engine: Engine,
  m: Measurement,
  options: Parameters<typeof differentiate>[3],
): string {
  try {
    return `ok: ${differentiate(engine, turn, m, options).method}`;
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return error.message;
  }
}

describe.each(Object.entries(engines))(
  'method × measurement × shots on an engine: %s',
  (_, engine) => {
    test.each(['best', ...differentiationMethods.map(({ method }) => method)] as const)(
      '%s',
      (method) => {
        const table: Record<string, string> = {};
        for (const [name, m] of Object.entries(measurements)) {
          for (const shots of [undefined, 100]) {
            table[`${name}${shots === undefined ? '' : ', shots'}`] = outcome(engine, m, {
              method,
              ...(shots === undefined ? {} : { shots }),
            });
          }
        }
        expect(table).toMatchSnapshot();
      },
    );
  },
);

test('what the table says is ok gives the right gradient', () => {
  const w = 0.7;
  const expected: Record<string, number> = {
    expval: -Math.sin(w),
    variance: Math.sin(2 * w),
    probabilities: -Math.sin(w) / 2,
  };
  for (const method of ['adjoint', 'parameter-shift', 'finite-difference'] as const) {
    for (const [name, value] of Object.entries(expected)) {
      const program = differentiate(reference(), turn, measurements[name]!, { method });
      expect(program.method).toBe(method);
      expect(program.jacobian({ w: [w] }).w[0]).toBeCloseTo(value, 9);
      expect(program.run({ w: [w] })).toEqual(
        reference()
          .compile(turn, measurements[name]!)
          .run({ w: [w] }),
      );
    }
  }
  const bySlope = differentiate(reference(), turn, state(), {
    method: 'finite-difference',
  }).jacobian({ w: [w] }).w;
  const exact = reference()
    .compile(turn, state())
    .jacobian({ w: [w] }).w;
  exact.forEach((x, i) => expect(bySlope[i]).toBeCloseTo(x, 8));
});

test('one measurement of several decides, and is named', () => {
  expect(() =>
    differentiate(reference(), turn, [expval(Z(0)), state()], { method: 'parameter-shift' }),
  ).toThrowErrorMatchingSnapshot('state');
  expect(() =>
    differentiate(reference(), turn, [expval(Z(0)), counts(5)]),
  ).toThrowErrorMatchingSnapshot('counts');
});

describe('slots and circuits that parameter-shift cannot differentiate', () => {
  const loaded = circuit(
    2,
    {
      a: amplitudes([4]),
      h: hermitianSlot(2, { differentiable: true }),
      t: input([1]),
      w: weight([2]),
    },
    (q, { a, h, t, w }) =>
      q
        .prepare(a, [0, 1], { normalize: true })
        .evolution(h, t.at(0), [0])
        .rx(w.at(0), 0)
        .ry(w.at(1), 1),
  );
  const program = differentiate(reference(), loaded, expval(Z(0), X(1)), {
    method: 'parameter-shift',
  });
  const values = { a: [1, 0.5, 0.2, 0.1], h: [1, 0, 0, 0, 0, 0, -1, 0], t: [0.4], w: [0.3, 0.2] };

  test.each(['a', 'h', 't'] as const)('slot %s', (name) => {
    expect(() => program.jacobian(values, { wrt: [name] })).toThrowErrorMatchingSnapshot();
    expect(() => program.vjp(values, [1, 1], { wrt: [name] })).toThrow(UnsupportedError);
    const drawn = differentiate(reference(), loaded, expval(Z(0), X(1)), { shots: 10 });
    expect(() => drawn.jacobian(values, { wrt: [name] })).toThrow(
      `. Use finite-difference${name === 't' ? ' or spsa' : ''}, or leave '${name}' out of wrt`,
    );
  });

  test('an observable that comes with the data', () => {
    const measured = circuit(
      1,
      { h: hermitianSlot(2, { differentiable: true }), w: weight([1]) },
      (q, { w }) => q.rx(w.at(0), 0),
    );
    const m: Measurement = {
      type: 'expval',
      observables: [{ type: 'hermitian', qubits: [0], matrix: { slot: 'h' } }],
    };
    expect(() =>
      differentiate(reference(), measured, m, { method: 'parameter-shift' }).jacobian({
        h: values.h,
        w: [1],
      }),
    ).toThrowErrorMatchingSnapshot();
  });

  test('the other slots are differentiated', () => {
    expect(Object.keys(program.jacobian(values, { wrt: ['w'] }))).toEqual(['w']);
  });

  test('a filter before shots, and adjoint through a filter on an engine that cannot', () => {
    const filtered = circuit(1, { w: weight([1]) }, (q, { w }) =>
      q.rx(w.at(0), 0).linear([1, 0, 0, 0, 0, 0, 0.5, 0], [0]),
    );
    expect(() =>
      differentiate(reference(), filtered, expval(Z(0)), { method: 'parameter-shift', shots: 10 }),
    ).toThrowErrorMatchingSnapshot('shots');
    const engine = engineWith({ engine: 'plain', adjointIrreversible: false });
    expect(() =>
      differentiate(engine, filtered, expval(Z(0)), { method: 'adjoint' }),
    ).toThrowErrorMatchingSnapshot('adjoint');
    expect(differentiate(engine, filtered, expval(Z(0))).method).toBe('parameter-shift');
  });

  test('postselection', () => {
    const ops: Op[] = [...turn.ops, { type: 'measure', qubit: 0, bit: 0, postselect: 1 }];
    const selected: Circuit<'w'> = { ...turn, bits: 1, ops };
    const engine = engineWith({ ops: ['gate', 'measure'] });
    expect(() =>
      differentiate(engine, selected, expval(Z(0)), { method: 'parameter-shift' }),
    ).toThrowErrorMatchingSnapshot();
  });

  test('the probability of post-selection is differentiated where what it divides is not', () => {
    const ops: Op[] = [...turn.ops, { type: 'measure', qubit: 0, bit: 0, postselect: 1 }];
    const selected: Circuit<'w'> = { ...turn, bits: 1, ops };
    const { capabilities } = engineWith({ ops: ['gate', 'measure'] });
    const chosen = (method: 'parameter-shift' | 'hadamard-test', list: Measurement[]) => () =>
      chooseMethod(method, selected, list, false, capabilities);
    expect(chosen('parameter-shift', [successProbability()])()).toBe('parameter-shift');
    expect(chosen('parameter-shift', [successProbability(), expval(Z(0))])).toThrow(
      'parameter-shift does not hold with postselection, which divides by a probability',
    );
    expect(chosen('hadamard-test', [successProbability()])).toThrow(
      'the ancilla of a Hadamard test is read after post-selection',
    );
  });

  test('parameters of channels and of loops are obstacles, those of branches are not', () => {
    const w = { slot: 'w', index: 0 };
    const rx: Op = { type: 'gate', gate: 'RX', qubits: [0], angles: [w], controls: [] };
    const condition = { bits: [0], value: 1 };
    const made = (op: Op): Circuit => ({ ...turn, bits: 1, ops: [op] });
    const channel = shiftedCircuit(
      made({ type: 'channel', channel: 'depolarizing', qubits: [0], angles: [w] }),
    );
    expect(channel.obstacles.map(({ slot, why }) => `${slot} ${why}`)).toEqual([
      'w is a parameter of a channel, not of a rotation',
    ]);
    const branch = shiftedCircuit(
      made({ type: 'conditional', condition, then: [rx], otherwise: [rx] }),
    );
    expect(branch.obstacles).toEqual([]);
    expect(branch.occurrences.length).toBe(2);
    expect(branch.circuit.slots.at(-1)).toMatchObject({ name: 'shift', shape: [2], axis: 'batch' });
    const loop = shiftedCircuit(
      made({ type: 'conditional', condition, then: [rx], otherwise: [], repeat: 3 }),
    );
    expect(loop.obstacles.map(({ slot, why }) => `${slot} ${why}`)).toEqual([
      'w enters an angle inside a loop, where one shift would act several times',
    ]);
    expect(loop.occurrences).toEqual([]);
  });

  test('variance by amplitudes that are not normalised, with finite differences', () => {
    const raw = circuit(1, { a: amplitudes([2]) }, (q, { a }) => q.prepare(a, [0]));
    const byStep = differentiate(reference(), raw, variance(Z(0)), { method: 'finite-difference' });
    expect(() => byStep.jacobian({ a: [1, 0] })).toThrowErrorMatchingSnapshot();
  });
});

test('only what depends on wrt is shifted', () => {
  let rows = 0;
  const engine = reference();
  const counting: Engine = {
    ...engine,
    compile(c, m, o) {
      const program = engine.compile(c, m, o);
      const run = program.run.bind(program);
      program.run = (values, options) => {
        rows += (values as Record<string, ArrayLike<number>>)['shift']!.length / 6;
        return run(values, options);
      };
      return program;
    },
  };
  // Six occurrences: four of x, two of w, of which one under a control.
  const mixed = circuit(2, { x: input([2]), w: weight([1]) }, (q, { x, w }) =>
    q.rx(x.at(0), 0).ry(x.at(1), 1).rx(w.at(0), 0).crz(w.at(0), 0, 1).rx(x.at(0), 0).rx(x.at(1), 1),
  );
  const program = differentiate(counting, mixed, expval(Z(0)), { method: 'parameter-shift' });
  program.jacobian({ x: [1, 2, 3, 4, 5, 6], w: [0.1] }, { wrt: ['w'] });
  expect(rows).toBe(3 * (2 + 4));
  rows = 0;
  program.jacobian({ x: [1, 2, 3, 4, 5, 6], w: [0.1] }, { wrt: ['x'] });
  expect(rows).toBe(3 * 4 * 2);
  expect(program.explain().details).toMatchObject({ method: 'parameter-shift', evaluations: 14 });
});

test('options and values are checked', () => {
  const make = (options: Parameters<typeof differentiate>[3]) => () =>
    differentiate(reference(), turn, expval(Z(0)), options);
  expect(make({ step: 0 })).toThrow(
    new ValueError('step is 0', { remedy: 'Give a positive finite number' }),
  );
  expect(make({ memory: NaN })).toThrow(ValueError);
  expect(make({ method: 'backprop' as 'adjoint' })).toThrowErrorMatchingSnapshot();
  expect(make({ shots: 0.5 })).toThrow(ValueError);
  const program = differentiate(reference(), turn, expval(Z(0)), { method: 'parameter-shift' });
  expect(() => program.vjp({ w: [1] }, [1], { perExample: true, squaredNorms: true })).toThrow(
    ValueError,
  );
  expect(() => program.vjp({ w: [1] }, [1, 2])).toThrow(ValueError);
  expect(() => program.vjp({ w: [1, 2] }, [1])).toThrow(ValueError);
  expect(() => program.jacobian({ w: [1] }, { wrt: ['v' as 'w'] })).toThrow(ValueError);
  expect(program.estimateMemory(8, { gradient: true })).toBeGreaterThan(program.estimateMemory(8));
  program.dispose();
  expect(() => program.run({ w: [1] })).toThrow(/disposed/);
  expect(() => program.jacobian({ w: [1] })).toThrow(/disposed/);
});

test('a slot may be called shift', () => {
  const named = circuit(1, { shift: weight([1]) }, (q, { shift }) => q.rx(shift.at(0), 0));
  const program = differentiate(reference(), named, expval(Z(0)), { method: 'parameter-shift' });
  expect(program.jacobian({ shift: [0.4] }).shift[0]).toBeCloseTo(-Math.sin(0.4), 12);
});
