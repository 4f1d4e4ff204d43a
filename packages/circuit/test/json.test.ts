import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Circuit, Op } from '../src/index.ts';
import { circuit, parseCircuit, requireCircuit, toJSON, weight } from '../src/index.ts';
import { anyCircuits } from './random-circuit.ts';

function frozen(value: unknown): boolean {
  return (
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozen))
  );
}

describe('circuits as data', () => {
  it('survive JSON and structuredClone, and are frozen', () => {
    fc.assert(
      fc.property(anyCircuits, (c) => {
        expect(parseCircuit(toJSON(c))).toStrictEqual(c);
        expect(toJSON(parseCircuit(toJSON(c)))).toBe(toJSON(c));
        expect(parseCircuit(JSON.parse(JSON.stringify(c)))).toStrictEqual(c);
        expect(structuredClone(c)).toStrictEqual(c);
        expect(frozen(c) && frozen(parseCircuit(toJSON(c)))).toBe(true);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('do not freeze or keep what the caller passed in', () => {
    const data = { add: [{ slot: 'w', index: 0 }, 1] };
    const c = circuit(1, { w: weight([1]) }, (q) => q.rx(data, 0));
    expect(Object.isFrozen(data)).toBe(false);
    data.add.push(5);
    expect(toJSON(c)).not.toContain('5');
  });
});

describe('untrusted text', () => {
  const bell = circuit(2, (q) => q.h(0).rx(0.5, 1).cnot(0, 1));
  const slots = circuit(1, { w: weight([1]) }, (q, { w }) => q.rx(w.at(0).times(2), 0));

  it('is refused with the place of the fault', () => {
    const edit = (c: Circuit, change: (data: any) => void): string => {
      const data = JSON.parse(toJSON(c));
      change(data);
      return messageOf(() => parseCircuit(JSON.stringify(data)));
    };
    expect([
      messageOf(() => parseCircuit('{')),
      messageOf(() => parseCircuit(toJSON(bell).slice(0, -9))),
      messageOf(() => parseCircuit('[]')),
      messageOf(() => parseCircuit(undefined)),
      messageOf(() => parseCircuit('{}')),
      edit(bell, (d) => (d.schema = 'ketwork.circuit/2')),
      edit(bell, (d) => delete d.ops),
      edit(bell, (d) => (d.extra = 1)),
      edit(bell, (d) => (d.qubits = '2')),
      edit(bell, (d) => (d.qubits = 0)),
      edit(bell, (d) => (d.ops = {})),
      edit(bell, (d) => (d.ops[1].type = 'gates')),
      edit(bell, (d) => (d.ops[1].qubits = [7])),
      edit(bell, (d) => (d.ops[1].qubits = [null])),
      edit(bell, (d) => (d.ops[1].angles = [null])),
      edit(bell, (d) => (d.ops[1].angles = [{ fn: 'gamma', of: 1 }])),
      edit(bell, (d) => (d.ops[1].gate = 'constructor')),
      edit(bell, (d) => (d.ops[1].color = 'red')),
      edit(slots, (d) => (d.ops[0].angles = [{ slot: 'v', index: 0 }])),
      edit(slots, (d) => (d.slots[0].shape = [1e20])),
      edit(slots, (d) => (d.slots[0].kind = 'secret')),
      edit(slots, (d) => (d.slots[0].name = '__proto__')),
    ]).toMatchInlineSnapshot(`
      [
        "FormatError: the text is not JSON. Check that it is complete",
        "FormatError: the text is not JSON. Check that it is complete",
        "FormatError: a circuit is not a JSON object. Give what toJSON() returned",
        "FormatError: a circuit is not a JSON object. Give what toJSON() returned",
        "FormatError: unknown circuit version missing. This version of Ketwork reads 'ketwork.circuit/1'",
        "FormatError: unknown circuit version "ketwork.circuit/2". This version of Ketwork reads 'ketwork.circuit/1'",
        "FormatError: circuit has no field 'ops'. Add it",
        "FormatError: circuit has the unknown field "extra". Remove it",
        "FormatError: qubits is "2". It must be an integer",
        "CircuitError: a circuit cannot have 0 qubits. Use 1 to 65536",
        "FormatError: ops is an object. It must be a list",
        "FormatError: ops[1].type is "gates". It must be one of gate, matrix, evolution, statePreparation, channel, measure, reset, conditional, barrier",
        "CircuitError: operation 1: RX acts on qubit 7, but the circuit has 2 qubits. Use qubits 0 to 1",
        "FormatError: ops[1].qubits[0] is null. It must be an integer",
        "FormatError: ops[1].angles[0] is null. It must be an angle",
        "FormatError: ops[1].angles[0].fn is "gamma". It must be one of sin, cos, tan, asin, acos, atan, sqrt, exp, log",
        "CircuitError: operation 1: unknown gate 'constructor'. Use a name of the gate table",
        "FormatError: ops[1] has the unknown field "color". Remove it",
        "CircuitError: operation 0: RX reads slot 'v', which the circuit does not have. Declare it",
        "FormatError: slots[0].shape[0] is 100000000000000000000. It must be an integer",
        "FormatError: slots[0].kind is "secret". It must be one of scalar, amplitudes, hermitian",
        "CircuitError: a slot is named '__proto__'. Use another name",
      ]
    `);
  });

  it('may not be nested or sized without bound', () => {
    const deep = '{"fn":"sin","of":'.repeat(100_000) + '1' + '}'.repeat(100_000);
    const text = toJSON(bell).replace('0.5', deep);
    expect(() => parseCircuit(text)).toThrow(/nested more than 64 deep/);
    const inner =
      '{"type":"conditional","condition":{"bits":[0],"value":1},"otherwise":[],"then":[';
    const loops = `{"schema":"ketwork.circuit/1","qubits":1,"bits":1,"slots":[],"ops":[${inner.repeat(100)}${']}'.repeat(100)}]}`;
    expect(() => parseCircuit(loops)).toThrow(/nested more than 64 deep/);
    const op = JSON.parse(toJSON(bell)).ops[0];
    const long = { ...JSON.parse(toJSON(bell)), ops: Array(2 ** 20 + 1).fill(op) };
    expect(() => parseCircuit(long)).toThrow(/more than 1048576 operations/);
  });

  it('are checked where they come as data and not again where they were made', () => {
    const data = JSON.parse(toJSON(bell)) as Circuit;
    expect(() => requireCircuit(data)).not.toThrow();
    (data.ops as Op[])[1] = { ...data.ops[1], qubits: [7] } as Op;
    expect([
      messageOf(() => requireCircuit(data)),
      messageOf(() => requireCircuit({ ...bell, qubits: 1 })),
      messageOf(() => requireCircuit(undefined)),
      messageOf(() => requireCircuit(null)),
      messageOf(() => requireCircuit(toJSON(bell))),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: operation 1: RX acts on qubit 7, but the circuit has 2 qubits. Use qubits 0 to 1",
        "CircuitError: operation 1: RX acts on qubit 1, but the circuit has 1 qubit. Use qubit 0",
        "CircuitError: a value of type undefined is not a circuit. Make one with circuit(), or read one with parseCircuit()",
        "CircuitError: null is not a circuit. Make one with circuit(), or read one with parseCircuit()",
        "CircuitError: a value of type string is not a circuit. Make one with circuit(), or read one with parseCircuit()",
      ]
    `);
    expect(() => requireCircuit(bell)).not.toThrow();
  });

  it('cannot be built so deep that it could not be read', () => {
    let deep: object = { slot: 'w', index: 0 };
    for (let i = 0; i < 70; i++) deep = { fn: 'sin', of: deep };
    expect(() =>
      circuit(1, { w: weight([1]) }, (q) => q.rx(deep as { slot: string; index: number }, 0)),
    ).toThrow(/nested more than 64 deep/);
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'no error';
}
