import { bind, circuit, gates } from '@ketwork/circuit';
import type { Builder, Circuit, Op } from '@ketwork/circuit';
import { Random, randomCircuit, randomUnitary, randomValues } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { parseQasm, toQasm } from '../src/index.ts';
import { run } from './simulate.ts';

/** Largest difference of two circuits on random states; in version 2 a global phase does not count. */
function distance(
  a: Circuit,
  b: Circuit,
  random: Random,
  version: 2 | 3,
  values: Record<string, Float64Array> = {},
): number {
  let worst = 0;
  let phase: readonly [number, number] | undefined = version === 3 ? [1, 0] : undefined;
  for (let repeat = 0; repeat < 2; repeat++) {
    const input = [...random.normals(2 * 2 ** a.qubits)];
    const [{ state: x }] = run(a, { input, values });
    const [{ state: y }] = run(b, { input, values });
    let [re, im] = [0, 0];
    for (let i = 0; i < x.length; i += 2) {
      re += y[i]! * x[i]! + y[i + 1]! * x[i + 1]!;
      im += y[i]! * x[i + 1]! - y[i + 1]! * x[i]!;
    }
    // One phase for all states.
    phase ??= [re / Math.hypot(re, im), im / Math.hypot(re, im)];
    const [c, s] = phase;
    for (let i = 0; i < x.length; i += 2) {
      worst = Math.max(
        worst,
        Math.abs(c * y[i]! - s * y[i + 1]! - x[i]!),
        Math.abs(c * y[i + 1]! + s * y[i]! - x[i + 1]!),
      );
    }
  }
  return worst;
}

describe('a circuit written and read again is the same', () => {
  for (const version of [2, 3] as const) {
    it(`for every gate of the table, with and without controls, in version ${version}`, () => {
      const random = new Random(7 + version);
      for (const row of gates) {
        for (const controls of [0, 1, 2, 3]) {
          const qubits = row.qubits === 'any' ? 3 : row.qubits;
          const order = random.sample([...Array(6).keys()], 6);
          const on = order.slice(0, qubits);
          const op: Op = {
            type: 'gate',
            gate: row.name,
            qubits: on,
            angles: row.parameters.map(() => random.uniform(-7, 7)),
            controls: order
              .slice(qubits, qubits + controls)
              .map((qubit) => ({ qubit, value: random.pick([0, 1]) })),
            ...(row.name === 'PauliRot'
              ? { word: on.map(() => random.pick([...'IXYZ'])).join('') }
              : {}),
          };
          const made: Circuit = { ...circuit(6, () => {}), ops: [op] };
          const text = toQasm(made, { version });
          const again = parseQasm(text).circuit;
          expect(distance(made, again, random, version), text).toBeLessThan(1e-12);
          expect(toQasm(parseQasm(toQasm(again, { version })).circuit, { version })).toBe(
            toQasm(again, { version }),
          );
        }
      }
    });

    it(`for random circuits in version ${version}`, () => {
      for (let seed = 0; seed < 60; seed++) {
        const random = new Random(1000 * version + seed);
        const drawn = randomCircuit(random, {
          qubits: random.integer(1, 6),
          ops: random.integer(1, 30),
          kinds: ['gate', 'barrier'],
          slots: version === 3,
        });
        const scalars = drawn.slots.filter(({ kind }) => kind === 'scalar');
        const made: Circuit = { ...drawn, slots: scalars };
        const values = randomValues(random, made, 1);
        const text = toQasm(made, { version });
        const again = parseQasm(text, { batch: [] }).circuit;
        // Underscores stand behind names that gates have, such as x.
        for (const { name } of again.slots) values[name] ??= values[name.replace(/_+$/, '')]!;
        expect(distance(made, again, random, version, values), text).toBeLessThan(1e-11);
        const second = toQasm(again, { version });
        expect(toQasm(parseQasm(second).circuit, { version })).toBe(second);
      }
    });
  }

  it('for matrices of one qubit and evolutions under one Pauli string', () => {
    const random = new Random(5);
    for (const version of [2, 3] as const) {
      for (let repeat = 0; repeat < 20; repeat++) {
        const unitary = randomUnitary(random, 2);
        const controls = [{ qubit: 0, value: 1 } as const, { qubit: 3, value: 0 } as const].slice(
          0,
          repeat % 3,
        );
        const build = (q: Builder, evolved: boolean): void => {
          q.unitary(unitary, [1]).control(controls, (r) => r.unitary(unitary, [2]));
          q.control(controls, (r) => {
            if (!evolved) {
              r.pauliRot(2 * 0.4 * 0.3, 'YX', [1, 2]).gphase(0.7 * 0.3);
              return;
            }
            const paulis = [
              { qubit: 1, pauli: 'Y' },
              { qubit: 2, pauli: 'X' },
            ] as const;
            const terms = [
              { coefficient: 0.4, paulis },
              { coefficient: -0.7, paulis: [] },
            ];
            r.evolution({ type: 'pauli', terms }, 0.3);
          });
        };
        const again = parseQasm(
          toQasm(
            circuit(4, (q) => build(q, true)),
            { version },
          ),
        ).circuit;
        expect(
          distance(
            circuit(4, (q) => build(q, false)),
            again,
            random,
            version,
          ),
        ).toBeLessThan(1e-12);
      }
    }
  });

  it('for matrices of several qubits, under controls of both values', () => {
    const random = new Random(11);
    for (const version of [2, 3] as const) {
      for (let repeat = 0; repeat < 12; repeat++) {
        const unitary = randomUnitary(random, repeat % 4 === 3 ? 8 : 4);
        const on = repeat % 4 === 3 ? [2, 0, 3] : [3, 1];
        const controls = [{ qubit: 4, value: 1 } as const, { qubit: 5, value: 0 } as const].slice(
          0,
          repeat % 3,
        );
        const made = circuit(6, (q) => q.control(controls, (r) => r.unitary(unitary, on)));
        const again = parseQasm(toQasm(made, { version })).circuit;
        expect(distance(made, again, random, version)).toBeLessThan(1e-11);
      }
    }
  });

  it('for measurements, resets and conditionals, exactly', () => {
    const made = circuit(3, (q) => {
      q.h(0).measure(0, 0).measure(1, 1).reset(2).barrier(0, 2);
      q.if(
        { bits: [0, 1], value: 2 },
        (r) => r.x(2).rz(0.3, 1),
        (r) => r.measure(2, 2),
      );
      q.if(2, (r) => r.if({ bits: [0], value: 0 }, (s) => s.y(0)));
      q.while({ bits: [2], value: 0 }, 1000, (r) => r.h(2).measure(2, 2));
    });
    expect(parseQasm(toQasm(made)).circuit).toEqual(made);
    const flat = circuit(3, (q) => {
      q.measure(0, 0).measure(1, 1).reset(1);
      q.if({ bits: [0, 1], value: 2 }, (r) => r.x(2).cnot(1, 2));
      q.if({ bits: [2], value: 1 }, (r) => r.measure(2, 2));
    });
    const apart = parseQasm(toQasm(flat, { version: 2 })).circuit;
    expect(apart.ops.slice(0, 3)).toEqual(flat.ops.slice(0, 3));
    expect(apart.ops.slice(3)).toEqual(
      circuit(3, (q) => {
        q.if({ bits: [0, 1], value: 2 }, (r) => r.x(2));
        q.if({ bits: [0, 1], value: 2 }, (r) => r.cnot(1, 2));
        q.if({ bits: [2], value: 1 }, (r) => r.measure(2, 2));
      }).ops,
    );
  });

  it('with the registers it had', () => {
    const text =
      'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] left;\nqubit[1] right;\nbit[1] m;\nbit[2] c;\ncx left[1], right[0];\nc[1] = measure left[0];\nif (c == 2) {\n  h right[0];\n} else {\n  z left[1];\n}\n';
    const program = parseQasm(text);
    expect(toQasm(program.circuit, program)).toBe(text);
  });

  it('with its slots under names that are free', () => {
    const made = parseQasm(
      'OPENQASM 3.0; input float theta; input array[float, 2, 2] w; qubit q; U(theta, -theta * w[1, 0], arcsin(w[0, 1]) + 2 - 3 * theta) q;',
    ).circuit;
    const text = toQasm(made);
    expect(parseQasm(text).circuit.slots).toEqual(made.slots);
    expect(toQasm(parseQasm(text).circuit)).toBe(text);
    const renamed = toQasm({ ...made, slots: [], ops: [] });
    expect(renamed).not.toContain('input');
    expect(toQasm(bind(made, { theta: [1], w: [0.1, 0.2, 0.3, 0.4] }), { version: 2 })).toContain(
      'u3(1.0, -0.3, ',
    );
  });
});

describe('an error says what cannot be written', () => {
  const cases: readonly (readonly [Circuit, 2 | 3, RegExp])[] = [
    [
      circuit(1, (q) => q.x(0).linear([1, 0, 0, 0, 0, 0, 0, 0], [0])),
      2,
      /operation 1: a map that is not unitary/,
    ],
    [circuit(1, (q) => q.measure(0, 0, { postselect: 1 })), 3, /postselected/],
    [circuit(1, (q) => q.prepare([0.6, 0.8], [0])), 2, /state preparation/],
    [circuit(1, (q) => q.channel('bitFlip', [0.1], 0)), 3, /noise/],
    [circuit(1, (q) => q.while(0, 3, (r) => r.measure(0, 0))), 2, /loop.*Write version 3/],
    [circuit(1, (q) => q.if(0, (r) => r.if(1, (s) => s.x(0)))), 2, /inside of another/],
    [
      circuit(2, (q) => q.if({ bits: [0, 1], value: 1 }, (r) => r.x(0)).if(1, (r) => r.x(0))),
      2,
      /no register of their own/,
    ],
  ];
  for (const [made, version, what] of cases) {
    it(`for ${what.source}`, () => expect(() => toQasm(made, { version })).toThrow(what));
  }
});
