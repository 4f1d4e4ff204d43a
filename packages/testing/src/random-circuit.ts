import { CIRCUIT_SCHEMA, gates } from '@ketwork/circuit';
import type { Angle, AngleFunction, Circuit, Control, Op, PauliTerm, Slot } from '@ketwork/circuit';
import { Random } from './random.ts';
import { randomHermitian, randomUnitary } from './random-matrix.ts';

/** What a random circuit may contain. */
export interface RandomCircuitOptions {
  /** Number of qubits. */
  readonly qubits: number;
  /** Number of operations after the state preparations. */
  readonly ops: number;
  /** Gate names to draw from; the whole table by default. */
  readonly gates?: readonly string[];
  /** Kinds of operations to draw from; every kind that maps a state to a state by default. */
  readonly kinds?: readonly Op['type'][];
  /** Whether angles, states and matrices may come from slots. Default true. */
  readonly slots?: boolean;
  /** Whether some matrices may be other than unitary. Default true. */
  readonly filters?: boolean;
}

const KINDS: readonly Op['type'][] = ['gate', 'matrix', 'evolution', 'statePreparation', 'barrier'];

/**
 * A random circuit with, unless switched off, slots of every kind and axis: scalars `w` (shared), `x` and `v` (batch),
 * amplitudes `a` (normalised) and `b` (of norm 1), and Hermitian matrices `h` and `g` on one and two qubits, which
 * observables use too.
 */
export function randomCircuit(seed: number | Random, options: RandomCircuitOptions): Circuit {
  const random = typeof seed === 'number' ? new Random(seed) : seed;
  const { qubits, ops: count, kinds = KINDS, slots: withSlots = true, filters = true } = options;
  const rows = gates.filter(
    (row) =>
      (options.gates === undefined || options.gates.includes(row.name)) &&
      (row.qubits === 'any' || row.qubits <= qubits),
  );
  const slots: Slot[] = withSlots ? scalarSlots(random) : [];
  const scalars = [...slots];
  const all = Array.from({ length: qubits }, (_, q) => q);
  const ops: Op[] = [];
  if (kinds.includes('statePreparation')) prepare(random, all, ops, slots, withSlots);
  if (withSlots && random.chance(0.4)) slots.push(hermitianSlot(random, 'h', 2));
  if (withSlots && qubits > 1 && random.chance(0.3)) slots.push(hermitianSlot(random, 'g', 4));
  const matrices = slots.filter((s) => s.kind === 'hermitian');
  const others = kinds.filter((kind) => kind !== 'gate' && kind !== 'statePreparation');
  for (let i = 0; i < count; i++) {
    const kind =
      others.length > 0 && (random.chance(0.2) || !kinds.includes('gate'))
        ? random.pick(others)
        : 'gate';
    if (kind === 'barrier') {
      ops.push({ type: 'barrier', qubits: all });
    } else if (kind === 'matrix') {
      const on = random.sample(all, random.integer(1, Math.min(qubits, 2)));
      const unitary = !filters || random.chance(0.8);
      const matrix = unitary
        ? randomUnitary(random, 2 ** on.length)
        : // Of norm about 1, so that neither states nor errors grow.
          Array.from(random.normals(2 * 4 ** on.length), (x) => x / 2 ** (on.length + 0.5));
      ops.push({
        type: 'matrix',
        qubits: on,
        matrix,
        unitary,
        controls: controls(random, all, on),
      });
    } else if (kind === 'evolution') {
      ops.push(evolution(random, all, scalars, matrices));
    } else {
      const row = random.pick(rows);
      const on = random.sample(
        all,
        row.qubits === 'any' ? random.integer(1, Math.min(qubits, 3)) : row.qubits,
      );
      const op: Op = {
        type: 'gate',
        gate: row.name,
        qubits: on,
        angles: row.parameters.map(() => randomAngle(random, scalars)),
        controls: controls(random, all, on),
      };
      ops.push(
        row.name === 'PauliRot'
          ? { ...op, word: on.map(() => random.pick([...'IXYZ'])).join('') }
          : op,
      );
    }
  }
  return { schema: CIRCUIT_SCHEMA, qubits, bits: 0, slots, ops };
}

function scalarSlots(random: Random): Slot[] {
  return [
    {
      name: 'w',
      shape: [random.integer(1, 4)],
      kind: 'scalar',
      axis: 'shared',
      differentiable: true,
    },
    {
      name: 'x',
      shape: [random.integer(1, 3)],
      kind: 'scalar',
      axis: 'batch',
      differentiable: true,
    },
    {
      name: 'v',
      shape: [2, 2],
      kind: 'scalar',
      axis: random.pick(['shared', 'batch']),
      differentiable: true,
    },
  ];
}

function hermitianSlot(random: Random, name: string, d: number): Slot {
  return {
    name,
    shape: [d, d, 2],
    kind: 'hermitian',
    axis: random.pick(['shared', 'batch']),
    differentiable: true,
  };
}

/** Up to two state preparations, of disjoint qubits, before everything else. */
function prepare(
  random: Random,
  all: readonly number[],
  ops: Op[],
  slots: Slot[],
  withSlots: boolean,
): void {
  let free = random.sample(all, all.length);
  for (const name of ['a', 'b']) {
    if (free.length === 0 || !random.chance(0.3)) continue;
    const k = random.integer(1, Math.min(free.length, 3));
    const qubits = free.slice(0, k);
    free = free.slice(k);
    const normalize = name === 'a';
    if (withSlots && random.chance(0.8)) {
      const shape = random.chance(0.5) ? [2 ** k] : [2 ** k, 2];
      slots.push({
        name,
        shape,
        kind: 'amplitudes',
        axis: random.pick(['shared', 'batch']),
        differentiable: true,
      });
      ops.push({ type: 'statePreparation', qubits, amplitudes: { slot: name }, normalize });
    } else {
      const values = random.normals(2 ** (k + 1));
      const norm = normalize ? 1 : Math.hypot(...values);
      ops.push({
        type: 'statePreparation',
        qubits,
        amplitudes: { values: Array.from(values, (x) => x / norm) },
        normalize,
      });
    }
  }
}

function controls(random: Random, all: readonly number[], taken: readonly number[]): Control[] {
  const free = all.filter((q) => !taken.includes(q));
  const count = random.chance(0.25) ? Math.min(free.length, random.integer(1, 2)) : 0;
  return random.sample(free, count).map((qubit) => ({ qubit, value: random.pick([0, 1]) }));
}

function evolution(
  random: Random,
  all: readonly number[],
  scalars: readonly Slot[],
  matrices: readonly Slot[],
): Op {
  const time = randomAngle(random, scalars);
  const size = Math.min(all.length, random.integer(1, 2));
  const slot = matrices.length > 0 && random.chance(0.5) ? random.pick(matrices) : undefined;
  const qubits = random.sample(all, slot === undefined ? size : Math.log2(slot.shape[0]!));
  const base = {
    type: 'evolution',
    qubits,
    time,
    controls: controls(random, all, qubits),
  } as const;
  if (slot !== undefined) return { ...base, generator: { slot: slot.name } };
  if (random.chance(0.5))
    return { ...base, generator: { matrix: randomHermitian(random, 2 ** qubits.length) } };
  return {
    ...base,
    generator: {
      terms: Array.from({ length: random.integer(1, 3) }, () => randomTerm(random, qubits)),
    },
  };
}

/** A Pauli string on some of the qubits, the identity now and then. */
export function randomTerm(random: Random, qubits: readonly number[]): PauliTerm {
  const on = random
    .sample(qubits, random.integer(0, Math.min(qubits.length, 3)))
    .sort((a, b) => a - b);
  return {
    coefficient: random.uniform(-1, 1),
    paulis: on.map((qubit) => ({ qubit, pauli: random.pick(['X', 'Y', 'Z'] as const) })),
  };
}

/** A random angle: a constant, a slot element, or an expression; finite for elements between -π and π. */
export function randomAngle(random: Random, scalars: readonly Slot[]): Angle {
  const constant = random.uniform(-Math.PI, Math.PI);
  if (scalars.length === 0 || random.chance(0.15)) return constant;
  const element = (): Angle => {
    const slot = random.pick(scalars);
    return { slot: slot.name, index: random.integer(slot.shape.reduce((a, b) => a * b, 1)) };
  };
  if (random.chance(0.6)) return element();
  const fn = random.pick<AngleFunction>([
    'sin',
    'cos',
    'tan',
    'asin',
    'acos',
    'atan',
    'sqrt',
    'exp',
    'log',
  ]);
  const e = element();
  switch (random.integer(3)) {
    case 0:
      return { add: [{ mul: [random.uniform(-2, 2), e] }, element(), constant] };
    case 1:
      return { mul: [e, element()] };
    default:
      // Scaled and moved into the domain of the function.
      if (fn === 'sqrt' || fn === 'log') return { fn, of: { add: [{ mul: [e, e] }, 0.5] } };
      return { fn, of: fn === 'sin' || fn === 'cos' || fn === 'atan' ? e : { mul: [0.28, e] } };
  }
}
