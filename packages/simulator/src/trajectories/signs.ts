/** Pauli frames of a chunk of trajectories: 32 of them in a word, one word (or several) per qubit and letter. */
import { channelKraus } from '@ketwork/circuit';
import type { Example } from '../reference/operations.ts';
import { mixtureOf, parametersOf } from './channels.ts';
import type { Draws } from './draws.ts';
import type { FramedCircuit, Generator } from './frame.ts';

/** A chunk's trajectories: those with the same numbers are run once. */
export interface SignedRuns {
  /** Numbers of the frame's slot for `count` runs from `first` on, `[count, width]`. */
  readonly values: (first: number, count: number) => Float64Array;
  /** Number of different runs. */
  readonly runs: number;
  /** The run of each trajectory. */
  readonly runOf: Uint32Array;
  /** Whether a generator is in a trajectory's frame at the end of the circuit, 0 or 1. */
  readonly holds: (trajectory: number, generator: Generator) => number;
}

/** A noise place with its probabilities for one example. */
interface Place {
  /** Running sums of the probabilities. */
  readonly sums: readonly number[];
  /** What each string adds. */
  readonly strings: readonly (readonly Generator[])[];
}

/** The noise places of a circuit in one example. */
export function placesOf(framed: FramedCircuit, example: Example): readonly Place[] {
  const checked = new Set<string>();
  return framed.steps.flatMap((step) => {
    if (step.type !== 'noise') return [];
    const { op } = step;
    const parameters = parametersOf(op, example);
    const name = `${op.channel} ${op.qubits.length} ${parameters.join()}`;
    // Refuses parameters out of range.
    if (!checked.has(name)) channelKraus(op, parameters);
    checked.add(name);
    const mixture = mixtureOf(op, parameters) ?? [];
    let sum = 0;
    const sums = mixture.map(({ probability }) => (sum += probability));
    const strings = mixture.map(({ word }) =>
      [...word].flatMap((letter, i) => {
        const qubit = op.qubits[i] as number;
        const list: Generator[] = [];
        if (letter === 'X' || letter === 'Y') list.push({ qubit, letter: 'X' });
        if (letter === 'Z' || letter === 'Y') list.push({ qubit, letter: 'Z' });
        return list;
      }),
    );
    return [{ sums, strings }];
  });
}

/** Which string each trajectory draws at each place, `[places, count]`; 0 is the identity. */
function branchesOf(
  places: readonly Place[],
  draws: Draws,
  first: number,
  count: number,
): Uint8Array {
  const numbers = new Float64Array(places.length);
  const out = new Uint8Array(places.length * count);
  for (let t = 0; t < count; t++) {
    draws.fill(first + t, numbers);
    places.forEach(({ sums }, place) => {
      const drawn = numbers[place] as number;
      let branch = 0;
      while (branch < sums.length - 1 && drawn >= (sums[branch] as number)) branch++;
      out[place * count + t] = branch;
    });
  }
  return out;
}

/** Draws the noise of trajectories `first` to `first + count` and moves it through the circuit. */
export function signedRuns(
  framed: FramedCircuit,
  places: readonly Place[],
  draws: Draws,
  first: number,
  count: number,
): SignedRuns {
  const { steps, width, circuit } = framed;
  const words = Math.ceil(count / 32);
  const branches = branchesOf(places, draws, first, count);
  const frame = {
    X: new Uint32Array(circuit.qubits * words),
    Z: new Uint32Array(circuit.qubits * words),
  };
  const columns = new Uint32Array(width * words);
  const kinds = new Uint8Array(width);
  let place = 0;
  for (const step of steps) {
    switch (step.type) {
      case 'noise': {
        const { strings } = places[place] as Place;
        for (let t = 0; t < count; t++) {
          const branch = branches[place * count + t] as number;
          if (branch === 0) continue;
          const word = t >>> 5;
          for (const { qubit, letter } of strings[branch] as readonly Generator[]) {
            const at = qubit * words + word;
            frame[letter][at] = (frame[letter][at] as number) ^ (1 << (t & 31));
          }
        }
        place++;
        break;
      }
      case 'map':
        for (let w = 0; w < words; w++) {
          const bits = step.images.map(({ from }) => {
            const at = from.qubit * words + w;
            const held = frame[from.letter][at] as number;
            frame[from.letter][at] = 0;
            return held;
          });
          step.images.forEach(({ to }, i) => {
            for (const { qubit, letter } of to) {
              const at = qubit * words + w;
              frame[letter][at] = (frame[letter][at] as number) ^ (bits[i] as number);
            }
          });
        }
        break;
      case 'sign':
        for (let w = 0; w < words; w++) {
          let odd = 0;
          for (const { qubit, letter } of step.of)
            odd ^= frame[letter][qubit * words + w] as number;
          columns[step.index * words + w] = odd;
        }
        break;
      case 'apply': {
        const { qubit, letter } = step.generator;
        kinds[step.index] = 1;
        for (let w = 0; w < words; w++) {
          columns[step.index * words + w] = frame[letter][qubit * words + w] as number;
          frame[letter][qubit * words + w] = 0;
        }
      }
    }
  }
  const bitOf = (list: Uint32Array, row: number, t: number): number =>
    ((list[row * words + (t >>> 5)] as number) >>> (t & 31)) & 1;
  const runOf = new Uint32Array(count);
  const known = new Map<string, number>();
  const members: number[] = [];
  const packed = new Uint16Array(Math.ceil(width / 16));
  for (let t = 0; t < count; t++) {
    packed.fill(0);
    for (let i = 0; i < width; i++)
      if (bitOf(columns, i, t) === 1)
        packed[i >>> 4] = (packed[i >>> 4] as number) | (1 << (i & 15));
    const name = String.fromCharCode(...packed);
    let run = known.get(name);
    if (run === undefined) {
      run = members.push(t) - 1;
      known.set(name, run);
    }
    runOf[t] = run;
  }
  const values = (from: number, rows: number): Float64Array => {
    const out = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const t = members[from + row] as number;
      for (let i = 0; i < width; i++) {
        const bit = bitOf(columns, i, t);
        out[row * width + i] = kinds[i] === 1 ? Math.PI * bit : 1 - 2 * bit;
      }
    }
    return out;
  };
  return {
    values,
    runs: members.length,
    runOf,
    holds: (t, { qubit, letter }) => bitOf(frame[letter], qubit, t),
  };
}
