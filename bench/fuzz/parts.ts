import { circuit as build } from '@ketwork/circuit';
import type { Circuit, PauliObservable } from '@ketwork/circuit';
import { randomCircuit, randomTerm, randomValues } from '@ketwork/testing';
import type { Random } from '@ketwork/testing';

/** A small circuit that shares no gate with the others it is put together with. */
export interface Part {
  readonly circuit: Circuit;
  readonly values: Record<string, Float64Array>;
  /** Qubits of the whole that its own become. */
  readonly place: readonly number[];
  /** Pauli sums on its own qubits. */
  readonly observables: readonly PauliObservable[];
}

/** Several parts as one circuit on the qubits of all. */
export interface Whole {
  readonly circuit: Circuit;
  readonly values: Record<string, Float64Array>;
  readonly batch: number;
  readonly parts: readonly Part[];
}

/** Gives all slots of a circuit another name. */
function renamed(circuit: Circuit, prefix: string): Circuit {
  const rename = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        key === 'slot' ? `${prefix}${String(inner)}` : rename(inner),
      ]),
    );
  };
  return {
    ...circuit,
    ops: rename(circuit.ops) as Circuit['ops'],
    slots: circuit.slots.map((slot) => ({ ...slot, name: `${prefix}${slot.name}` })),
  };
}

/** Puts a Pauli sum on other qubits. */
export function placed({ terms }: PauliObservable, place: readonly number[]): PauliObservable {
  return {
    type: 'pauli',
    terms: terms.map(({ coefficient, paulis }) => ({
      coefficient,
      paulis: paulis
        .map(({ qubit, pauli: letter }) => ({ qubit: place[qubit]!, pauli: letter }))
        .sort((a, b) => a.qubit - b.qubit),
    })),
  };
}

/** The product of the first string of one observable of each part, on the whole. */
export function product(parts: readonly Part[]): PauliObservable {
  const strings = parts.map(({ observables, place }) => placed(observables[0]!, place).terms[0]!);
  return {
    type: 'pauli',
    terms: [
      {
        coefficient: strings.reduce((all, { coefficient }) => all * coefficient, 1),
        paulis: strings.flatMap(({ paulis }) => paulis).sort((a, b) => a.qubit - b.qubit),
      },
    ],
  };
}

/** Cuts a number of qubits into parts of 1 to 6. */
function sizes(random: Random, qubits: number): number[] {
  const found: number[] = [];
  for (let left = qubits; left > 0; left -= found.at(-1)!) {
    found.push(Math.min(left, random.integer(3, 6)));
  }
  return found;
}

/**
 * A circuit of independent parts whose qubits are scattered over the whole and whose operations alternate: too large for
 * the reference, yet every result follows from its parts.
 */
export function scattered(random: Random, qubits: number, batch: number): Whole {
  const order = random.sample(
    Array.from({ length: qubits }, (_, q) => q),
    qubits,
  );
  const parts = sizes(random, qubits).map((size, i): Part => {
    const drawn = randomCircuit(random.child(10 + i), {
      qubits: size,
      ops: random.integer(6, 16),
      slotGenerators: false,
      filters: false,
    });
    const circuit = renamed(drawn, `part${i}_`);
    const all = Array.from({ length: size }, (_, q) => q);
    return {
      circuit,
      values: randomValues(random.child(30 + i), circuit, batch),
      place: order.splice(0, size),
      observables: Array.from({ length: 2 }, () => ({
        type: 'pauli' as const,
        terms: Array.from({ length: random.integer(1, 3) }, () => randomTerm(random, all)),
      })),
    };
  });
  const waiting = parts.flatMap(({ circuit }, i) => circuit.ops.map(() => i));
  const next = parts.map(() => 0);
  const whole = build(qubits, (q) => {
    for (const i of random.sample(waiting, waiting.length)) {
      const { circuit, place } = parts[i]!;
      q.append({ ...circuit, ops: [circuit.ops[next[i]!++]!] }, place);
    }
  });
  const values = Object.assign({}, ...parts.map((part) => part.values)) as Whole['values'];
  const hasBatch = whole.slots.some(({ axis }) => axis === 'batch');
  return { circuit: whole, values, batch: hasBatch ? batch : 1, parts };
}
