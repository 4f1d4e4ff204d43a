import { sizeOf } from '@ketwork/base';
import { anglePartials, evaluateAngle } from '@ketwork/circuit';
import type { Circuit, PauliTerm, SlotReader } from '@ketwork/circuit';
import type { SlotValues } from '@ketwork/simulator';
import type { ElementaryCut, Fragment, Fragments } from './fragments.ts';
import type { Job } from './jobs.ts';
import { jobsOf, observablesOf, variedPorts, waysOf } from './jobs.ts';

/** A fragment with its circuits and what is read from it. */
export interface FragmentPart {
  readonly fragment: Fragment;
  readonly jobs: readonly Job[];
  /** Strings on the fragment's own qubits. */
  readonly strings: readonly PauliTerm[];
  /** Numbers each run returns: strings times Pauli letters of the wires measured. */
  readonly inner: number;
  /** Ways to run all ports. */
  readonly ways: number;
  /** Whether its numbers differ from example to example. */
  readonly batched: boolean;
}

/** The fragments that some string needs, and for each string its local string in each of them. */
export function partsOf(
  circuit: Circuit,
  { fragments, ends }: Fragments,
  strings: readonly PauliTerm[],
): { readonly parts: FragmentPart[]; readonly local: number[][] } {
  const known = fragments.map(() => new Map<string, { number: number; term: PauliTerm }>());
  const all = strings.map(({ paulis }) =>
    fragments.map((_, f) => {
      const own = paulis
        .filter(({ qubit }) => ends[qubit]!.fragment === f)
        .map(({ qubit, pauli }) => ({ qubit: ends[qubit]!.qubit, pauli }))
        .sort((a, b) => a.qubit - b.qubit);
      const word = own.map(({ qubit, pauli }) => `${pauli}${qubit}`).join(' ');
      const found = known[f]!.get(word);
      if (found !== undefined) return found.number;
      const number = known[f]!.size;
      known[f]!.set(word, { number, term: { coefficient: 1, paulis: own } });
      return number;
    }),
  );
  // What nothing is read from and no cut touches has the value 1.
  const used = fragments.map(
    ({ ports }, f) => ports.length > 0 || [...known[f]!.keys()].some((word) => word !== ''),
  );
  const batchSlots = new Set(
    circuit.slots.filter(({ axis }) => axis === 'batch').map(({ name }) => name),
  );
  const parts = fragments.flatMap((fragment, f): FragmentPart[] => {
    if (!used[f]) return [];
    const terms = [...known[f]!.values()].map(({ term }) => term);
    const jobs = jobsOf(circuit, fragment);
    return [
      {
        fragment,
        jobs,
        strings: terms,
        inner: observablesOf(fragment, terms).length,
        ways: variedPorts(fragment).reduce((product, port) => product * waysOf(port), 1),
        batched: jobs[0]!.circuit.slots.some(({ name }) => batchSlots.has(name)),
      },
    ];
  });
  return { parts, local: all.map((numbers) => numbers.filter((_, f) => used[f])) };
}

/** Weights of the four values of every cut, `[batch, cuts, 4]`. */
export function weightsOf(
  circuit: Circuit,
  cuts: readonly ElementaryCut[],
  values: SlotValues,
): Float64Array {
  const out = new Float64Array(values.batch * cuts.length * 4);
  for (let example = 0; example < values.batch; example++) {
    const read = readerOf(circuit, values, example);
    cuts.forEach(({ angle }, i) => {
      const at = (example * cuts.length + i) * 4;
      if (angle === undefined) out.fill(0.5, at, at + 4);
      else {
        const half = evaluateAngle(angle, read) / 2;
        const [c, s] = [Math.cos(half), Math.sin(half)];
        out.set([c * c, s * s, (c * s) / 2, (c * s) / 2], at);
      }
    });
  }
  return out;
}

/** Adds what the weights' cotangents contribute to one example's gradient of each slot element. */
export function addWeightGradients(
  circuit: Circuit,
  cuts: readonly ElementaryCut[],
  values: SlotValues,
  example: number,
  dWeights: Float64Array,
  add: (slot: string, index: number, amount: number) => void,
): void {
  const read = readerOf(circuit, values, example);
  cuts.forEach(({ angle }, i) => {
    if (angle === undefined || typeof angle === 'number') return;
    const [same = 0, both = 0, left = 0, right = 0] = dWeights.subarray(
      (example * cuts.length + i) * 4,
    );
    const turn = evaluateAngle(angle, read);
    const change = ((both - same) * Math.sin(turn)) / 2 + ((left + right) * Math.cos(turn)) / 4;
    for (const { slot, index, partial } of anglePartials(angle, read)) {
      add(slot, index, change * partial);
    }
  });
}

/** Reads slot elements of one example. */
function readerOf(circuit: Circuit, values: SlotValues, example: number): SlotReader {
  const offsets = new Map(
    circuit.slots.map((slot) => [
      slot.name,
      slot.axis === 'batch' ? example * sizeOf(slot.shape) : 0,
    ]),
  );
  return (slot, index) => values.get(slot)[offsets.get(slot)! + index]!;
}
