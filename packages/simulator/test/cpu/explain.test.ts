import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';

const engine = await cpu();

describe('an explanation', () => {
  it('counts the arithmetic of each kind of element', () => {
    const flops = (gate: 'none' | 'cp' | 'cnot'): unknown =>
      engine
        .compile(
          circuit(2, { x: input([1]) }, (q, { x }) => {
            // Keeps later elements from being dropped or folded: its angle differs by example.
            q.rx(x.at(0), 0);
            if (gate === 'cp') q.cp(0.3, 0, 1);
            if (gate === 'cnot') q.cnot(0, 1);
            q.h(0).h(1);
          }),
          expval(Z(0), Z(1)),
        )
        .explain().details['flops'];
    const without = flops('none') as number;
    // A phase on one amplitude of four; flips only rename.
    expect(flops('cp')).toBe(without + 6);
    expect(flops('cnot')).toBe(without);
  });

  it('tells what every pass and stage does', () => {
    const layered = circuit(16, { w: weight([2, 16]) }, (q, { w }) => {
      for (let l = 0; l < 2; l++) {
        for (let i = 0; i < 16; i++) q.rx(w.at(l, i), i);
        for (let i = 0; i < 16; i++) q.cnot(i, (i + 1) % 16);
      }
    });
    const { text, details, passes, stages } = engine.compile(layered, expval(Z(0))).explain();
    expect(text).toContain('stages');
    expect(passes?.map(({ name }) => name)).toContain('light cone');
    // The second ring of CNOTs is absorbed into the read-out.
    const absorb = passes?.find(({ name }) => name === 'absorb flips');
    expect(absorb!.before - absorb!.after).toBe(16);
    expect(stages!.length).toBe(details['stages']);
    expect(stages!.every(({ qubits }) => qubits.length === 13 && qubits.includes(15))).toBe(true);
    const sum = (of: (stage: NonNullable<typeof stages>[number]) => number): number =>
      stages!.reduce((total, stage) => total + of(stage), 0);
    expect(sum((stage) => stage.flops)).toBe(details['flops']);
    expect(sum((stage) => stage.elements)).toBe(details['elements']);
    // The first ring renames amplitudes; rotations without cosines take four operations per amplitude each.
    const rotations = (details['elements'] as number) - 16;
    expect(details['flops']).toBe(4 * rotations * 2 ** 16);
  });
});
