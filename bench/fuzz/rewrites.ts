import { decompose, optimize, qubitsOf, route } from '@ketwork/circuit';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import { parseQasm, toQasm } from '@ketwork/qasm';
import { reference } from '@ketwork/simulator';
import { randomDynamicCircuit, randomTerm, randomValues } from '@ketwork/testing';
import type { Random } from '@ketwork/testing';
import { placed } from './parts.ts';
import type { Judge } from './tally.ts';

const judge = reference();
const EXACT = 1e-10;

const BASES = [
  ['RZ', 'SX', 'CNOT'],
  ['RZ', 'RY', 'CZ'],
  ['RZ', 'RX', 'RZZ'],
  ['RZ', 'H', 'CNOT'],
  ['RX', 'RY', 'RXX'],
  ['U3', 'ECR'],
  ['U3', 'ISWAP'],
  ['U3', 'CNOT', 'SWAP', 'Toffoli'],
] as const;

/** Evolutions that `decompose` knows: under one string, or strings of Z. */
function written(op: Op): boolean {
  if (op.type !== 'evolution') return true;
  const { generator } = op;
  return (
    'terms' in generator &&
    (generator.terms.length < 2 ||
      generator.terms.every(({ paulis }) => paulis.every(({ pauli }) => pauli === 'Z')))
  );
}

/** The operations for which something holds, inside of conditionals too. */
function filtered(ops: readonly Op[], keep: (op: Op) => boolean): Op[] {
  return ops
    .filter(keep)
    .map((op) =>
      op.type === 'conditional'
        ? { ...op, then: filtered(op.then, keep), otherwise: filtered(op.otherwise, keep) }
        : op,
    );
}

/** Turns every qubit first, so that the circuit acts on more than a basis state. */
function turned(random: Random, circuit: Circuit): Circuit {
  const turns = Array.from({ length: circuit.qubits }, (_, qubit): Op => ({
    type: 'gate',
    gate: 'Rot',
    qubits: [qubit],
    angles: [random.uniform(-3, 3), random.uniform(-3, 3), random.uniform(-3, 3)],
    controls: [],
  }));
  const first = circuit.ops.filter(({ type }) => type === 'statePreparation');
  const rest = circuit.ops.filter(({ type }) => type !== 'statePreparation');
  return { ...circuit, ops: [...first, ...turns, ...rest] };
}

/** Compares what can be measured of two circuits; `layout` says where the qubits are at the end of the second. */
function compareCircuits(
  judged: Judge,
  name: string,
  random: Random,
  [one, other]: readonly [Circuit, Circuit],
  [values, renamed]: readonly [Record<string, Float64Array>, Record<string, Float64Array>],
  layout?: readonly number[],
): void {
  const all = Array.from({ length: one.qubits }, (_, qubit) => qubit);
  const place = layout ?? all;
  const observables = Array.from({ length: 6 }, () => ({
    type: 'pauli' as const,
    terms: [{ ...randomTerm(random, all), coefficient: 1 }],
  }));
  const bits = Array.from({ length: one.bits }, (_, bit) => bit);
  const read = (qubits: readonly number[]): Measurement => ({
    type: 'probabilities',
    qubits,
    ...(bits.length === 0 ? {} : { bits }),
  });
  using expected = judge.compile(one, [{ type: 'expval', observables }, read(all)]);
  using actual = judge.compile(other, [
    { type: 'expval', observables: observables.map((sum) => placed(sum, place)) },
    read(place),
  ]);
  const want = expected.run(values) as Float64Array[];
  const have = actual.run(renamed) as Float64Array[];
  want.forEach((x, i) => judged.compare(name, have[i]!, x, EXACT));
  // Every other time, derivatives: angles are expressions of the same slots.
  if (one.slots.length === 0 || values !== renamed || !random.chance(0.5)) return;
  const dy = want.map((x) => random.normals(x.length));
  const gradients = actual.vjp(values, dy);
  for (const [slot, x] of Object.entries(expected.vjp(values, dy)))
    judged.compare(`${name}, gradient`, gradients[slot]!, x, 10 * EXACT);
}

/** One minus the fidelity of the states of two circuits without measurements. */
function infidelity(one: Circuit, other: Circuit, values: Record<string, Float64Array>): number {
  const [a, b] = [one, other].map((c) => judge.compile(c, { type: 'state' }).run(values));
  const size = 2 ** (one.qubits + 1);
  let worst = 0;
  for (let from = 0; from < a!.length; from += size) {
    let [re, im] = [0, 0];
    for (let i = from; i < from + size; i += 2) {
      re += a![i]! * b![i]! + a![i + 1]! * b![i + 1]!;
      im += a![i]! * b![i + 1]! - a![i + 1]! * b![i]!;
    }
    worst = Math.max(worst, Math.abs(1 - re * re - im * im));
  }
  return worst;
}

/** `decompose`, `optimize` and `route` on circuits over the whole gate table, with and without measurements. */
export function compareRewritten(judged: Judge, _: unknown, random: Random): void {
  const still = random.chance(0.4);
  const routed = random.chance(0.5);
  const drawn = randomDynamicCircuit(random.child(1), {
    qubits: random.integer(1, 4),
    ops: random.integer(3, 14),
    slotGenerators: false,
    filters: false,
    postselect: false,
    slots: random.chance(0.7),
    dynamic: routed
      ? ['measure', 'reset', 'channel']
      : ['measure', 'reset', 'channel', 'conditional'],
  });
  const isDynamic = ({ type }: Op): boolean =>
    ['measure', 'reset', 'channel', 'conditional'].includes(type);
  const circuit = turned(random, {
    ...drawn,
    ops: filtered(drawn.ops, (op) => written(op) && !(still && isDynamic(op))),
    slots: drawn.slots.filter(({ kind }) => kind !== 'hermitian'),
    ...(still ? { bits: 0 } : {}),
  });
  const batch = circuit.slots.some(({ axis }) => axis === 'batch') ? 2 : 1;
  const values = randomValues(random, circuit, batch);
  const same = [values, values] as const;
  const fuse = random.pick(['U3', 'Rot', 'none'] as const);
  const basis = random.pick(BASES);
  const low = decompose(circuit, { basis });
  const allowed = new Set<string>(basis);
  for (const op of low.ops) {
    if (op.type !== 'gate' || (allowed.has(op.gate) && op.controls.length === 0)) continue;
    if (op.gate !== 'GPhase') judged.thrown(`decompose left ${op.gate}`);
  }
  const less = optimize(circuit, { fuse });
  const lower = optimize(low, { fuse });
  compareCircuits(judged, 'decompose', random, [circuit, low], same);
  compareCircuits(judged, 'optimize', random, [circuit, less], same);
  compareCircuits(judged, 'decompose and optimize', random, [circuit, lower], same);
  if (still) {
    judged.note('decompose, infidelity', infidelity(circuit, low, values), 10);
    judged.note('optimize, infidelity', infidelity(circuit, less, values), 10);
  }
  const local = decompose(circuit, { basis: ['U3', 'CNOT'] });
  const whole = local.ops.every((op) => op.type === 'barrier' || qubitsOf(op).length <= 2);
  if (!routed || !whole) return;
  const size = Math.max(2, circuit.qubits + random.integer(2));
  // A random tree and perhaps one pair more.
  const coupling = Array.from({ length: size - 1 }, (__, i): [number, number] => [
    random.integer(i + 1),
    i + 1,
  ]);
  if (size > 2 && random.chance(0.5)) coupling.push([0, size - 1]);
  const found = route(local, coupling, { trials: 2, seed: random.integer(1000) });
  for (const op of found.circuit.ops) {
    const [a, b] = qubitsOf(op);
    if (op.type !== 'gate' || b === undefined) continue;
    if (!coupling.some(([x, y]) => (x === a && y === b) || (x === b && y === a)))
      judged.thrown(`route left ${op.gate} on ${a} and ${b}`);
  }
  compareCircuits(judged, 'route', random, [circuit, found.circuit], same, found.finalLayout);
  const short = optimize(found.circuit, { fuse });
  compareCircuits(judged, 'route and optimize', random, [circuit, short], same, found.finalLayout);
}

/** Conditions that version 2 can say: all bits together, nothing nested, no loops. */
function simple(ops: readonly Op[], bits: number): Op[] {
  const all = Array.from({ length: bits }, (_, bit) => bit);
  return ops.map((op) => {
    if (op.type !== 'conditional') return op;
    const flat = op.then.filter(({ type }) => type !== 'conditional' && type !== 'barrier');
    // A measurement may change the condition: it is the last operation.
    const end = flat.findIndex(({ type }) => type === 'measure');
    return {
      type: 'conditional',
      condition: { bits: all, value: op.condition.value },
      then: end < 0 ? flat : flat.slice(0, end + 1),
      otherwise: [],
    };
  });
}

/** All loops with the same greatest number of rounds. */
function bounded(ops: readonly Op[], rounds: number): Op[] {
  return ops.map((op) =>
    op.type === 'conditional'
      ? {
          ...op,
          then: bounded(op.then, rounds),
          otherwise: bounded(op.otherwise, rounds),
          ...(op.repeat === undefined ? {} : { repeat: rounds }),
        }
      : op,
  );
}

/** A dynamic circuit written in OpenQASM and read again. */
export function compareWritten(judged: Judge, _: unknown, random: Random): void {
  const version = random.chance(0.7) ? 3 : 2;
  const drawn = randomDynamicCircuit(random.child(1), {
    qubits: random.integer(1, 4),
    ops: random.integer(3, 12),
    kinds: random.chance(0.5) ? ['gate', 'barrier', 'matrix'] : ['gate', 'barrier', 'evolution'],
    slotGenerators: false,
    filters: false,
    postselect: false,
    slots: version === 3 && random.chance(0.7),
    dynamic: random.chance(0.3) ? ['measure'] : ['measure', 'reset', 'conditional'],
  });
  const rounds = random.integer(1, 3);
  const ops = filtered(drawn.ops, written);
  const circuit = turned(random, {
    ...drawn,
    ops: version === 2 ? simple(ops, drawn.bits) : bounded(ops, rounds),
    slots: drawn.slots.filter(({ kind }) => kind === 'scalar'),
  });
  const text = toQasm(circuit, { version });
  const batched = circuit.slots.filter(({ axis }) => axis === 'batch').map(({ name }) => name);
  const inputs = new Set([...text.matchAll(/input [^;]*?(\w+);/g)].map(([, name]) => name!));
  const again = parseQasm(text, {
    limits: { rounds },
    // Underscores stand behind names that gates have, such as x.
    batch: [...inputs].filter((name) => batched.includes(name.replace(/_+$/, ''))),
  }).circuit;
  const batch = batched.length > 0 ? 2 : 1;
  const values = randomValues(random, circuit, batch);
  const renamed = Object.fromEntries(
    again.slots.map(({ name }) => [name, values[name] ?? values[name.replace(/_+$/, '')]!]),
  );
  compareCircuits(judged, `OpenQASM ${version}`, random, [circuit, again], [values, renamed]);
  const second = toQasm(again, { version });
  if (toQasm(parseQasm(second, { limits: { rounds } }).circuit, { version }) !== second)
    judged.thrown('OpenQASM differs when it is written a third time');
}
