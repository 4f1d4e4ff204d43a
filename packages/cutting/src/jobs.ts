import { circuit as build, input, pauli } from '@ketwork/circuit';
import type { Circuit, Op, PauliSum, PauliTerm, Slot } from '@ketwork/circuit';
import type { Fragment, Port } from './fragments.ts';

/** Ways a `prepare` port is run: |0⟩, |1⟩, |+⟩, |+i⟩ as angles of RY and RZ. */
const PREPARED: readonly (readonly [number, number])[] = [
  [0, 0],
  [Math.PI, 0],
  [Math.PI / 2, 0],
  [Math.PI / 2, Math.PI / 2],
];

/** Ways a `gate` port is run: four rotations about its letter, then the projections on +1 and -1. */
const TURNS = [0, Math.PI, Math.PI / 2, -Math.PI / 2];

/** The Pauli letters a wire is measured in. */
const MEASURED = ['I', 'X', 'Y', 'Z'] as const;

/** How many ways a port has. */
export function waysOf(port: Port): number {
  return port.kind === 'gate' ? 6 : 4;
}

/**
 * Rows: what the value of a cut (one of four) takes from the ways a port is run. For wires the values are I, X, Y and Z:
 * X = 2|+⟩⟨+| - I. For rotations they are nothing, the letter P, and on one side i[·, P], on the other {·, P}.
 */
export function combination(port: Port): readonly (readonly number[])[] {
  if (port.kind === 'prepare') {
    return [
      [1, 1, 0, 0],
      [-1, -1, 2, 0],
      [-1, -1, 0, 2],
      [1, -1, 0, 0],
    ];
  }
  const turned = [0, 0, 1, -1, 0, 0];
  const signed = [0, 0, 0, 0, 2, -2];
  const rest = port.side === 0 ? [turned, signed] : [signed, turned];
  return [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], ...rest];
}

/** A circuit that runs a fragment in many ways at once, one per lane of a batch. */
export interface Job {
  readonly circuit: Circuit;
  /** Angles of each lane, `[lanes, width]`. */
  readonly settings: Float64Array;
  readonly lanes: number;
  /** Place of each lane among all ways of all ports. */
  readonly places: readonly number[];
}

/** Name of the slot that holds the lanes' angles. */
export const SETTINGS = 'cut settings';

/** The ports of a fragment that are run in several ways, in order; the last one varies fastest. */
export function variedPorts(fragment: Fragment): readonly Port[] {
  return fragment.ports.filter((port) => port.kind !== 'measure');
}

/** The circuits of a fragment: one per choice of projections, since those change the structure. */
export function jobsOf(circuit: Circuit, fragment: Fragment): Job[] {
  const varied = variedPorts(fragment);
  const gates = varied.filter((port) => port.kind === 'gate');
  return products(gates.map(() => [0, 1, 2])).map((choice) =>
    jobOf(circuit, fragment, varied, new Map(gates.map((port, i) => [port, choice[i]!]))),
  );
}

/** `projected`: for each gate port 0 for rotations, 1 or 2 for the projections on +1 and -1. */
function jobOf(
  circuit: Circuit,
  fragment: Fragment,
  varied: readonly Port[],
  projected: ReadonlyMap<Port, number>,
): Job {
  const ways = varied.map((port) => {
    const projection = projected.get(port) ?? 0;
    return projection === 0 ? [0, 1, 2, 3] : [3 + projection];
  });
  const offsets = new Map<Port, number>();
  let width = 0;
  for (const port of varied) {
    if ((projected.get(port) ?? 0) !== 0) continue;
    offsets.set(port, width);
    width += port.kind === 'prepare' ? 2 : 1;
  }
  const lanes = products(ways);
  // The slot is there even where no lane needs angles, so that every job has a batch axis.
  const stride = Math.max(1, width);
  const settings = new Float64Array(lanes.length * stride);
  lanes.forEach((lane, row) =>
    varied.forEach((port, i) => {
      const at = offsets.get(port);
      if (at === undefined) return;
      if (port.kind === 'prepare') settings.set(PREPARED[lane[i]!]!, row * stride + at);
      else settings[row * stride + at] = TURNS[lane[i]!]!;
    }),
  );
  const places = lanes.map((lane) =>
    varied.reduce((place, port, i) => place * waysOf(port) + lane[i]!, 0),
  );
  const mentioned = new Set<string>();
  for (const step of fragment.steps) if ('op' in step) collectSlots(step.op, mentioned);
  const slots = circuit.slots.filter(({ name }) => mentioned.has(name));
  return {
    circuit: circuitOf(circuit, fragment, slots, { offsets, projected, width: stride }),
    settings,
    lanes: lanes.length,
    places,
  };
}

function circuitOf(
  circuit: Circuit,
  fragment: Fragment,
  slots: readonly Slot[],
  how: {
    readonly offsets: ReadonlyMap<Port, number>;
    readonly projected: ReadonlyMap<Port, number>;
    readonly width: number;
  },
): Circuit {
  const { offsets, projected, width } = how;
  const settings = input(SETTINGS, [width], { differentiable: false });
  const n = fragment.wires.length;
  return build(n, (q) => {
    q.declare(settings);
    const add = (op: Op): void => {
      q.append({ ...circuit, qubits: n, slots, ops: [op] });
    };
    for (const step of fragment.steps) {
      if ('op' in step) {
        add(step.op);
        continue;
      }
      const { port } = step;
      const at = offsets.get(port);
      if (port.kind === 'prepare' && at !== undefined) {
        q.ry(settings.at(at), port.qubit).rz(settings.at(at + 1), port.qubit);
      } else if (port.kind === 'gate') {
        const projection = projected.get(port)!;
        if (at === undefined) q.linear(projector(port.letter, projection), [port.qubit]);
        else q.gate(`R${port.letter}`, [settings.at(at)], port.qubit);
      }
    }
  });
}

/** (1 ± P)/2, interleaved re, im. */
function projector(letter: Port['letter'], projection: number): number[] {
  const s = projection === 1 ? 0.5 : -0.5;
  if (letter === 'Z') return [0.5 + s, 0, 0, 0, 0, 0, 0.5 - s, 0];
  return letter === 'X' ? [0.5, 0, s, 0, s, 0, 0.5, 0] : [0.5, 0, 0, -s, 0, s, 0.5, 0];
}

/** What is read from a fragment: every local string with every Pauli letter on each wire that is measured, `[strings, 4^m]`. */
export function observablesOf(fragment: Fragment, strings: readonly PauliTerm[]): PauliSum[] {
  const measured = fragment.ports.filter((port) => port.kind === 'measure');
  return strings.flatMap(({ paulis }) =>
    products(measured.map(() => [0, 1, 2, 3])).map((letters) => {
      const word = [
        ...paulis.map((p) => p.pauli),
        ...letters.map((letter) => MEASURED[letter]!),
      ].join('');
      return pauli(word, [...paulis.map((p) => p.qubit), ...measured.map((port) => port.qubit)]);
    }),
  );
}

/** All ways to choose one of each list, the last list varying fastest. */
function products(lists: readonly (readonly number[])[]): number[][] {
  return lists.reduce<number[][]>(
    (rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])),
    [[]],
  );
}

/** Names of the slots that an operation reads, wherever they stand in it. */
function collectSlots(value: unknown, into: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [field, part] of Object.entries(value)) {
    if (field === 'slot' && typeof part === 'string') into.add(part);
    else collectSlots(part, into);
  }
}
