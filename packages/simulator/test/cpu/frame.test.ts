import { circuit, gates, weight } from '@ketwork/circuit';
import type { Gate, PauliFrameRule } from '@ketwork/circuit';
import { Random, randomCircuit } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import type { AngleTable } from '../../src/cpu/angles.ts';
import { Passages, anticommute, parity } from '../../src/cpu/frame.ts';
import type { Pauli } from '../../src/cpu/frame.ts';
import { lower } from '../../src/cpu/lower.ts';
import type { Lowered } from '../../src/cpu/lower.ts';

/** A circuit of one gate whose angles are the elements of a weight. */
function lowerGate(row: Gate): Lowered {
  const qubits = row.qubits as number;
  const made = circuit(
    qubits,
    { w: weight([Math.max(1, row.parameters.length)]) },
    () => undefined,
  );
  const op = {
    type: 'gate' as const,
    gate: row.name,
    qubits: Array.from({ length: qubits }, (_, q) => q),
    angles: row.parameters.map((_, index) => ({ slot: 'w', index })),
    controls: [],
  };
  return lower({ ...made, ops: [op] }, false);
}

/** What a Pauli operator becomes behind the elements, and which parameters change their signs; undefined if it is held up. */
function move(lowered: Lowered, pauli: Pauli): { moved: Pauli; flipped: number[] } | undefined {
  const { angles, elements, filters, qubits } = lowered;
  const passages = new Passages(qubits, filters);
  const signs = new Map<number, Set<number>>();
  let moved = pauli;
  for (const element of elements) {
    const passage = passages.of(element);
    if (passage.obstacles.some((obstacle) => anticommute(obstacle, moved) === 1)) return undefined;
    if (passage.type === 'map') moved = passage.map.image(moved);
    else if (passage.type === 'turn' && element.type !== 'matrix' && element.type !== 'table') {
      const sign = 1 - 2 * anticommute(passage.axis, moved);
      for (const index of parametersOf(angles, element.coefficient.node))
        signs.set(index, (signs.get(index) ?? new Set()).add(sign));
    }
  }
  // A parameter in several factors must change all signs or none.
  if ([...signs.values()].some((both) => both.size > 1)) return undefined;
  const flipped = [...signs].filter(([, sign]) => sign.has(-1)).map(([index]) => index);
  return { moved, flipped: flipped.sort((a, b) => a - b) };
}

/** Parameters in an angle. */
function parametersOf(angles: AngleTable, node: number): number[] {
  const found = angles.nodes[node]!;
  if (found.op === 'element') return [found.index];
  return 'args' in found ? found.args.flatMap((arg) => parametersOf(angles, arg)) : [];
}

function ofWord(word: string): Pauli {
  const letters = word.replace('-', '');
  const bits = (wanted: string): number =>
    [...letters].reduce((sum, letter) => 2 * sum + (wanted.includes(letter) ? 1 : 0), 0);
  return { x: bits('XY'), z: bits('YZ') };
}

/** What the row of the gate table says. */
function expected(rule: PauliFrameRule, pauli: Pauli): ReturnType<typeof move> {
  if (rule === 'flush') return undefined;
  if (rule === 'pass') return { moved: pauli, flipped: [] };
  if ('map' in rule) return { moved: ofWord(rule.map), flipped: [] };
  return { moved: pauli, flipped: [...rule.flip] };
}

describe('Passages', () => {
  const fixed = gates.filter((row) => row.qubits !== 'any' && row.qubits > 0);

  it.each(fixed.map((row) => [row.name, row] as const))(
    'move Paulis through %s as its row says',
    (_, row) => {
      const lowered = lowerGate(row);
      for (const letter of ['X', 'Z'] as const) {
        row.pauliFrame[letter].forEach((rule, q) => {
          const bit = 2 ** ((row.qubits as number) - 1 - q);
          const pauli = letter === 'X' ? { x: bit, z: 0 } : { x: 0, z: bit };
          const found = move(lowered, pauli);
          const wanted = expected(rule, pauli);
          // The factors of U2 include a fixed quarter turn, whose sign its row cannot flip.
          if (row.name === 'U2') expect(wanted).toBeUndefined();
          else expect(found).toEqual(wanted);
        });
      }
    },
  );

  it('go back by the transpose of how they go forward', () => {
    let maps = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const qubits = random.integer(1, 4);
      const made = randomCircuit(random, { qubits, ops: 4, filters: false, slots: false });
      const { elements, filters } = lower(made, false);
      const passages = new Passages(qubits, filters);
      for (const passage of elements.map((element) => passages.of(element))) {
        if (passage.type !== 'map') continue;
        maps++;
        const draw = (): Pauli => ({
          x: random.integer(2 ** qubits),
          z: random.integer(2 ** qubits),
        });
        for (let i = 0; i < 20; i++) {
          const [pauli, other] = [draw(), draw()];
          if (passage.obstacles.some((obstacle) => anticommute(obstacle, pauli) === 1)) continue;
          const behind = passage.map.image(pauli);
          expect(anticommute(behind, other)).toBe(anticommute(pauli, passage.map.pullBack(other)));
        }
      }
    }
    expect(maps).toBeGreaterThan(100);
  });

  it('let nothing pass maps that are not unitary', () => {
    const made = circuit(2, (q) =>
      q.linear(
        [
          [1, 0],
          [0, 0.5],
        ],
        [1],
      ),
    );
    const { elements, filters } = lower(made, false);
    const { obstacles } = new Passages(2, filters).of(elements[0]!);
    expect(obstacles).toEqual([
      { x: 1, z: 0 },
      { x: 0, z: 1 },
    ]);
  });
});

describe('parity', () => {
  it('says whether an odd number of bits is set', () => {
    for (const bits of [0, 1, 3, 7, 2 ** 25, 2 ** 25 + 1, 0x3ffffff, 0x1234567])
      expect(parity(bits)).toBe([...bits.toString(2)].filter((b) => b === '1').length % 2);
  });
});
