import type { Circuit, Measurement } from '@ketwork/circuit';
import { gates } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import {
  expectClose,
  Random,
  randomCircuit,
  randomMeasurement,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, test } from 'vitest';

/** Slots a parameter-shift program can differentiate by: scalars that enter no evolution under a slot's matrix. */
function shiftable(circuit: Circuit): string[] {
  const blocked = JSON.stringify(
    circuit.ops
      .filter((op) => op.type === 'evolution' && 'slot' in op.generator)
      .map((op) => (op as { time: unknown }).time),
  );
  return circuit.slots
    .filter(({ name, kind }) => kind === 'scalar' && !blocked.includes(`"slot":"${name}"`))
    .map(({ name }) => name);
}

const TYPES = ['expval', 'variance', 'probabilities'] as const;

const engines: Record<string, Engine> = { reference: reference(), cpu: await cpu() };

describe.each(Object.entries(engines))('on %s', (name, engine) => {
  const kinds = engine.capabilities.ops;
  const options = { qubits: 3, ops: 14, kinds, slotGenerators: name === 'reference' };

  test.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'all methods agree on random circuit %i',
    (seed) => {
      const random = new Random(seed);
      const circuit = randomCircuit(random, options);
      const batch = 1 + (seed % 4);
      const values = randomValues(random, circuit, batch);
      const list: Measurement[] = TYPES.map((type) => randomMeasurement(random, circuit, type));
      const raw = circuit.ops.some(
        (op) => op.type === 'statePreparation' && 'slot' in op.amplitudes && !op.normalize,
      );
      const truth = differentiate(reference(), circuit, list, { method: 'adjoint' }).jacobian(
        values,
      );

      const wrt = shiftable(circuit);
      const shifts = differentiate(engine, circuit, list, { method: 'parameter-shift' });
      const shifted = shifts.jacobian(values, { wrt });
      expect(Object.keys(shifted)).toEqual(wrt);
      for (const slot of wrt) expectClose(shifted[slot]!, truth[slot]!, 1e-9, `shift, ${slot}`);

      // The same with generators inserted under an ancilla, and with observables inserted behind a unitary circuit.
      const filtered = circuit.ops.some((op) => op.type === 'matrix' && !op.unitary);
      const tested = differentiate(engine, circuit, list, { method: 'hadamard-test' });
      const inserted = tested.jacobian(values, { wrt });
      for (const slot of wrt) expectClose(inserted[slot]!, truth[slot]!, 1e-9, `test, ${slot}`);
      const sums = list.filter(
        (m) =>
          m.type === 'expval' &&
          m.observables.every((o) => o.type !== 'hermitian' || !('slot' in o.matrix)),
      );
      if (!filtered && sums.length > 0) {
        const backwards = differentiate(engine, circuit, sums, {
          method: 'reversed-hadamard-test',
        });
        const back = backwards.jacobian(values, { wrt });
        const exact = differentiate(reference(), circuit, sums, { method: 'adjoint' });
        const expected = exact.jacobian(values, { wrt });
        for (const slot of wrt)
          expectClose(back[slot]!, expected[slot]!, 1e-9, `reversed, ${slot}`);
      }

      // Every kind of slot, but no variance by amplitudes that are not normalised.
      const some = raw ? list.filter((m) => m.type !== 'variance') : list;
      const exact = raw
        ? differentiate(reference(), circuit, some, { method: 'adjoint' }).jacobian(values)
        : truth;
      const differences = differentiate(engine, circuit, some, {
        method: 'finite-difference',
      }).jacobian(values);
      expect(Object.keys(differences)).toEqual(circuit.slots.map((slot) => slot.name));
      for (const slot of Object.keys(differences)) {
        expectClose(differences[slot]!, exact[slot]!, 1e-6, `differences, ${slot}`);
      }

      if (name === 'reference') return;
      if (circuit.ops.some((op) => op.type === 'matrix' && !op.unitary)) {
        expect(() => differentiate(engine, circuit, list, { method: 'adjoint' })).toThrow(
          'cannot undo a map that is not unitary',
        );
        expect(differentiate(engine, circuit, list).method).toBe('parameter-shift');
        return;
      }
      expect(differentiate(engine, circuit, list).method).toBe('adjoint');
      const adjoint = differentiate(engine, circuit, list, { method: 'adjoint' }).jacobian(values);
      for (const slot of Object.keys(truth)) {
        expectClose(adjoint[slot]!, truth[slot]!, 1e-9, `adjoint, ${slot}`);
      }
    },
  );

  test('vjp is the contraction of the jacobian, for every form of the result', () => {
    for (const method of ['adjoint', 'parameter-shift', 'finite-difference'] as const) {
      for (let seed = 100; seed < 108; seed++) {
        const random = new Random(seed);
        const circuit = randomCircuit(random, { ...options, kinds: ['gate'] });
        const batch = 3;
        const values = randomValues(random, circuit, batch);
        const list = [
          randomMeasurement(random, circuit, 'expval'),
          randomMeasurement(random, circuit, 'variance'),
        ];
        const program = differentiate(engine, circuit, list, { method });
        const sizes = program.outputShapes.map(([size]) => size!);
        const outputs = sizes.reduce((a, b) => a + b, 0);
        // The second measurement is left out every other time.
        const dy = [
          random.normals(batch * sizes[0]!),
          seed % 2 === 0 ? random.normals(batch * sizes[1]!) : undefined,
        ];
        const wrt = shiftable(circuit);
        const jacobian = program.jacobian(values, { wrt });
        const sum = program.vjp(values, dy, { wrt });
        const rows = program.vjp(values, dy, { wrt, perExample: true });
        const norms = program.vjp(values, dy, { wrt, squaredNorms: true });
        for (const slot of circuit.slots.filter((s) => wrt.includes(s.name))) {
          const size = slot.shape.reduce((a, b) => a * b, 1);
          const expected = new Float64Array(batch * size);
          for (let b = 0; b < batch; b++) {
            let o = b * outputs;
            dy.forEach((part, m) => {
              for (let k = 0; k < sizes[m]!; k++, o++) {
                for (let i = 0; i < size; i++) {
                  expected[b * size + i]! +=
                    (part?.[b * sizes[m]! + k] ?? 0) * jacobian[slot.name]![o * size + i]!;
                }
              }
            });
          }
          const total = new Float64Array(size);
          expected.forEach((x, i) => (total[i % size]! += x));
          const squares = Float64Array.from({ length: batch }, (_, b) =>
            expected.subarray(b * size, (b + 1) * size).reduce((s, x) => s + x * x, 0),
          );
          const shared = slot.axis === 'shared';
          expectClose(rows[slot.name]!, expected, 1e-9, `${method}, per example`);
          expectClose(sum[slot.name]!, shared ? total : expected, 1e-9, `${method}, sum`);
          expectClose(norms[slot.name]!, shared ? squares : expected, 1e-9, `${method}, norms`);
        }
      }
    }
  });

  test('cutting the batch of shifts does not change the result', () => {
    for (const method of ['parameter-shift', 'finite-difference'] as const) {
      const random = new Random(7);
      const circuit = randomCircuit(random, { ...options, kinds: ['gate'] });
      const values = randomValues(random, circuit, 3);
      const m = randomMeasurement(random, circuit, 'variance');
      const wrt = shiftable(circuit);
      const whole = differentiate(engine, circuit, m, { method }).jacobian(values, { wrt });
      for (const memory of [1, 1000, 5000]) {
        const cut = differentiate(engine, circuit, m, { method, memory }).jacobian(values, { wrt });
        for (const slot of wrt) expectClose(cut[slot]!, whole[slot]!, 1e-12);
      }
    }
  });
});

test('shifts and Hadamard tests cover every gate with parameters, bare and under a control of value 0', () => {
  const engine = reference();
  for (const row of gates.filter((g) => g.parameters.length > 0)) {
    for (const controls of [[], [{ qubit: 3, value: 0 as const }]]) {
      const size = row.qubits === 'any' ? 2 : row.qubits;
      const around = [0, 1, 2, 3].flatMap((q) => [
        { type: 'gate' as const, gate: 'RY', qubits: [q], angles: [0.4 + q], controls: [] },
        { type: 'gate' as const, gate: 'RX', qubits: [q], angles: [1.1 - 0.3 * q], controls: [] },
      ]);
      const circuit: Circuit<'w'> = {
        schema: 'ketwork.circuit/1',
        qubits: 4,
        bits: 0,
        slots: [
          {
            name: 'w',
            shape: [row.parameters.length],
            kind: 'scalar',
            axis: 'shared',
            differentiable: true,
          },
        ],
        ops: [
          ...around,
          {
            type: 'gate',
            gate: row.name,
            qubits: [1, 0, 2].slice(0, size),
            angles: row.parameters.map((_, index) => ({ slot: 'w', index })),
            controls,
            ...(row.name === 'PauliRot' ? { word: 'XY' } : {}),
          },
          ...around,
        ],
      };
      const values = { w: row.parameters.map((_, i) => 0.6 - 0.9 * i) };
      const m: Measurement = { type: 'probabilities' };
      const exact = engine.compile(circuit, m).jacobian(values).w;
      const shifted = differentiate(engine, circuit, m, { method: 'parameter-shift' }).jacobian(
        values,
      ).w;
      expectClose(shifted, exact, 1e-12, row.name);
      const tested = differentiate(engine, circuit, m, { method: 'hadamard-test' }).jacobian(
        values,
      );
      expectClose(tested.w, exact, 1e-12, row.name);
      // A global phase alone is the one parameter that nothing depends on.
      const visible = row.name !== 'GPhase' || controls.length > 0;
      expect(
        exact.some((x) => Math.abs(x) > 1e-3),
        row.name,
      ).toBe(visible);
    }
  }
});
