import { qubitsOf, withQubits } from '@ketwork/circuit';
import type { Angle, Circuit, Op } from '@ketwork/circuit';
import { checkCuts } from './cuts.ts';
import type { Cut } from './cuts.ts';
import type { Letter } from './gate-cut.ts';
import { isRotation, separated } from './gate-cut.ts';

/**
 * One end of a cut in a fragment. `measure`: the wire ends here and is measured in all Pauli bases. `prepare`: it begins
 * here in one of four states. `gate`: one side of a cut rotation, a rotation or a projective measurement about `letter`.
 */
export interface Port {
  readonly kind: 'measure' | 'prepare' | 'gate';
  /** Index of the elementary cut. */
  readonly cut: number;
  /** Which side of a cut rotation. */
  readonly side: 0 | 1;
  readonly letter: Letter;
  /** Qubit of the fragment. */
  readonly qubit: number;
}

/** What happens in a fragment, in order. */
export type Step = { readonly op: Op } | { readonly port: Port };

/** A part of the circuit that runs by itself. */
export interface Fragment {
  /** Qubits of the fragment: which stretch (from 0 on) of which qubit of the circuit each one is. */
  readonly wires: readonly { readonly qubit: number; readonly stretch: number }[];
  /** Operations and ends of cuts, in order. */
  readonly steps: readonly Step[];
  readonly ports: readonly Port[];
}

/** A cut in two: a wire, or a rotation `exp(-i angle/2 P⊗Q)`. */
export type ElementaryCut = { readonly angle?: Angle };

/** A circuit in fragments. */
export interface Fragments {
  readonly fragments: readonly Fragment[];
  readonly cuts: readonly ElementaryCut[];
  /** For each qubit of the circuit: the fragment that holds its last stretch, and the qubit there. */
  readonly ends: readonly { readonly fragment: number; readonly qubit: number }[];
}

/** Steps before it is known which fragment they belong to; qubits are numbers of stretches. */
interface Placed {
  readonly stretches: readonly number[];
  readonly step: Step;
}

/** Takes a circuit apart at its cuts. @throws CircuitError for cuts that are no places of the circuit */
export function fragmentsOf(circuit: Circuit, cuts: readonly Cut[]): Fragments {
  checkCuts(circuit, cuts);
  const wireCuts = cuts.filter((cut) => 'wire' in cut);
  const gateCuts = new Set(cuts.flatMap((cut) => ('gate' in cut ? [cut.gate] : [])));
  const stretches: { qubit: number; stretch: number }[] = [];
  const current = Array.from({ length: circuit.qubits }, (_, qubit) => {
    stretches.push({ qubit, stretch: 0 });
    return qubit;
  });
  const elementary: ElementaryCut[] = [];
  const placed: Placed[] = [];
  const joined = new Groups();
  const bitOwner = new Map<number, number>();
  const addPort = (stretch: number, port: Omit<Port, 'qubit'>): void => {
    placed.push({ stretches: [stretch], step: { port: { ...port, qubit: stretch } } });
  };
  circuit.ops.forEach((op, i) => {
    for (const { wire, before } of wireCuts) {
      if (before !== i) continue;
      const cut = elementary.push({}) - 1;
      const old = current[wire]!;
      addPort(old, { kind: 'measure', cut, side: 0, letter: 'Z' });
      const stretch = stretches[old]!.stretch + 1;
      current[wire] = stretches.push({ qubit: wire, stretch }) - 1;
      addPort(current[wire], { kind: 'prepare', cut, side: 1, letter: 'Z' });
    }
    if (op.type === 'barrier') return; // nothing to keep apart between fragments
    if (gateCuts.has(i)) {
      for (const part of separated(op)!) {
        if (!isRotation(part)) {
          const stretch = current[part.qubits[0]!]!;
          placed.push({ stretches: [stretch], step: { op: withQubits(part, () => stretch) } });
          continue;
        }
        const cut = elementary.push({ angle: part.angle }) - 1;
        for (const side of [0, 1] as const) {
          const stretch = current[part.qubits[side]]!;
          addPort(stretch, { kind: 'gate', cut, side, letter: part.letters[side] });
        }
      }
      return;
    }
    const touched = [...new Set(qubitsOf(op))].map((qubit) => current[qubit]!);
    if (touched.length === 0) return; // a global phase
    touched.forEach((stretch) => joined.join(touched[0]!, stretch));
    for (const bit of bitsIn(op)) {
      joined.join(bitOwner.get(bit) ?? touched[0]!, touched[0]!);
      bitOwner.set(bit, touched[0]!);
    }
    placed.push({ stretches: touched, step: { op: withQubits(op, (qubit) => current[qubit]!) } });
  });
  return assembled(stretches, placed, joined, elementary, current);
}

function assembled(
  stretches: readonly { readonly qubit: number; readonly stretch: number }[],
  placed: readonly Placed[],
  joined: Groups,
  cuts: readonly ElementaryCut[],
  current: readonly number[],
): Fragments {
  const order = stretches
    .map((_, i) => i)
    .sort(
      (a, b) =>
        stretches[a]!.qubit - stretches[b]!.qubit || stretches[a]!.stretch - stretches[b]!.stretch,
    );
  const members = new Map<number, number[]>();
  for (const stretch of order) {
    const root = joined.find(stretch);
    const list = members.get(root);
    if (list === undefined) members.set(root, [stretch]);
    else list.push(stretch);
  }
  const place = new Map<number, { fragment: number; qubit: number }>();
  [...members.values()].forEach((list, fragment) =>
    list.forEach((stretch, qubit) => place.set(stretch, { fragment, qubit })),
  );
  const steps: Step[][] = [...members.keys()].map(() => []);
  for (const { stretches: on, step } of placed) {
    const { fragment } = place.get(on[0]!)!;
    const to = (stretch: number): number => place.get(stretch)!.qubit;
    steps[fragment]!.push(
      'op' in step
        ? { op: withQubits(step.op, to) }
        : { port: { ...step.port, qubit: to(step.port.qubit) } },
    );
  }
  const fragments = [...members.values()].map((list, f): Fragment => {
    const own = steps[f]!;
    return {
      wires: list.map((stretch) => stretches[stretch]!),
      steps: own,
      ports: own.flatMap((step) => ('port' in step ? [step.port] : [])),
    };
  });
  return { fragments, cuts, ends: current.map((stretch) => place.get(stretch)!) };
}

/** Classical bits an operation writes or reads. */
function bitsIn(op: Op): readonly number[] {
  if (op.type === 'measure') return [op.bit];
  if (op.type !== 'conditional') return [];
  return [...op.condition.bits, ...[...op.then, ...op.otherwise].flatMap(bitsIn)];
}

/** Disjoint sets of stretches of wires. */
class Groups {
  readonly #parent = new Map<number, number>();

  find(member: number): number {
    let root = member;
    for (let next = this.#parent.get(root); next !== undefined; next = this.#parent.get(root)) {
      root = next;
    }
    return root;
  }

  join(a: number, b: number): void {
    const [first, second] = [this.find(a), this.find(b)];
    if (first !== second) this.#parent.set(second, first);
  }
}
