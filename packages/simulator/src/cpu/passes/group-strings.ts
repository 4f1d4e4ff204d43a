import { bitCount, highestBit } from '../../bits.ts';
import { pauliPhase } from '../readout.ts';
import type { ReadoutStep } from '../readout.ts';
import type { Pass } from './pass.ts';

type PauliString = ReadoutStep & { readonly type: 'pauli' };

/** Strings read in one pass, and what that costs. */
interface Plan {
  readonly steps: readonly ReadoutStep[];
  readonly cost: number;
}

/**
 * Tenths of nanoseconds measured on one machine, of which only ratios matter: a pair of amplitudes of one string, or of a
 * family of strings; an amplitude turned by powers of i, one summed up, one under one qubit's Walsh–Hadamard step; a number
 * made, and under one step; an entry of a table; a call.
 */
const COST = {
  single: 8,
  pair: 5,
  turn: 12,
  sum: 5,
  amplitudeStep: 3,
  number: 7,
  numberStep: 2,
  entry: 10,
  call: 100,
} as const;

/** A larger state is not copied: it is worked on where it lies. */
const MAX_BASIS_QUBITS = 13;
/** Beyond this many bases a string that fits none is left to its family, which bounds the time of planning. */
const MAX_BASES = 256;

/**
 * Reads Pauli strings together. Strings that flip the same bits X^x (XX and YY on the same qubits, whatever Z besides) share
 * the products conj(psi_a) psi_{a ^ x}, of which each is one Walsh–Hadamard coefficient: a family, one pass over pairs.
 * Strings that commute qubit by qubit (one greedy first fit, as for shots in `settings.ts`, here on bit masks) share a
 * basis, which costs turning a copy of the state: it pays where it takes the place of many families.
 */
export const groupStrings: Pass = (program) => {
  const { lowered, readout } = program;
  const { qubits } = lowered;
  const strings = readout.steps.filter((step) => step.type === 'pauli' && step.x !== 0);
  if (strings.length < 2) return program;
  const all = strings as PauliString[];
  const families = familiesOf(all);
  const alone = total([...families.values()].map((family) => planFamily(family, qubits)));

  const share = new Map<PauliString, number>();
  for (const family of families.values()) {
    const { cost } = planFamily(family, qubits);
    for (const string of family) share.set(string, cost / family.length);
  }
  const bases: Plan[] = [];
  const taken = new Set<PauliString>();
  for (const members of qubits > MAX_BASIS_QUBITS ? [] : commutingGroups(all)) {
    const plan = planBasis(members, qubits);
    const saved = members.reduce((sum, string) => sum + (share.get(string) as number), 0);
    if (saved <= plan.cost) continue;
    bases.push(plan);
    for (const string of members) taken.add(string);
  }
  const rest = familiesOf(all.filter((string) => !taken.has(string)));
  const mixed = total([
    ...bases,
    ...[...rest.values()].map((family) => planFamily(family, qubits)),
  ]);
  const best = mixed.cost < alone.cost ? mixed : alone;
  const others = readout.steps.filter((step) => step.type !== 'pauli' || step.x === 0);
  return { ...program, readout: { ...readout, steps: [...others, ...best.steps] } };
};

const total = (plans: readonly Plan[]): Plan => ({
  steps: plans.flatMap(({ steps }) => steps),
  cost: plans.reduce((sum, { cost }) => sum + cost, 0),
});

/** Strings by flipped bits and by whether they are read from real or imaginary parts. */
function familiesOf(strings: readonly PauliString[]): Map<string, PauliString[]> {
  const families = new Map<string, PauliString[]>();
  for (const string of strings) {
    const id = `${string.x} ${pauliPhase(string.x, string.z).odd}`;
    const family = families.get(id);
    if (family === undefined) families.set(id, [string]);
    else family.push(string);
  }
  return families;
}

function planFamily(family: readonly PauliString[], qubits: number): Plan {
  const pairs = 2 ** (qubits - 1);
  const singly = family.length * (COST.single * pairs + COST.call);
  const { x, z } = family[0] as PauliString;
  const top = highestBit(x);
  const entries = family.map((string) => ({
    mask: string.z & ~top,
    column: string.column,
    weight: pauliPhase(x, string.z).sign * string.weight,
  }));
  const kept = entries.reduce((bits, { mask }) => bits | mask, 0);
  const together = COST.pair * pairs + tableCost(kept, entries.length) + COST.call;
  if (singly <= together) return { steps: family, cost: singly };
  const { odd } = pauliPhase(x, z);
  return { steps: [{ type: 'flips', x, odd, kept, entries }], cost: together };
}

function planBasis(members: readonly PauliString[], qubits: number): Plan {
  let x = 0;
  let y = 0;
  for (const string of members) {
    x |= string.x & ~string.z;
    y |= string.x & string.z;
  }
  const entries = members.map((string) => ({
    mask: string.x | string.z,
    column: string.column,
    weight: string.weight,
  }));
  const kept = entries.reduce((bits, { mask }) => bits | mask, 0);
  const amplitude = COST.turn + COST.sum + COST.amplitudeStep * bitCount(x | y);
  const cost = amplitude * 2 ** qubits + tableCost(kept, entries.length) + 3 * COST.call;
  return { steps: [{ type: 'basis', x, y, kept, entries }], cost };
}

function tableCost(kept: number, entries: number): number {
  const bits = bitCount(kept);
  return 2 ** bits * (COST.number + COST.numberStep * bits) + COST.entry * entries + 2 * COST.call;
}

/** Greedy groups of strings that commute qubit by qubit. */
function commutingGroups(strings: readonly PauliString[]): PauliString[][] {
  const groups: { x: number; z: number; members: PauliString[] }[] = [];
  for (const string of strings) {
    const { x, z } = string;
    // Letters may differ only where one of the two has none.
    const group = groups.find((g) => (((g.x ^ x) | (g.z ^ z)) & (g.x | g.z) & (x | z)) === 0);
    if (group !== undefined) {
      group.x |= x;
      group.z |= z;
      group.members.push(string);
    } else if (groups.length < MAX_BASES) groups.push({ x, z, members: [string] });
  }
  return groups.map(({ members }) => members);
}
