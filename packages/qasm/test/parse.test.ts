import { circuit, weight } from '@ketwork/circuit';
import type { Op } from '@ketwork/circuit';
import { describe, expect, it } from 'vitest';
import { QasmError, parseQasm } from '../src/index.ts';
import type { ParseQasmOptions } from '../src/index.ts';
import { distribution, run } from './simulate.ts';

const V2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n';
const V3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n';

const two = (body: string): readonly Op[] => parseQasm(V2 + body).circuit.ops;
const three = (body: string, options?: ParseQasmOptions): readonly Op[] =>
  parseQasm(V3 + body, options).circuit.ops;

/** The fault of a program. */
function fault(text: string, options?: ParseQasmOptions): QasmError {
  try {
    parseQasm(text, options);
  } catch (error) {
    if (error instanceof QasmError) return error;
    throw error;
  }
  throw new Error('the program has no fault');
}

describe('OpenQASM 2', () => {
  it('reads registers, gates and measurements', () => {
    const program = parseQasm(
      `${V2}qreg a[1]; qreg b[2]; creg c[2]; h a; cx a[0], b; measure b -> c;`,
    );
    const same = circuit(3, (q) => q.h(0).cnot(0, 1).cnot(0, 2).measure(1, 0).measure(2, 1));
    expect(program.circuit).toEqual(same);
    expect(program.version).toBe(2);
    expect(program.qubits).toEqual([
      { name: 'a', indices: [0] },
      { name: 'b', indices: [1, 2] },
    ]);
    expect(program.bits).toEqual([{ name: 'c', indices: [0, 1] }]);
  });

  it('divides like real numbers and knows powers and functions', () => {
    const angles = two(
      'qreg q[1]; u3(1/2, -pi^2, 2^3^0.5) q[0]; u2(sin(pi/6)+ln(2), -(sqrt(4)*cos(0)-tan(1)/exp(1))) q[0];',
    ).flatMap((op) => (op.type === 'gate' ? op.angles : []));
    const want = [
      0.5,
      -(Math.PI ** 2),
      2 ** (3 ** 0.5),
      Math.sin(Math.PI / 6) + Math.LN2,
      -(2 - Math.tan(1) / Math.E),
    ];
    expect(angles).toEqual(want);
  });

  it('turns conditions into conditionals, first bit least significant', () => {
    expect(two('qreg q[1]; creg c[2]; if (c==2) x q[0]; if(c==7) x q[0];')).toEqual(
      circuit(1, (q) => q.if({ bits: [0, 1], value: 2 }, (r) => r.x(0))).ops,
    );
  });

  it('expands gates of the program', () => {
    const ops = two(
      'gate a(t) x, y { rx(t/2) x; cx x, y; barrier x; } gate b(s) x, y { a(2*s) y, x; } qreg q[2]; b(0.3) q[0], q[1];',
    );
    expect(ops).toEqual(circuit(2, (q) => q.rx(0.3, 1).cnot(1, 0)).ops);
  });

  it('knows gates of the table under their definitions', () => {
    const ops = two(
      'gate ryy(t) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(t) b; cx a, b; rx(-pi/2) a; rx(-pi/2) b; } gate iswap a, b { s a; s b; h a; cx a, b; cx b, a; h b; } qreg q[2]; ryy(0.3) q[0], q[1]; iswap q[1], q[0];',
    );
    expect(ops).toEqual(circuit(2, (q) => q.ryy(0.3, 0, 1).iswap(1, 0)).ops);
  });

  it('believes a program that defines a known name otherwise', () => {
    expect(two('gate rzz(t) a, b { cx a, b; } qreg q[2]; rzz(0.3) q[0], q[1];')).toEqual(
      circuit(2, (q) => q.cnot(0, 1)).ops,
    );
  });

  it('refuses opaque gates where they are called', () => {
    expect(two('opaque magic(a) x, y; qreg q[2]; h q[0];')).toHaveLength(1);
    expect(fault(`${V2}opaque magic(a) x, y; qreg q[2]; magic(1) q[0], q[1];`).message).toContain(
      'opaque',
    );
  });

  it('has only U and CX without the include', () => {
    expect(
      parseQasm('OPENQASM 2.0; qreg q[2]; U(0.1,0.2,0.3) q[0]; CX q[0],q[1];').circuit,
    ).toEqual(circuit(2, (q) => q.u3(0.1, 0.2, 0.3, 0).cnot(0, 1)));
    expect(fault('OPENQASM 2.0; qreg q[2]; h q[0];').remedy).toContain('include "qelib1.inc"');
  });
});

describe('OpenQASM 3', () => {
  it('has real and integer division, and arithmetic of widths', () => {
    const ops = three(
      'qubit q; const int a = 7 / 2; const uint[4] b = 9 + 8; const int[4] d = 9; const float f = 7 / 2.0; rx(a) q; rx(b) q; rx(d) q; rx(f) q; rx(-7 % 3) q; rx(1 << 3 | 5 & 4 ^ 1) q; rx(2 ** 3 ** 2) q; rx(-2 ** 2) q; rx(int(3.9)) q; rx(popcount("1011")) q; rx(mod(-7, 3)) q; rx(~uint[3](2)) q;',
    );
    expect(ops.flatMap((op) => (op.type === 'gate' ? op.angles : []))).toEqual([
      3, 1, -7, 3.5, -1, 13, 512, -4, 3, 3, 2, 5,
    ]);
  });

  it('writes out loops over ranges, sets, arrays and registers', () => {
    const ops = three(
      'qubit[5] q; for int i in [4:-2:0] x q[i]; for uint i in {1, 3} { if (i == 3) continue; y q[i]; } array[float, 2] ts = {0.1, 0.2}; for float v in ts rz(v) q[0]; int n = 0; while (n < 9) { n += 2; if (n == 6) break; z q[n - 2]; }',
    );
    const same = circuit(5, (q) => q.x(4).x(2).x(0).y(1).rz(0.1, 0).rz(0.2, 0).z(0).z(2));
    expect(ops).toEqual(same.ops);
  });

  it('makes slots of inputs, and expressions of them', () => {
    const { circuit: made } = parseQasm(
      `${V3}input angle a; input array[float, 2] w; qubit q; rx(2*a - pi/2) q; ry(sin(w[0]) * w[-1]) q; rz(-a / 4) q;`,
    );
    const w = weight('w', [2]);
    const a = weight('a');
    expect(made.slots.map(({ name, shape, axis }) => [name, shape, axis])).toEqual([
      ['a', [], 'shared'],
      ['w', [2], 'shared'],
    ]);
    expect(made.ops).toEqual([
      {
        type: 'gate',
        gate: 'RX',
        qubits: [0],
        angles: [
          a
            .at()
            .times(2)
            .plus(-Math.PI / 2).data,
        ],
        controls: [],
      },
      {
        type: 'gate',
        gate: 'RY',
        qubits: [0],
        angles: [{ mul: [{ fn: 'sin', of: w.at(0).data }, w.at(1).data] }],
        controls: [],
      },
      {
        type: 'gate',
        gate: 'RZ',
        qubits: [0],
        angles: [{ mul: [-0.25, a.at().data] }],
        controls: [],
      },
    ]);
  });

  it('takes values for inputs and puts others on the batch axis', () => {
    const text = `${V3}input int n; input float a; qubit[3] q; for int i in [0:n-1] rx(a) q[i];`;
    const { circuit: made } = parseQasm(text, { inputs: { n: 2 }, batch: ['a'] });
    expect(made.ops).toHaveLength(2);
    expect(made.slots.map(({ axis }) => axis)).toEqual(['batch']);
    expect(fault(text).message).toContain("input 'n'");
    expect(fault(text, { inputs: { n: 1, m: 2 } }).message).toContain("no input 'm'");
  });

  it('keeps the global phase of U where controls see it', () => {
    expect(three('qubit[2] q; U(0.4, 0.5, 0.6) q[0]; U(0.2, 0, 0) q[0];')).toEqual(
      circuit(2, (q) =>
        q
          .u3(0.4, 0.5, 0.6, 0)
          .u3(0.2, 0, 0, 0)
          .gphase(0.2 + 0.1),
      ).ops,
    );
    expect(three('qubit[2] q; ctrl @ U(0.4, 0.5, 0.6) q[0], q[1];')).toEqual(
      circuit(2, (q) => q.control([0], (r) => r.u3(0.4, 0.5, 0.6, 1)).p(0.2, 0)).ops,
    );
  });

  it('applies modifiers from the gate outwards, controls first', () => {
    expect(
      three(
        'qubit[4] q; negctrl @ ctrl(2) @ x q[3], q[2], q[1], q[0]; inv @ s q[0]; pow(3) @ inv @ t q[1]; ctrl @ inv @ rx(0.1) q[2], q[3];',
      ),
    ).toEqual(
      circuit(4, (q) =>
        q
          .control([{ qubit: 3, value: 0 }, 2, 1], (r) => r.x(0))
          .sdg(0)
          .tdg(1)
          .tdg(1)
          .tdg(1)
          .control([2], (r) => r.rx(-0.1, 3)),
      ).ops,
    );
  });

  it('follows measured bits through expressions', () => {
    const none = { bits: [0], value: 0 };
    const ops = three(
      'qubit[3] q; bit[2] c = measure q[0:1]; bool odd = c[0] ^ c[1]; if (odd) x q[2]; else z q[2];',
    );
    expect(ops.slice(2)).toEqual(
      circuit(3, (q) =>
        q.if(
          1,
          (r) =>
            r.if(
              none,
              (s) => s.x(2),
              (s) => s.z(2),
            ),
          (r) =>
            r.if(
              0,
              (s) => s.x(2),
              (s) => s.z(2),
            ),
        ),
      ).ops,
    );
  });

  it('merges what branches assign', () => {
    const ops = three(
      'qubit[2] q; bit c = measure q[0]; int n = 0; if (c) { n = 2; } rx(n * 0.5) q[1];',
    );
    expect(ops.slice(1)).toEqual(
      circuit(2, (q) =>
        q.if(
          0,
          (r) => r.rx(1, 1),
          (r) => r.rx(0, 1),
        ),
      ).ops,
    );
  });

  it('decides like the program, whatever the bits are', () => {
    // Every outcome of three bits is equally likely; the branch taken flips the last qubit.
    const truths: readonly (readonly [string, (c: number) => boolean])[] = [
      ['c > 4', (c) => c > 4],
      ['c <= 2', (c) => c <= 2],
      ['c != 3', (c) => c !== 3],
      ['c[0] && (c[1] || !c[2])', (c) => (c & 1) === 1 && ((c & 2) === 2 || (c & 4) === 0)],
      ['(c[0] ^ c[2]) == c[1]', (c) => ((c & 1) ^ (c >> 2)) === ((c >> 1) & 1)],
      ['popcount(c) == 2', (c) => [3, 5, 6].includes(c)],
      ['int(c) % 3 == 1', (c) => c % 3 === 1],
      ['c == "110"', (c) => c === 6],
      ['(c & "011") == 1', (c) => (c & 3) === 1],
      ['c << 1 == 4', (c) => ((c << 1) & 7) === 4],
      ['bool(c)', (c) => c !== 0],
      ['c[{0, 2}] == 2', (c) => (c & 1) === 0 && (c & 4) === 4],
    ];
    for (const [condition, truth] of truths) {
      const text = `qubit[4] q; bit[3] c; bit d; h q[0:2]; c = measure q[0:2]; if (${condition}) x q[3]; d = measure q[3];`;
      const got = distribution(run(parseQasm(V3 + text).circuit));
      for (let c = 0; c < 8; c++) {
        const key = `${c & 1}${(c >> 1) & 1}${c >> 2}${Number(truth(c))}`;
        expect(got[key], `${condition}, ${key}`).toBeCloseTo(1 / 8, 12);
      }
    }
  });

  it('switches over measured values', () => {
    const text =
      'qubit[3] q; bit[2] c; bit d; h q[0:1]; c = measure q[0:1]; switch (c) { case 0 { } case 1, 2 { x q[2]; } default { h q[2]; } } d = measure q[2];';
    const got = distribution(run(parseQasm(V3 + text).circuit));
    const wanted = { '000': 0.25, '101': 0.25, '011': 0.25, '110': 0.125, '111': 0.125 };
    expect(Object.keys(got).toSorted()).toEqual(Object.keys(wanted).toSorted());
    for (const [key, p] of Object.entries(wanted)) expect(got[key]).toBeCloseTo(p, 12);
  });

  it('takes principal powers', () => {
    const powers = ['x', 'y', 'h', 'sx', 'z', 't', 'inv @ s'];
    for (const name of powers) {
      const body = `qubit[2] q; u2(0.3, 0.4) q[1]; h q[0]; `;
      const once = run(parseQasm(`${V3}${body}ctrl @ ${name} q[0], q[1];`).circuit)[0].state;
      const half = `ctrl @ pow(0.5) @ ${name} q[0], q[1];`;
      const twice = run(parseQasm(`${V3}${body}${half}${half}`).circuit)[0].state;
      once.forEach((x, i) => expect(twice[i], name).toBeCloseTo(x, 12));
    }
    expect(three('qubit q; pow(0.5) @ z q; pow(0.25) @ rx(0.8) q;')).toEqual(
      circuit(1, (q) => q.p(Math.PI / 2, 0).rx(0.2, 0)).ops,
    );
    const root = three('qubit[2] q; pow(0.5) @ swap q[0], q[1]; pow(1.5) @ swap q[0], q[1];');
    expect(root.map(({ type }) => type)).toEqual(['matrix', 'matrix']);
  });

  it('bounds loops on measured bits', () => {
    const ops = three('qubit q; bit c; while (!c) { h q; c = measure q; }', {
      limits: { rounds: 7 },
    });
    expect(ops).toEqual(
      circuit(1, (q) => q.while({ bits: [0], value: 0 }, 7, (r) => r.h(0).measure(0, 0))).ops,
    );
  });

  it('runs subroutines in place', () => {
    const program = parseQasm(
      `${V3}const float a = 0.5; def prepare(qubit[2] r, float t) { ry(t * a) r[0]; cx r[0], r[1]; } def look(qubit r) -> bit { h r; return measure r; } qubit[3] q; prepare(q[1:2], 0.4); bit b = look(q[0]); if (b) x q[1];`,
    );
    expect(program.circuit.ops).toEqual(
      circuit(3, (q) =>
        q
          .ry(0.2, 1)
          .cnot(1, 2)
          .h(0)
          .measure(0, 0)
          .if(0, (r) => r.x(1)),
      ).ops,
    );
    expect(program.bits).toEqual([{ name: 'b', indices: [0] }]);
  });

  it('reads aliases, slices and concatenations', () => {
    expect(
      three(
        'qubit[4] q; qubit[2] r; let a = q[{3, 1}] ++ r; let b = a[1:]; x b[0]; cx q[0:2:3], r; h a[-1];',
      ),
    ).toEqual(circuit(6, (q) => q.x(1).cnot(0, 4).cnot(2, 5).h(5)).ops);
  });

  it('says what the circuit does not show', () => {
    const { notices } = parseQasm(
      `#pragma ketwork test\n${V3}qubit q; @hint\nh q; delay[100ns] q; box { x q; }`.replace(
        '#pragma ketwork test\nOPENQASM 3.0;',
        'OPENQASM 3.0;\n#pragma ketwork test',
      ),
    );
    expect(notices.join('\n')).toMatch(/pragma[\s\S]*annotation[\s\S]*delay/);
  });
});

describe('faults', () => {
  const cases: readonly (readonly [string, number, number, RegExp])[] = [
    ['OPENQASM 4.0;', 1, 10, /OpenQASM 4.0 is unknown/],
    [`${V3}qubit q\nh q;`, 3, 7, /';' is missing before 'h'/],
    [`${V3}qubit q;\nhh q;`, 4, 1, /unknown gate 'hh' \(did you mean 'h'\?\)/],
    [`${V3}qubit[2] q;\ncx q[0], q[2];`, 4, 12, /index 2 is out of range/],
    [`${V3}qubit[2] q;\ncx q[0], q[0];`, 4, 10, /acts twice/],
    [`${V3}qubit[2] q;\nrx q[0];`, 4, 1, /got 0 angles. It takes 1/],
    [`${V3}qubit[2] q;\n  h qq[0];`, 4, 5, /unknown name 'qq' \(did you mean 'q'\?\)/],
    [`${V3}qubit[2] q; qubit[3] r;\ncx q, r;`, 4, 7, /registers of 2 and 3 qubits/],
    [
      `${V3}qubit q; bit c = measure q; int n = c; array[int, 2] a = {1, 2};\nrx(a[n]) q;`,
      4,
      6,
      /not known when the program is read/,
    ],
    [
      `${V3}qubit q; bit c = measure q; bool d = !c; c = measure q;\nif (d) x q;`,
      4,
      1,
      /measured into again/,
    ],
    [
      `${V3}qubit q; for int i in [0:9] { bit c = measure q; if (c) break; }`,
      3,
      57,
      /depends on a measured bit/,
    ],
    [`${V3}qubit q; rx(1/0) q;`, 3, 14, /division by zero/],
    [`${V3}qubit q; rx("2") q;`, 3, 13, /a string is not a value/],
    [`${V2}qreg q[1]; creg c[1]; if (c[0] == 1) x q[0];`, 3, 27, /compares a register/],
    [`${V2}qreg q[1]; creg c[1]; if (c == 1) if (c == 1) x q[0];`, 3, 35, /stands before a gate/],
    ['include "other.inc";', 1, 1, /cannot be included/],
    ['', 1, 1, /no qubits/],
    ['qubit q; /* open', 1, 10, /a comment has no end/],
    [`${V3}def f(qubit a) { f(a); } qubit q; f(q);`, 3, 18, /more than 100 deep/],
    ['qubit q; while (true) {}', 1, 10, /more than 5000000 steps/],
    ['qubit[1000000] q;', 1, 7, /more than 65536 qubits/],
    ['('.repeat(300), 1, 1, /statement/],
    [`qubit q; float f = ${'('.repeat(300)}1;`, 1, 120, /nested more than 100 deep/],
  ];
  for (const [text, line, column, what] of cases) {
    it(`are placed: ${what.source}`, () => {
      const error = fault(text);
      expect(error.message).toMatch(what);
      expect([error.line, error.column]).toEqual([line, column]);
      expect(error.excerpt).toContain('^');
      expect(error.code).toBe('FORMAT');
    });
  }

  it('show the line and mark what is wrong', () => {
    expect(fault(`${V3}qubit q;\n\thh q;`).message).toBe(
      "line 4, column 2: unknown gate 'hh' (did you mean 'h'?). Define it with gate, or use another one\n" +
        '  4 | \thh q;\n    | \t^^',
    );
  });
});
