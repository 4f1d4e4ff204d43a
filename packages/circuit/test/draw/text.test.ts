import { describe, expect, it } from 'vitest';
import { circuit, draw, input, weight } from '../../src/index.ts';
import { everything } from './sample.ts';

describe('draw', () => {
  it('draws a Bell pair with its measurement', () => {
    const bell = circuit(2, (q) => q.h(0).cnot(0, 1).measure(0, 0).measure(1, 1));
    expect(`\n${draw(bell)}\n`).toMatchInlineSnapshot(`
      "
           ┌───┐     ┌─┐
       q0: ┤ H ├──■──┤M├───
           └───┘┌─┴─┐└╥┘┌─┐
       q1: ─────┤ X ├─╫─┤M├
                └───┘ ║ └╥┘
      c: 2/═══════════╩══╩═
                      0  1
      "
    `);
  });

  it('draws layers of a variational circuit', () => {
    const ansatz = circuit(3, (q) =>
      q.angleEmbedding(input('x', [3])).stronglyEntanglingLayers(weight('w', [2, 3, 3])),
    );
    expect(`\n${draw(ansatz)}\n`).toMatchInlineSnapshot(`
      "
          ┌──────────┐┌───────────────┐          ┌───┐┌───────────────┐     ┌───┐
      q0: ┤ RX(x[0]) ├┤ Rot(w[0,0,:]) ├──■───────┤ X ├┤ Rot(w[1,0,:]) ├──■──┤ X ├─────
          ├──────────┤├───────────────┤┌─┴─┐     └─┬─┘├───────────────┤  │  └─┬─┘┌───┐
      q1: ┤ RX(x[1]) ├┤ Rot(w[0,1,:]) ├┤ X ├──■────┼──┤ Rot(w[1,1,:]) ├──┼────■──┤ X ├
          ├──────────┤├───────────────┤└───┘┌─┴─┐  │  ├───────────────┤┌─┴─┐     └─┬─┘
      q2: ┤ RX(x[2]) ├┤ Rot(w[0,2,:]) ├─────┤ X ├──■──┤ Rot(w[1,2,:]) ├┤ X ├───────■──
          └──────────┘└───────────────┘     └───┘     └───────────────┘└───┘
      "
    `);
  });

  it('draws every kind of operation, folded to the width', () => {
    const text = draw(everything());
    expect(`\n${text}\n`).toMatchInlineSnapshot(`
      "
            ┌───┐                    ┌──────────┐ ┌─────────────────┐   ┌───┐            ░ ┌───────────┐»
       q0: ─┤ H ├──────────■─────────┤ RX(x[0]) ├─┤0                ├───┤ X ├─────■───X──░─┤X          ├»
            └───┘        ┌─┴─┐      ┌┴──────────┴┐│                 │   └─┬─┘     │   │  ░ │           │»
       q1: ──────────────┤ X ├──────┤ RX(2·x[1]) ├┤  RZZ(x[0]·x[1]) ├─X───┼───■───┼───■──░─┤Y          ├»
           ┌──────┐┌─────┴───┴─────┐└────────────┘│                 │ │   │   │ ┌─┴─┐ │  ░ │  R(0.123) │»
       q2: ┤0     ├┤ Rot(w[0,0,:]) ├──────────────┤1                ├─┼───┼───■─┤ X ├─X──░─┤           ├»
           │  |a⟩ │└───────────────┘              └─────────────────┘ │   │     └─┬─┘    ░ │           │»
       q3: ┤1     ├───────────────────────────────────────────────────X───■───────■──────░─┤Z          ├»
           └──────┘                                                                      ░ └───────────┘»
      c: 2/═════════════════════════════════════════════════════════════════════════════════════════════»
      «                ┌─────────────┐                 ┌─────────────────────┐┌───────────────┐»
      « q0: ─────○─────┤0            ├─────────────────┤0                    ├┤0              ├»
      «          │     │             │      ┌─────────┐│  exp(-i·w[1,0,0]·h) ││  exp(i·0.5·H) │»
      « q1: ─────┼─────┤○            ├──────┤1        ├┤1                    ├┤1              ├»
      «     ┌────┴────┐│  MultiRZ(1) │┌────┐│  oracle │└─────────────────────┘└───────────────┘»
      « q2: ┤ RY(π/2) ├┤             ├┤ S† ├┤0        ├───────────■────────────────────────────»
      «     └────┬────┘│             │└────┘└─────────┘       ┌───┴────┐                       »
      « q3: ─────■─────┤1            ├────────────────────────┤ P(π/4) ├───────────────────────»
      «                └─────────────┘                        └────────┘                       »
      «c: 2/═══════════════════════════════════════════════════════════════════════════════════»
      «     ┌────────────────────┐┌─┐
      « q0: ┤ depolarizing(0.01) ├┤M├────────────────────|0⟩──────────────────────────
      «     └────────────────────┘└╥┘     ┌───┐  ┌────┐ ┌───┐     ┌──────┐     ┌─────┐
      « q1: ───────────────────────╫──────┤ X ├──┤    ├─┤ H ├──■──┤      ├─────┤     ├
      «                            ║ ┌───┐└─╥─┘  │ If │ └───┘┌─┴─┐│ Else │┌───┐│ End │
      « q2: ───────────────────────╫─┤M=1├──╫────┤    ├──────┤ X ├┤      ├┤ X ├┤     ├
      «                            ║ └─╥─┘  ║    └─╥──┘      └───┘└──────┘└───┘└─────┘
      « q3: ───────────────────────╫───╫────╫──────╫─────|0⟩──────────────────────────
      «                            ║   ║    ║      ║
      «c: 2/═══════════════════════╩═══╩════╩══════╩══════════════════════════════════
      «                            0   1   c0=1 c[0,1]=2
      "
    `);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('draws loops and nested conditionals', () => {
    const loop = circuit(2, (q) =>
      q.measure(0, 0).while(0, 5, (body) =>
        body
          .h(0)
          .measure(0, 0)
          .if(0, (then) => then.x(0).cnot(0, 1)),
      ),
    );
    expect(`\n${draw(loop)}\n`).toMatchInlineSnapshot(`
      "
           ┌─┐┌──────────┐┌───┐┌─┐┌────┐┌───┐     ┌─────┐┌─────┐
       q0: ┤M├┤          ├┤ H ├┤M├┤    ├┤ X ├──■──┤     ├┤     ├
           └╥┘│ While ≤5 │└───┘└╥┘│ If │└───┘┌─┴─┐│ End ││ End │
       q1: ─╫─┤          ├──────╫─┤    ├─────┤ X ├┤     ├┤     ├
            ║ └────╥─────┘      ║ └─╥──┘     └───┘└─────┘└─────┘
      c: 1/═╩══════╩════════════╩═══╩═══════════════════════════
            0     c0=1          0  c0=1
      "
    `);
  });

  it('aligns the names of ten wires and more', () => {
    const lines = draw(circuit(11, (q) => q.cnot(9, 10))).split('\n');
    expect(lines.at(-4)).toBe(' q9: ──■──');
    expect(lines.at(-2)).toBe('q10: ┤ X ├');
  });

  it('draws an empty circuit', () => {
    expect(draw(circuit(2, () => {}))).toBe('q0:\n\nq1:');
  });

  it('folds without changing what the wires show', () => {
    const data = everything();
    const wire = (text: string, name: string): string =>
      text
        .split('\n')
        .map((line) => line.replace(/^«/, '').replace(/»$/, ''))
        .filter((line) => line.trimStart().startsWith(name))
        .map((line) => line.slice(5))
        .join('');
    const whole = draw(data, { width: 0 });
    expect(whole.split('\n').length).toBe(11);
    for (const width of [30, 60, 100, 150]) {
      const folded = draw(data, { width });
      expect(Math.max(...folded.split('\n').map((line) => line.length))).toBeLessThanOrEqual(
        Math.max(width, 34),
      );
      for (const name of ['q0', 'q1', 'q2', 'q3', 'c:'])
        expect(wire(folded, name)).toBe(wire(whole, name));
    }
    expect(draw(data, { width: Number.POSITIVE_INFINITY })).toBe(whole);
  });

  it('gives all lines of one page the same length before trailing blanks go', () => {
    const lines = draw(circuit(3, (q) => q.h(0).toffoli(0, 1, 2).rz(1, 1))).split('\n');
    const wires = lines.filter((line) => line.startsWith('q'));
    expect(new Set(wires.map((line) => line.length)).size).toBe(1);
  });
});
